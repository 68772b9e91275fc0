"""Measure the generator beside a loop of one item a call, at the same endpoint, in interleaved rounds.

The loop is what a script with boto3 usually does: put, update and delete one order at a time, with boto3's defaults. The
generator's side includes all it does while writing: reading its plan, conditions, tokens, and keeping its ledger on S3.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

import boto3
from botocore.config import Config
from sales_cdc.contract.change_contract import EVENT_TYPES, EventType
from sales_cdc.generate.ledger import RunLedger
from sales_cdc.generate.run import GenerateRun
from sales_cdc.generate.transactional_table import CLIENT_CONFIG, OrdersTable, wire
from sales_cdc.generate.workload import Change, Workload, plan_changes

ROUNDS = 3
GENERATED = 2_000
LOOPED = 300
KINDS: dict[EventType, str] = {"INSERT": "inserts", "MODIFY": "updates", "REMOVE": "deletes"}
Rates = dict[str, float]


class Bench:
    """A table with a stream, and a bucket, at one endpoint; both are deleted at the end."""

    def __init__(self, endpoint: str) -> None:
        self.name = f"bench-{uuid.uuid4().hex[:8]}"
        self._place = {"endpoint_url": endpoint, "region_name": os.environ.get("AWS_REGION", "us-east-1")}
        self.s3 = self.client("s3")
        self.dynamodb = self.client("dynamodb")

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(service, **self._place, config=Config(**config))

    def __enter__(self) -> Bench:
        self.dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self.s3.create_bucket(Bucket=self.name)
        return self

    def __exit__(self, *_: object) -> None:
        self.dynamodb.delete_table(TableName=self.name)
        for found in self.s3.list_objects_v2(Bucket=self.name).get("Contents", []):
            self.s3.delete_object(Bucket=self.name, Key=found["Key"])
        self.s3.delete_bucket(Bucket=self.name)

    def generated(self, workload: Workload) -> Rates:
        """Return the generator's changes a second of each event type, and of all together (``mixed``)."""
        table = OrdersTable(self.client("dynamodb", **CLIENT_CONFIG), self.name)
        ledger = RunLedger(self.s3, self.name, uuid.uuid4().hex, lambda: datetime.now(UTC).isoformat())
        run = GenerateRun(table, ledger, lambda _: None)
        run.plan(workload)
        return rates({kind: (workload.counts[kind], partial(run.write, kind)) for kind in EVENT_TYPES})

    def looped(self, workload: Workload) -> Rates:
        """Return the same figures for a loop that makes one call a change."""
        changes = list(plan_changes(workload, {}))
        return rates({kind: (workload.counts[kind], partial(self.loop, of(changes, kind))) for kind in EVENT_TYPES})

    def loop(self, changes: Iterable[Change]) -> None:
        for change in changes:
            key = {"orderid": {"S": change.order_id}}
            values = {name: wire(value) for name, value in change.set.items()}
            if change.event_type == "INSERT":
                self.dynamodb.put_item(TableName=self.name, Item=key | values)
            elif change.event_type == "MODIFY":
                self.dynamodb.update_item(
                    TableName=self.name,
                    Key=key,
                    UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                    ExpressionAttributeNames={f"#{name}": name for name in values},
                    ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
                )
            else:
                self.dynamodb.delete_item(TableName=self.name, Key=key)


def of(changes: Sequence[Change], kind: EventType) -> list[Change]:
    return [change for change in changes if change.event_type == kind]


def rates(steps: dict[EventType, tuple[int, Callable[[], object]]]) -> Rates:
    """Return the changes a second of each step, and of all together."""
    found: Rates = {}
    began = time.perf_counter()
    for kind, (count, step) in steps.items():
        before = time.perf_counter()
        step()
        found[KINDS[kind]] = count / (time.perf_counter() - before)
    found["mixed"] = sum(count for count, _ in steps.values()) / (time.perf_counter() - began)
    return found


def measure(endpoint: str) -> dict[str, float]:
    """Return ``<kind>_per_second`` and ``<kind>_ratio`` (times the loop) for inserts, updates, deletes and the mix of the three.

    Each figure is the median over the rounds. Every round writes, changes and deletes the same number of orders.
    """
    generated: list[Rates] = []
    looped: list[Rates] = []
    with Bench(endpoint) as bench:
        for seed in range(ROUNDS):
            looped.append(bench.looped(Workload(seed, LOOPED, LOOPED, LOOPED)))
            generated.append(bench.generated(Workload(seed + ROUNDS, GENERATED, GENERATED, GENERATED)))
    figures: dict[str, float] = {}
    for kind in (*KINDS.values(), "mixed"):
        figures[f"{kind}_per_second"] = round(median(found[kind] for found in generated))
        figures[f"{kind}_ratio"] = round(
            median(fast[kind] / slow[kind] for fast, slow in zip(generated, looped, strict=True)), 2
        )
    return figures


def main() -> None:
    for name, value in measure(os.environ["SALES_CDC_LOCAL_ENDPOINT"]).items():
        print(f"{name:<22} {value:>10,.2f}")


if __name__ == "__main__":
    main()
