"""Make an orders table with its stream, and a bucket for ledgers, for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from botocore.config import Config
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.generate.ledger import RunLedger
from sales_cdc.generate.run import GenerateRun
from sales_cdc.generate.transactional_table import CLIENT_CONFIG, OrdersTable
from sales_cdc.generate.workload import Workload

from tests.conftest import KEYS, Cloud

Event = tuple[str, str]


@dataclass(frozen=True)
class Shop:
    """Hold an orders table with its stream, and the bucket of its ledgers."""

    cloud: Cloud
    prefix: str

    def open(self, *, with_stream: bool = True) -> None:
        """Create both; without a stream, call ``switch_on`` later."""
        dynamodb, s3 = self.cloud.client("dynamodb"), self.cloud.client("s3")
        dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        if with_stream:
            self.switch_on()
        s3.create_bucket(Bucket=self.bucket)

    def switch_on(self) -> None:
        self.cloud.client("dynamodb").update_table(
            TableName=self.table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        )

    def close(self) -> None:
        self.cloud.client("dynamodb").delete_table(TableName=self.table)

    @property
    def table(self) -> str:
        return f"{self.prefix}-orders"

    @property
    def bucket(self) -> str:
        return f"{self.prefix}-000000000000-us-east-1"

    def run(self, run_id: str, dynamodb: Any = None) -> GenerateRun:
        ledger = RunLedger(self.cloud.client("s3"), self.bucket, run_id, lambda: datetime.now(UTC).isoformat())
        return GenerateRun(OrdersTable(dynamodb or self.dynamodb(), self.table), ledger, lambda _: None)

    def dynamodb(self) -> Any:
        return boto3.client("dynamodb", endpoint_url=self.cloud.endpoint, config=Config(**CLIENT_CONFIG), **KEYS)

    def generate(self, run_id: str, workload: Workload) -> dict[str, Any]:
        run = self.run(run_id)
        run.plan(workload)
        for event_type in EVENT_TYPES:
            run.write(event_type)
        return run.record()

    def orders(self) -> dict[str, dict[str, Any]]:
        items = boto3.resource("dynamodb", endpoint_url=self.cloud.endpoint, **KEYS).Table(self.table).scan()["Items"]
        return {item.pop("orderid"): item for item in items}

    def put(self, order_id: str, **attributes: Any) -> None:
        boto3.resource("dynamodb", endpoint_url=self.cloud.endpoint, **KEYS).Table(self.table).put_item(
            Item={"orderid": order_id, **attributes}
        )

    def delete(self, order_id: str) -> None:
        self.dynamodb().delete_item(TableName=self.table, Key={"orderid": {"S": order_id}})

    def stream(self) -> list[Event]:
        """Return every (order, event type) in the table's stream, each order's in sequence."""
        return [(record["dynamodb"]["Keys"]["orderid"]["S"], record["eventName"]) for record in self.records()]

    def records(self) -> list[dict[str, Any]]:
        """Return every record in the table's stream, each order's in sequence."""
        streams = self.cloud.client("dynamodbstreams")
        arn = self.cloud.client("dynamodb").describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
        found: list[dict[str, Any]] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while records := (page := streams.get_records(ShardIterator=iterator))["Records"]:
                found += records
                iterator = page["NextShardIterator"]
        return found

    def lines(self, run_id: str, name: str) -> list[dict[str, Any]]:
        body = (
            self.cloud.client("s3")
            .get_object(Bucket=self.bucket, Key=f"ledger/generate/{run_id}/{name}")["Body"]
            .read()
        )
        return [json.loads(line, parse_float=Decimal) for line in body.splitlines()]

    def ledger(self, *run_ids: str) -> list[Event]:
        lines = [line for run_id in run_ids for line in self.lines(run_id, "written.jsonl")]
        return [(line["orderID"], line["event_type"]) for line in lines]
