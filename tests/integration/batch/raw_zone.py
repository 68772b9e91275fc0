"""A deployment's raw zone and its table, for tests: objects put, crawled and verified as the batch does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sales_cdc.aws.athena import Athena
from sales_cdc.batch.operators.crawl import CrawlOperator
from sales_cdc.batch.operators.verify_raw_table import VerifyRawTableOperator
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.deployment import Deployment


def line(order_id: str, **further: Any) -> str:
    event = {
        "orderID": order_id, "product_name": "laptop", "quantity": 5, "price": 9.5, "event_type": "INSERT",
        "creation_time": "2026-01-01T00:00:00Z", "event_id": "e", "sequence_number": "1".zfill(40), "actor": "user",
    }  # fmt: skip
    return json.dumps({**event, **further})


@dataclass
class RawZone:
    """Hold the raw zone of a deployment, and its table."""

    deployed: Deployment

    @property
    def topology(self) -> Topology:
        return self.deployed.topology

    def put(self, key: str, *lines: str, body: bytes = b"") -> None:
        self.deployed.client("s3").put_object(
            Bucket=self.topology.bucket.name, Key=f"raw/orders/{key}", Body=body or "\n".join(lines).encode()
        )

    def empty(self) -> None:
        s3, bucket = self.deployed.client("s3"), self.topology.bucket.name
        for prefix in ("raw/", "ledger/batch/"):
            for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=found["Key"])
        for name in self.tables():
            self.deployed.client("glue").delete_table(DatabaseName=self.topology.database.name, Name=name)

    def crawl(self) -> dict[str, Any]:
        """Crawl, then verify, as the batch does; return what the second task returns."""
        return self.verify(self.only_crawl())

    def only_crawl(self, audit: str = "false") -> bool:
        """Crawl; return whether everything was crawled."""
        crawled = CrawlOperator(task_id="crawl", audit=audit, poll_interval=1, **self._table()).execute({})
        assert self.crawler()["LastCrawl"]["Status"] == "SUCCEEDED"
        return crawled

    def crawler(self) -> dict[str, Any]:
        found: dict[str, Any] = self.deployed.client("glue").get_crawler(Name=self.topology.crawler.name)["Crawler"]
        return found

    def _table(self) -> dict[str, str]:
        topology = self.topology
        return {
            "bucket": topology.bucket.name,
            "database": topology.database.name,
            "crawler_name": topology.crawler.name,
        }

    def verify(self, crawled_all: bool = False) -> dict[str, Any]:
        verify = VerifyRawTableOperator(task_id="verify", crawled_all=crawled_all, **self._table())
        found: dict[str, Any] = verify.execute({})
        return found

    def tables(self) -> dict[str, Any]:
        listed = self.deployed.client("glue").get_tables(DatabaseName=self.topology.database.name)["TableList"]
        return {table["Name"]: table for table in listed}

    def partitions(self) -> list[Any]:
        found: list[Any] = self.deployed.client("glue").get_partitions(
            DatabaseName=self.topology.database.name, TableName="raw_orders"
        )["Partitions"]
        return found

    def orders(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT orderid FROM raw_orders WHERE length(sequence_number) = 40")]

    def rows(self, sql: str) -> list[list[Any]]:
        topology = self.topology
        client = self.deployed.client("athena")
        athena = Athena(client, workgroup=topology.workgroup.name, database=topology.database.name)
        return athena.first_rows(athena.run(sql).query).values()


def deployed_lake(cloud: Cloud) -> Iterator[Deployment]:
    """Set up roles and lake of a deployment of its own, whose prefix the environment names meanwhile."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        DagRun("sales_cdc_setup.py").run("find_account", "roles", "lake")
        yield Deployment(cloud, Topology(Settings.from_environment(), "000000000000"))
