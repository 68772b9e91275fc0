"""A deployment's lake for the tests of the page: a bucket, tables with some changes, and what a long history adds to them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sales_cdc.contract.change_contract import probe_key
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.page.reader import DeploymentReader

from tests.conftest import Cloud

COLUMNS = "orderid string, product_name string, quantity bigint, price {price}, event_type string, creation_time {time}, event_id string, sequence_number string, actor string, source_stream string, rescued_data string"  # fmt: skip
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
CHANGES = [  # orderid, product, quantity, price, event type, sequence number
    ("it's", "laptop", 2, "900.50", "INSERT", 1),
    ("it's", "laptop", 3, "900.50", "MODIFY", 2),
    ("it's", None, None, None, "REMOVE", 4),
    ("b", "mouse", 1, "10.10", "INSERT", 3),
]


class Lake:
    """A deployment's bucket, database and work group, made with an administrator's clients."""

    def __init__(self, cloud: Cloud, prefix: str) -> None:
        self.settings = replace(Settings.from_environment(), prefix=prefix)
        self.reader = DeploymentReader(self.settings)
        self.topology = Topology(self.settings, "000000000000")
        self.s3, self._athena = cloud.client("s3"), cloud.client("athena")
        self.s3.create_bucket(Bucket=self.topology.bucket.name)
        cloud.client("glue").create_database(DatabaseInput={"Name": self.topology.database.name})
        output = {"OutputLocation": self.topology.s3_uri("athena-results/")}
        self._athena.create_work_group(Name=prefix, Configuration={"ResultConfiguration": output})

    def put(self, key: str, *lines: Any) -> None:
        body = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
        self.s3.put_object(Bucket=self.topology.bucket.name, Key=key, Body=body.encode())

    def run(self, sql: str) -> None:
        started = self._athena.start_query_execution(
            QueryString=sql,
            WorkGroup=self.settings.prefix,
            QueryExecutionContext={"Database": self.topology.database.name},
        )["QueryExecutionId"]
        while True:
            status = self._athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                assert status["State"] == "SUCCEEDED", (sql, status)
                return

    def fill_raw(self) -> None:
        """Make a raw table with every change, one of them duplicated, and a probe order."""
        lines = [raw_line(*each) for each in [*CHANGES, CHANGES[0], (probe_key(), "probe", 1, "1.00", "INSERT", 9)]]
        self.put(f"raw/orders/dt={HOUR:%Y-%m-%d}/hr={HOUR:%H}/sales-1.json", *lines)
        self.create_raw()

    def create_raw(self) -> None:
        """Make the raw table that a crawl makes of what is in the raw zone."""
        self.run(
            f"CREATE EXTERNAL TABLE raw_orders ({COLUMNS.format(price='double', time='string')}) PARTITIONED BY (dt string, hr string) "
            f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{self.topology.s3_uri('raw/orders/')}'"
        )
        self.run("MSCK REPAIR TABLE raw_orders")

    def fill_curated(self) -> None:
        for table, more, rows in (("orders_changes", "", CHANGES), ("orders_current", ", is_deleted boolean", [CHANGES[2], CHANGES[3]])):  # fmt: skip
            where = self.topology.s3_uri(f"curated/{table}/")
            columns = COLUMNS.format(price="decimal(12,2)", time="timestamp")
            by_day = "" if more else "PARTITIONED BY (day(creation_time)) "
            self.run(
                f"CREATE TABLE {table} ({columns}{more}) {by_day}LOCATION '{where}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
            )
            values = ", ".join(curated_row(*each, is_current=bool(more)) for each in rows)
            self.run(f"INSERT INTO {table} VALUES {values}")


def raw_line(order: str, product: str | None, quantity: int | None, price: str | None, kind: str, number: int) -> Any:
    return {
        "orderID": order, "product_name": product, "quantity": quantity,
        "price": None if price is None else float(price), "event_type": kind,
        "creation_time": f"{HOUR:%Y-%m-%dT%H}:00:0{number}.000Z", "event_id": f"e{number}",
        "sequence_number": str(number).zfill(40), "actor": "user",
    }  # fmt: skip


def curated_row(order: str, product: str | None, quantity: int | None, price: str | None, kind: str, number: int, *, is_current: bool) -> str:  # fmt: skip
    quoted = order.replace("'", "''")
    values = [
        f"'{quoted}'", f"'{product}'" if product else "CAST(NULL AS varchar)", f"CAST({quantity or 'NULL'} AS bigint)",
        f"CAST({price or 'NULL'} AS decimal(12,2))", f"'{kind}'", f"TIMESTAMP '{HOUR:%Y-%m-%d %H}:00:0{number}'",
        f"'e{number}'", f"'{str(number).zfill(40)}'", "'user'", "CAST(NULL AS varchar)", "CAST(NULL AS varchar)", *([str(kind == "REMOVE").lower()] if is_current else []),
    ]  # fmt: skip
    return f"({', '.join(values)})"
