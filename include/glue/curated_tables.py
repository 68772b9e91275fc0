"""The curated Iceberg tables: their columns, how they are made, and how every write is committed."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from change_contract import REST_COLUMN, Contract
from column_changes import REBUILD, unfit_columns
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from raw_objects import FURTHER

QUARANTINE = {"reason": "string", "raw_line": "string", "source_object": "string", "line_number": "bigint"}
RAW_OBJECT = {"object": "string", "etag": "string", "size_bytes": "bigint"}
INTAKE = RAW_OBJECT | {"taken_at": "timestamp_ntz"}
# Format 2 is the latest that Athena reads; merge-on-read: a batch costs what it changes, not the files that it touches.
PROPERTIES = (
    "'format-version'='2', 'write.merge.mode'='merge-on-read', 'write.metadata.delete-after-commit.enabled'='true'"
)
UNSORTED = "write.spark.fanout.enabled"
"""Of a table: whether a task writes rows as they come, with a file open for each day; otherwise it sorts them first, and has one open.
Source: https://iceberg.apache.org/docs/1.10.0/spark-writes/#writing-distribution-modes"""
MAX_OPEN_DAYS = 100
"""A file that is open takes about a megabyte; the sort costs one in a hundred of a take of 1,000,000 changes."""
WHOLE_KEYS = ("write.metadata.metrics.column.{}", "truncate(256)")
"""Of the current state: how much of a file's smallest and largest key its metadata has. Iceberg's 16 characters part no keys that
begin alike. Source: https://iceberg.apache.org/docs/1.10.0/configuration/"""
MADE = "sales_cdc.made"
"""A property of the change log that no other table has had: the watermark of another one is not this one's."""
BY_FOLDER = "PARTITIONED BY (truncate(24, {}))"
"""By the day's folder, ``raw/orders/dt=2026-01-01``: a run reads what was taken from the folders that it lists."""
CONFLICT = re.compile(r"CommitFailedException|ValidationException|AlreadyExists|ALREADY_EXISTS")
COMMIT_ATTEMPTS = 8
MAX_FURTHER_COLUMNS = 200
STREAM = "coalesce({0}source_stream, '')"
"""A change of a stream that nobody named is older than those of the streams that have a label."""


def change_columns(contract: Contract) -> dict[str, str]:
    """Return the columns of orders_changes with Spark's types."""
    return {name: "timestamp_ntz" if kind == "timestamp" else kind for name, kind in contract.columns.items()}


def current_columns(contract: Contract) -> dict[str, str]:
    """Return the columns of orders_current with Spark's types."""
    return change_columns(contract) | {"is_deleted": "boolean"}


@dataclass(frozen=True)
class Lake:
    """The curated tables of one contract: one database in one Iceberg catalog.

    ``max_further_columns``: how many further attributes get a column of their own; the rest share ``further_attributes``.
    ``folder``: each table that is made gets a new folder of its own below it; None: the folder that the catalog gives to its name.
    """

    spark: SparkSession
    catalog: str
    database: str
    contract: Contract
    max_further_columns: int = MAX_FURTHER_COLUMNS
    folder: str | None = None

    @property
    def changes(self) -> str:
        return self.contract.table("changes")

    @property
    def current(self) -> str:
        return self.contract.table("current")

    @property
    def quarantine(self) -> str:
        return self.contract.table("quarantine")

    @property
    def intake(self) -> str:
        return self.contract.table("intake")

    @property
    def key(self) -> list[str]:
        """The columns of the key."""
        return [each.column for each in self.contract.key]

    @property
    def identity(self) -> str:
        """Which change log this is: another one since the table was dropped and made again."""
        table = self.name(self.changes)
        properties = dict(tuple(row) for row in self.spark.sql(f"SHOW TBLPROPERTIES {table}").collect())
        if MADE not in properties:
            properties[MADE] = str(uuid.uuid4())
            self.set_property(self.changes, MADE, properties[MADE])
        return str(properties[MADE])

    def set_property(self, table: str, name: str, value: str) -> None:
        """Give the table a property; it matters for files that are written from then on."""
        self.commit(lambda: self.spark.sql(f"ALTER TABLE {self.name(table)} SET TBLPROPERTIES ('{name}'='{value}')"))

    @contextmanager
    def written_by_day(self, days: int) -> Iterator[None]:
        """Sort what is written meanwhile, if it is of more than ``MAX_OPEN_DAYS`` days: a task then has one file open, not one for each day."""
        tables = (self.changes, self.quarantine, self.intake) if days > MAX_OPEN_DAYS else ()
        for table in tables:
            self.set_property(table, UNSORTED, "false")
        yield
        for table in tables:
            self.set_property(table, UNSORTED, "true")

    def name(self, table: str) -> str:
        return f"`{self.catalog}`.`{self.database}`.`{table}`"

    def read(self, table: str) -> DataFrame:
        return self.spark.table(self.name(table))

    def further_columns(self, table: str) -> list[str]:
        """The table's columns that the contract does not declare."""
        return [name for name in self.read(table).columns if name not in current_columns(self.contract)]

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

    def exists(self, table: str) -> bool:
        return bool(self.spark.catalog.tableExists(self.name(table)))

    def standing(self, table: str) -> dict[str, str]:
        """The columns that the table has, with Spark's types; none when there is no such table."""
        return dict(self.read(table).dtypes) if self.exists(table) else {}

    def ensure(
        self,
        table: str,
        columns: dict[str, str],
        partitioning: str = "",
        rows: Callable[[], DataFrame] | None = None,
        standing: dict[str, str] | None = None,
        properties: str = PROPERTIES,
    ) -> None:
        """Make the table, of ``rows`` if they are given, unless it exists; an older one gets the columns that it lacks.

        Args:
            standing: the columns that it has, if they were just read: each look at a wide table costs some time.
        """
        found = self.standing(table) if standing is None else standing
        if not found:
            fields = "" if rows else f"({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
            query, source = ("AS SELECT * FROM {rows}", {"rows": rows()}) if rows else ("", {})
            place = f"LOCATION '{self.folder}{table}-{uuid.uuid4()}'" if self.folder else ""
            how = f"USING iceberg {partitioning} {place} TBLPROPERTIES ({properties})"
            statement = f"CREATE TABLE IF NOT EXISTS {self.name(table)} {fields} {how} {query}"
            self.commit(lambda: self.spark.sql(statement, **source))
        if not columns.items() <= found.items():
            self.ensure_columns(table, columns)

    def ensure_columns(self, table: str, columns: dict[str, str]) -> None:
        """Add the columns that the table lacks, and widen those that may be widened in place."""

        def attempt() -> None:
            present = dict(self.read(table).dtypes)
            altered = {name: kind for name, kind in columns.items() if present.get(name, kind) != kind}
            for name, kind in altered.items():
                self.spark.sql(f"ALTER TABLE {self.name(table)} ALTER COLUMN `{name}` TYPE {kind}")
            if missing := [f"`{name}` {kind}" for name, kind in columns.items() if name not in present]:
                self.spark.sql(f"ALTER TABLE {self.name(table)} ADD COLUMNS ({', '.join(missing)})")

        self.commit(attempt)

    def admit(self, table: str, attributes: list[str]) -> list[str]:
        """Add text columns for further attributes, in their order, as long as there are not too many. Return those of the table then."""
        admitted: list[str] = []

        def attempt() -> None:
            present = self.further_columns(table)
            room = max(0, self.max_further_columns - len([name for name in present if name != REST_COLUMN]))
            missing = [name for name in attributes if name not in present]
            added = missing[:room] + [REST_COLUMN] * (len(missing) > room and REST_COLUMN not in present)
            if added:
                columns = ", ".join(f"`{name}` string" for name in added)
                self.spark.sql(f"ALTER TABLE {self.name(table)} ADD COLUMNS ({columns})")
            admitted[:] = [*present, *added]

        self.commit(attempt)
        return admitted

    def merge(
        self, table: str, rows: DataFrame, *, on: str, replaces: str, attributes: Collection[str] | None = None
    ) -> None:
        """Insert the rows that the table lacks; ``replaces`` says when a row takes an existing one's place.

        It is never left out: Iceberg plans a MERGE that can only insert as a blind append, which two runs at once would both do.
        ``attributes`` are the further ones that the rows hold. They stay one map until rows are written, and a column that is not
        among them is a literal null: the joins and shuffles of a wide table carry no more than those of a narrow one.
        """

        def attempt() -> None:
            columns, given = self.read(table).columns, rows.columns
            declared = [name for name in columns if name in given]
            further = [name for name in columns if name not in given]
            maps = [] if attributes is None else [FURTHER]
            beyond = set(attributes or ()) - set(columns) if REST_COLUMN in further else set()
            rest = [_rest(further).alias(REST_COLUMN)] if beyond else []
            values = {name: f"s.{_quoted(name)}" for name in (*declared, *([REST_COLUMN] if rest else []))}
            values |= {name: f"s.{FURTHER}[{_literal(name)}]" for name in further if name in (attributes or ())}
            self.spark.sql(_merge(self.name(table), columns, values, on, replaces), rows=rows.select(*declared, *maps, *rest))  # fmt: skip

        self.commit(attempt)


def _merge(table: str, columns: list[str], values: dict[str, str], on: str, replaces: str) -> str:
    """SQL that gives each column its value of ``s``, and null to those without one; ``{rows}`` stands for ``s``."""
    names = [_quoted(name) for name in columns]
    texts = [values.get(name, "NULL") for name in columns]
    update = ", ".join(f"{name} = {text}" for name, text in zip(names, texts, strict=True))
    clauses = (
        f"WHEN MATCHED AND {replaces} THEN UPDATE SET {update} "  # noqa: S608 (names of ours)
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(texts)})"
    )
    return f"MERGE INTO {table} t USING {{rows}} s " + f"ON {on} {clauses}".replace("{", "{{").replace("}", "}}")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _rest(columns: list[str]) -> Column:
    """The further attributes that have no column of their own: a JSON object by name; null when there are none."""
    rest = F.map_filter(FURTHER, lambda name, text: ~name.isin(columns) & text.isNotNull())
    by_name = F.map_from_entries(F.array_sort(F.map_entries(rest)))
    return F.when(F.size(rest) > 0, F.to_json(by_name))


def require_fitting(lake: Lake) -> dict[str, dict[str, str]]:
    """Refuse a contract that the tables cannot follow in place, before any of them is altered. Return the columns that they have.

    Raises:
        TypeError: says which columns, and that a rebuild is needed.
    """
    wanted = {lake.changes: change_columns(lake.contract), lake.current: current_columns(lake.contract)}
    standing = {table: lake.standing(table) for table in wanted}
    for table, columns in wanted.items():
        if standing[table] and (unfit := unfit_columns(standing[table], columns, lake.key)):
            raise TypeError(
                f"Cannot curate into {lake.name(table)}: {'; '.join(unfit)}. The contract has changed, or another program altered the "
                f"table. Nothing was changed. Put the contract back and run sales_cdc_setup, or have the tables rebuilt: {REBUILD}"
            )
    return standing


def prepare_tables(lake: Lake) -> None:
    """Create what is missing. Without the change log nothing counts as taken; the current state is made from it.

    Raises:
        TypeError: the tables cannot follow the contract in place.
    """
    standing = require_fitting(lake)
    lake.ensure(lake.quarantine, QUARANTINE, BY_FOLDER.format("source_object"))
    lake.ensure(lake.intake, INTAKE, BY_FOLDER.format("object"))
    if not standing[lake.changes]:
        lake.commit(lambda: lake.spark.sql(f"DELETE FROM {lake.name(lake.intake)}"))  # noqa: S608 (names of ours)
    by_day = "PARTITIONED BY (days(creation_time))"
    lake.ensure(lake.changes, change_columns(lake.contract), by_day, standing=standing[lake.changes])
    current = current_columns(lake.contract)
    properties = f"{PROPERTIES}, '{WHOLE_KEYS[0].format(lake.key[0])}'='{WHOLE_KEYS[1]}'"
    lake.ensure(
        lake.current,
        current,
        rows=(lambda: latest_changes(lake)) if standing[lake.changes] else None,
        standing=standing[lake.current],
        properties=properties,
    )


def latest_changes(lake: Lake) -> DataFrame:
    """What the current state is, from the whole change log."""
    changes, declared = lake.read(lake.changes), change_columns(lake.contract)
    newest_first = Window.partitionBy(*lake.key).orderBy(F.expr(STREAM.format("")).desc(), F.desc("sequence_number"))
    latest = changes.withColumn("_place", F.row_number().over(newest_first)).where("_place = 1").drop("_place")
    further = [name for name in latest.columns if name not in declared]
    return latest.select(*declared, F.expr("event_type = 'REMOVE' AS is_deleted"), *further)
