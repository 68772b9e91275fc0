"""A bucket, a database and a role of a test's own for crawlers, through boto3."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

COMMA_PATH = "$.orderID,$.product_name,$.quantity,$.price,$.event_type,$.creation_time"
INHERIT = {"CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
EVENT = {
    "orderID": "o1", "product_name": "laptop", "quantity": 5, "price": 12.5, "event_type": "INSERT",
    "creation_time": "2026-11-22T10:00:00Z", "event_id": "e1", "sequence_number": "0" * 40, "actor": "user",
}  # fmt: skip


@dataclass(frozen=True)
class Lake:
    """A bucket, a database and a role of a test's own, with the clients to use them."""

    name: str
    bucket: str
    database: str
    role: str
    s3: Any
    glue: Any
    iam: Any
    logs: Any

    def put(self, key: str, *records: Any, body: bytes | None = None) -> None:
        lines = "".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=lines.encode() if body is None else body)

    def crawler(
        self, path: str = "raw/orders/", *, configuration: Any = None, target: Any = None, **settings: Any
    ) -> str:
        name = f"{self.name}-{uuid.uuid4().hex[:6]}"
        if configuration is not None:
            settings["Configuration"] = json.dumps({"Version": 1.0, **configuration})
        settings.setdefault("Targets", {"S3Targets": [{"Path": f"s3://{self.bucket}/{path}", **(target or {})}]})
        self.glue.create_crawler(Name=name, Role=self.role, DatabaseName=self.database, **settings)
        return name

    def crawl(self, name: str) -> Any:
        """Run the crawler to its end; its ``LastCrawl``."""
        self.glue.start_crawler(Name=name)
        return self.wait(name)["LastCrawl"]

    def wait(self, name: str) -> Any:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            crawler = self.glue.get_crawler(Name=name)["Crawler"]
            if crawler["State"] == "READY":
                return crawler
            time.sleep(0.1)
        raise AssertionError(f"crawler {name} did not end")

    def crawled(self, *arguments: Any, **settings: Any) -> str:
        """A new crawler that has succeeded once."""
        name = self.crawler(*arguments, **settings)
        last = self.crawl(name)
        assert last["Status"] == "SUCCEEDED", last
        return name

    def tables(self) -> dict[str, Any]:
        return {table["Name"]: table for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def columns(self, table: str) -> dict[str, str]:
        found = self.glue.get_table(DatabaseName=self.database, Name=table)["Table"]
        return {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}

    def partitions(self, table: str) -> dict[tuple[str, ...], Any]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=table)["Partitions"]
        return {tuple(partition["Values"]): partition for partition in found}


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])
