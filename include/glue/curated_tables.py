"""The curated Iceberg tables: their columns, how they are made, and how every write is committed."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from change_contract import Contract
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from raw_objects import FURTHER

QUARANTINE = {"reason": "string", "raw_line": "string", "source_object": "string", "line_number": "bigint"}
RAW_OBJECT = {"object": "string", "etag": "string", "size_bytes": "bigint"}
INTAKE = RAW_OBJECT | {"taken_at": "timestamp_ntz"}
# Format 2 is the latest that Athena reads; merge-on-read: a batch costs what it changes, not the files that it touches.
PROPERTIES = (
    "'format-version'='2', 'write.merge.mode'='merge-on-read', 'write.metadata.delete-after-commit.enabled'='true'"
)
SNAPSHOT_RETENTION = timedelta(days=7)
CONFLICT = re.compile(r"CommitFailedException|ValidationException|AlreadyExists|ALREADY_EXISTS")
COMMIT_ATTEMPTS = 8


def change_columns(contract: Contract) -> dict[str, str]:
    """Return the columns of orders_changes with Spark's types."""
    return {name: "timestamp_ntz" if kind == "timestamp" else kind for name, kind in contract.columns.items()}


def current_columns(contract: Contract) -> dict[str, str]:
    """Return the columns of orders_current with Spark's types."""
    return change_columns(contract) | {"is_deleted": "boolean"}


@dataclass(frozen=True)
class Lake:
    """The curated tables of one contract: one database in one Iceberg catalog."""

    spark: SparkSession
    catalog: str
    database: str
    contract: Contract

    def name(self, table: str) -> str:
        return f"`{self.catalog}`.`{self.database}`.`{table}`"

    def read(self, table: str) -> DataFrame:
        return self.spark.table(self.name(table))

    def commit(self, attempt: Callable[[], Any]) -> None:
        """Every write goes through here: planned and run anew when another run has committed meanwhile."""
        for left in reversed(range(COMMIT_ATTEMPTS)):
            try:
                attempt()
            except Exception as error:
                if not left or not CONFLICT.search(str(error)):
                    raise
                time.sleep(random.uniform(0.1, 2))  # noqa: S311 (no secret)
            else:
                return

    def ensure(self, table: str, columns: dict[str, str], partitioning: str = "", **source: DataFrame) -> None:
        """Make the table, with ``rows`` if that source is given, unless it exists; an older one gets the columns that it lacks.

        Raises:
            TypeError: it has one of another type.
        """
        fields = "" if source else f"({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
        query = "AS SELECT * FROM {rows}" if source else ""
        how = f"USING iceberg {partitioning} TBLPROPERTIES ({PROPERTIES})"
        statement = f"CREATE TABLE IF NOT EXISTS {self.name(table)} {fields} {how} {query}"
        self.commit(lambda: self.spark.sql(statement, **source))
        self.ensure_columns(table, columns)

    def ensure_columns(self, table: str, columns: dict[str, str]) -> None:
        def attempt() -> None:
            present = dict(self.read(table).dtypes)
            for name, kind in columns.items():
                if present.get(name, kind) != kind:
                    raise TypeError(
                        f"Cannot curate into {self.name(table)}: its column {name} is {present[name]}, not {kind}. Another "
                        "program made or altered it: rename or drop the table, and the next run rebuilds it."
                    )
            if missing := [f"`{name}` {kind}" for name, kind in columns.items() if name not in present]:
                self.spark.sql(f"ALTER TABLE {self.name(table)} ADD COLUMNS ({', '.join(missing)})")

        self.commit(attempt)

    def merge(self, table: str, rows: DataFrame, *, on: str, replaces: str) -> None:
        """Insert the rows that the table lacks; ``replaces`` says when a row takes an existing one's place.

        It is never left out: Iceberg plans a MERGE that can only insert as a blind append, which two runs at once would both do.
        """
        statement = (
            f"MERGE INTO {self.name(table)} t USING {{rows}} s ON {on} "
            f"WHEN MATCHED AND {replaces} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )

        def attempt() -> None:
            columns = [
                name if name in rows.columns else F.col(FURTHER)[name].alias(name) for name in self.read(table).columns
            ]
            self.spark.sql(statement, rows=rows.select(*columns))

        self.commit(attempt)


def prepare_tables(lake: Lake) -> None:
    """Create what is missing. Without orders_changes nothing counts as taken; orders_current is made from orders_changes."""
    lake.ensure("orders_quarantine", QUARANTINE)
    lake.ensure("orders_intake", INTAKE)
    if not lake.spark.catalog.tableExists(lake.name("orders_changes")):
        lake.commit(lambda: lake.spark.sql(f"DELETE FROM {lake.name('orders_intake')}"))  # noqa: S608 (names of ours)
    lake.ensure("orders_changes", change_columns(lake.contract), "PARTITIONED BY (days(creation_time))")
    rows = latest_changes(lake.contract, lake.read("orders_changes"))
    lake.ensure("orders_current", current_columns(lake.contract), rows=rows)


def latest_changes(contract: Contract, changes: DataFrame) -> DataFrame:
    """What orders_current holds, from the whole change log."""
    newest_first = Window.partitionBy("orderid").orderBy(F.desc("sequence_number"))
    latest = changes.withColumn("_place", F.row_number().over(newest_first)).where("_place = 1").drop("_place")
    further = [name for name in latest.columns if name not in contract.columns]
    return latest.select(*contract.columns, F.expr("event_type = 'REMOVE' AS is_deleted"), *further)


def maintain(lake: Lake) -> None:
    """Compact small files and deletes, expire snapshots, remove what dead commits left. No row changes."""
    expired = f"TIMESTAMP '{datetime.now(UTC) - SNAPSHOT_RETENTION:%Y-%m-%d %H:%M:%S}'"
    by_order = ", strategy => 'sort', sort_order => 'orderid'"
    layouts = {"orders_changes": by_order, "orders_current": by_order, "orders_quarantine": "", "orders_intake": ""}
    for table, layout in layouts.items():
        name = f"table => '{lake.database}.{table}'"
        for call in (
            f"rewrite_data_files({name}{layout}, options => map('delete-ratio-threshold', '0.1'))",
            f"expire_snapshots({name}, older_than => {expired}, retain_last => 5)",
            f"remove_orphan_files({name}, prefix_listing => true)",
        ):
            lake.commit(partial(lake.spark.sql, f"CALL `{lake.catalog}`.system.{call}"))
