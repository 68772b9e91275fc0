"""Compare a drill's orders in DynamoDB and in Athena without the project's code, which is on trial."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import boto3
from command_log import StepFailedError
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings

VALUES = ("product_name", "quantity", "price", "order_status", "customer")
POLL_SECONDS = 0.2
RUNNING = {"QUEUED", "RUNNING"}


class Oracle:
    """Reads a drill's orders from DynamoDB and from Athena with boto3 alone."""

    def __init__(self, settings: Settings, name: str) -> None:
        endpoint_guard.install(settings)
        where = {"region_name": settings.region, "endpoint_url": settings.local_endpoint}
        self._prefix, self._table = settings.prefix, f"{settings.prefix}-orders"
        self._s3, self._dynamodb = boto3.client("s3", **where), boto3.client("dynamodb", **where)
        self._athena = boto3.client("athena", **where)
        account = boto3.client("sts", **where).get_caller_identity()["Account"]
        self.bucket = f"{settings.prefix}-{account}-{settings.region}"
        self._name = name

    def document(self, key: str) -> dict[str, Any] | None:
        """Return a JSON object of the bucket; None when there is none."""
        try:
            return dict(json.loads(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))
        except self._s3.exceptions.NoSuchKey:
            return None

    def hashes(self) -> tuple[str, str]:
        """Return the SHA-256 of the drill's live orders in DynamoDB, and the same of those in Athena."""
        body = self._s3.get_object(Bucket=self.bucket, Key=f"ledger/generate/{self._name}/written.jsonl")["Body"]
        own = {json.loads(line)["orderID"] for line in body.iter_lines()}
        return _hash(self._items(own)), _hash(row for row in self._shown() if row[0] in own)

    def _shown(self) -> Iterator[list[str]]:
        """Return the live orders in Athena, from the query's CSV, which takes a single call."""
        columns = ", ".join(("orderid", *VALUES))
        asked = {"WorkGroup": self._prefix, "QueryExecutionContext": {"Database": self._prefix.replace("-", "_")}}
        query = self._athena.start_query_execution(
            QueryString=f"SELECT {columns} FROM orders_current WHERE NOT is_deleted", **asked  # noqa: S608 (names of ours)
        )["QueryExecutionId"]  # fmt: skip
        while (run := self._execution(query))["Status"]["State"] in RUNNING:
            time.sleep(POLL_SECONDS)
        if run["Status"]["State"] != "SUCCEEDED":
            raise StepFailedError(f"Could not query orders_current in Athena: {run['Status'].get('StateChangeReason')}")
        bucket, _, key = run["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        text = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        yield from list(csv.reader(io.StringIO(text)))[1:]

    def _execution(self, query: str) -> dict[str, Any]:
        execution: dict[str, Any] = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return execution

    def _items(self, own: set[str]) -> Iterator[list[str]]:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            for item in page["Items"]:
                if item["orderid"]["S"] in own:
                    yield [next(iter(item[name].values())) if name in item else "" for name in ("orderid", *VALUES)]


def _hash(rows: Iterable[list[str]]) -> str:
    """Return the SHA-256 of the rows, in any order, with numbers in one form."""
    lines = sorted(json.dumps([*row[:2], str(int(row[2])), f"{Decimal(row[3]):.2f}", *row[4:]]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
