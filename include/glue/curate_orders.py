"""Glue job: takes the raw objects that it has not taken yet into the curated Iceberg tables.

    raw/*.json ──► parse ──► orders_changes     every change once, by (orderid, sequence_number)
                        ├──► orders_current     the latest change of each order; a REMOVE stays as a tombstone
                        ├──► orders_quarantine  lines that break the contract, with the reason
                        └──► orders_intake      the objects taken: committed last

Exact at any crash, rerun, duplication, order and split: each commit is a MERGE by identity that changes nothing the second time,
and an object counts as taken only once all that it holds is committed. Order is the stream's: by sequence number alone.
A dropped orders_changes is rebuilt from all raw objects, a dropped orders_current from orders_changes.

The same file runs on AWS Glue 5.1 (Spark 3.5, Iceberg 1.10) and on a laptop; it ships alone. Python workers parse the lines, since
Spark's own JSON reader passes the numbers of untyped fields through double. Sources (AWS page titles): "Using the Iceberg framework
in AWS Glue", "AWS Glue job parameters"; Iceberg's: "Spark Procedures", "Spark Writes".
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import boto3
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)

CHANGES = {
    "orderid": "string",
    "product_name": "string",
    "quantity": "bigint",
    "price": "decimal(12,2)",
    "event_type": "string",
    "creation_time": "timestamp_ntz",
    "event_id": "string",
    "sequence_number": "string",
    "actor": "string",
}
CURRENT = CHANGES | {"is_deleted": "boolean"}
QUARANTINE = {"reason": "string", "raw_line": "string", "source_object": "string", "line_number": "bigint"}
INTAKE = {"object": "string", "etag": "string", "size_bytes": "bigint", "taken_at": "timestamp_ntz"}
RESERVED = {*CURRENT, "valid_from", "valid_to", "is_current"}  # the columns of the tables and of their views

TASK_BYTES = 16 * 2**20
LINES_PER_ARROW_BATCH = 5_000
MOST_DAY_RANGES = 50
COMMIT_ATTEMPTS = 8
CONFLICT = re.compile(r"CommitFailedException|ValidationException|AlreadyExists|ALREADY_EXISTS")
SNAPSHOT_RETENTION = timedelta(days=7)
PROPERTIES = (  # format 2: Athena reads no later one; merge-on-read: a batch costs what it changes, not the files it touches
    "'format-version'='2', 'write.merge.mode'='merge-on-read', 'write.delete.granularity'='partition', "
    "'write.metadata.delete-after-commit.enabled'='true'"
)


class RawObject(NamedTuple):
    """An object under the raw prefix; its ETag pins the content that was listed."""

    object: str
    etag: str
    size_bytes: int


class BadRow(ValueError):  # noqa: N818 (the row is at fault, not the job)
    """A line breaks the contract; the message is the quarantine's reason."""


# From lines to changes: plain Python, run by Spark's workers


def _text(pattern: str) -> Callable[[Any], str]:
    matches = re.compile(pattern, re.DOTALL).fullmatch

    def rule(value: Any) -> str:
        if not matches(value):
            raise ValueError
        return str(value)

    return rule


def _integer(value: Any) -> str:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError
    return str(value)


def _price(value: Any, exact: Context = Context(prec=12, traps=[Inexact, InvalidOperation])) -> str:
    if type(value) not in (int, Decimal):
        raise TypeError
    return str(exact.quantize(Decimal(value), Decimal("0.01")))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _utc(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


OPTIONAL = {"product_name", "quantity", "price"}
RULES: dict[str, tuple[Callable[[Any], str], str]] = {  # in the order of CHANGES
    "orderID": (_text(".+"), "a text"),
    "product_name": (_text(".*"), "a text"),
    "quantity": (_integer, "an integer of 64 bits"),
    "price": (_price, "a number that decimal(12,2) holds exactly"),
    "event_type": (_text("INSERT|MODIFY|REMOVE"), "INSERT, MODIFY or REMOVE"),
    "creation_time": (_utc, "an ISO-8601 time with its zone"),
    "event_id": (_text(".+"), "a text"),
    "sequence_number": (_text("[0-9]{1,40}"), "a text of at most 40 digits"),
    "actor": (_text("user|ttl"), "user or ttl"),
}


def parse_change(line: bytes, decoder: json.JSONDecoder) -> tuple[list[str | None], dict[str, str | None]] | None:
    """The texts of CHANGES and the further attributes by column; None for the setup's probe, which counts nowhere.

    Raises:
        BadRow: the line is no change event.
    """
    try:
        event = decoder.decode(line.decode())
        if b"\\u" in line:
            json_text(event).encode()  # refuses half of a surrogate pair
    except (ValueError, ArithmeticError, RecursionError):
        raise BadRow("the line is not one JSON document in UTF-8") from None
    if not isinstance(event, dict):
        raise BadRow("the line is not a JSON object")
    if "probe" in str(event.get("orderID")):
        return None
    columns: list[str | None] = []
    for name, (rule, expected) in RULES.items():
        value = event.get(name)
        try:
            columns.append(None if value is None and name in OPTIONAL else rule(value))
        except (TypeError, ValueError, ArithmeticError):
            raise BadRow(f"{name} is {'missing' if value is None else f'not {expected}'}") from None
    further = {name: value for name, value in event.items() if name not in RULES}
    return columns, {column: attribute_text(further[name]) for name, column in attribute_columns(further).items()}


def attribute_columns(names: Iterable[str]) -> dict[str, str]:
    """The column of each further attribute: lower-case letters, digits and _ (Athena knows no others), no two the same.

    A name that is taken, or opens with no letter, gets the prefix ``attr_``; names that stay as they are go first.
    """
    columns: dict[str, str] = {}
    plain = {name: re.sub("[^a-z0-9_]", "_", name.lower()) for name in names}
    for name in sorted(plain, key=lambda name: (plain[name] != name, name)):
        column = plain[name]
        while column in RESERVED or column in columns.values() or not column[:1].isalpha():
            column = f"attr_{column}"
        columns[name] = column
    return columns


def attribute_text(value: Any) -> str | None:
    """Further attributes are texts whatever their type, so that a type that drifts never fails and no digit is lost."""
    return value if value is None or isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """JSON, with each number exactly as it was read."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(name)}:{json_text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def parse_object(key: str, content: bytes) -> Iterator[tuple[Any, ...]]:
    """A row for each line that is neither blank nor a probe: QUARANTINE's texts, CHANGES' texts, the further attributes."""

    def refused(reason: str, number: int = 0, line: bytes = b"") -> tuple[Any, ...]:
        return (reason, line.decode(errors="backslashreplace"), key, str(number), *[None] * len(CHANGES), {})

    try:
        lines = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (OSError, EOFError, zlib.error) as error:
        return (yield refused(f"the object cannot be decompressed: {error}"))
    if b"\0" in lines[:4096]:
        return (yield refused("the object is not text"))
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
    for number, line in enumerate(lines.split(b"\n"), start=1):
        try:
            change = parse_change(line, decoder) if line.strip() else None
        except BadRow as bad:
            yield refused(str(bad), number, line)
        else:
            if change:
                yield (None, None, key, str(number), *change[0], change[1])


Fetch = Callable[[str, str], bytes]


def s3_fetch(bucket: str) -> Fetch:
    s3 = boto3.client("s3")
    return lambda key, etag: s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)["Body"].read()


def parse_objects(connect: Callable[[], Fetch], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    fetch = connect()
    types = [*[pa.string()] * len(QUARANTINE | CHANGES), pa.map_(pa.string(), pa.string())]
    for raw in (raw for batch in batches for raw in batch.to_pylist()):
        rows = parse_object(raw["object"], fetch(raw["object"], raw["etag"]))
        while chunk := list(islice(rows, LINES_PER_ARROW_BATCH)):
            *columns, attributes = zip(*chunk, strict=True)
            columns.append([list(further.items()) for further in attributes])
            arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, [*QUARANTINE, *CHANGES, "_attributes"])


# From changes to tables


def arriving_rows(objects: DataFrame, connect: Callable[[], Fetch]) -> DataFrame:
    """Every row of the objects, typed, and where it stands among the changes of its order in this batch.

    ``reason`` is null but for bad rows; ``is_duplicate`` marks all but one of the copies of a change, ``is_latest`` the last change.
    """
    texts = ", ".join(f"{name} string" for name in QUARANTINE | CHANGES)
    parsed = objects.mapInArrow(partial(parse_objects, connect), f"{texts}, _attributes map<string, string>")
    typed = parsed.select(*[F.col(name).cast(kind) for name, kind in (QUARANTINE | CHANGES).items()], "_attributes")
    padded = typed.withColumn("sequence_number", F.lpad("sequence_number", 40, "0"))
    order = Window.partitionBy(F.coalesce("orderid", F.concat_ws(" ", "source_object", "line_number")))
    by_sequence = order.orderBy(F.desc("sequence_number"), "event_id")
    return padded.withColumns({
        "is_duplicate": F.lag("sequence_number").over(by_sequence).eqNullSafe(F.col("sequence_number")) & F.col("orderid").isNotNull(),
        "is_latest": F.row_number().over(by_sequence) == 1,
    })  # fmt: skip


def within_days(days: list[date]) -> str:
    """SQL that confines the target to the days of the batch, so that MERGE opens only their partitions."""
    ranges: list[list[date]] = []
    for day in sorted(days):
        if ranges and day == ranges[-1][1]:
            ranges[-1][1] += timedelta(days=1)
        else:
            ranges.append([day, day + timedelta(days=1)])
    if len(ranges) > MOST_DAY_RANGES:
        ranges = [[ranges[0][0], ranges[-1][1]]]
    at = "t.creation_time {} TIMESTAMP_NTZ '{}'"
    return " OR ".join(f"({at.format('>=', first)} AND {at.format('<', end)})" for first, end in ranges)


@dataclass(frozen=True)
class Lake:
    """The curated tables of one database in one Iceberg catalog."""

    spark: SparkSession
    catalog: str
    database: str

    def name(self, table: str) -> str:
        return f"`{self.catalog}`.`{self.database}`.`{table}`"

    def exists(self, table: str) -> bool:
        return bool(self.spark.catalog.tableExists(self.name(table)))

    def read(self, table: str) -> DataFrame:
        return self.spark.table(self.name(table))

    def commit(self, attempt: Callable[[], Any]) -> None:
        """Every write goes through here: planned and run anew when another run has committed meanwhile."""
        for remaining in reversed(range(COMMIT_ATTEMPTS)):
            try:
                attempt()
            except Exception as error:
                if not remaining or not CONFLICT.search(str(error)):
                    raise
                time.sleep(random.uniform(0.1, 2))  # noqa: S311 (no secret)
            else:
                return

    def merge(self, table: str, rows: DataFrame, *, on: str, replaces: str) -> None:
        """Insert the rows that the table lacks. ``replaces`` says when a row takes an existing one's place.

        It is never left out: Iceberg plans a MERGE that only inserts as a blind append, which two runs at once would both do.
        """
        self.commit(lambda: self.spark.sql(
            f"MERGE INTO {self.name(table)} t USING {{rows}} s ON {on} "
            f"WHEN MATCHED AND {replaces} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
            rows=rows.select(*[self._value(rows, column) for column in self.read(table).columns]),
        ))  # fmt: skip

    def _value(self, rows: DataFrame, column: str) -> Column:
        return F.col(column) if column in rows.columns else F.col("_attributes")[column].alias(column)

    def create(self, table: str, columns: dict[str, str], partitioning: str = "", rows: str = "") -> None:
        fields = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        head = f"CREATE TABLE IF NOT EXISTS {self.name(table)}"
        tail = f"USING iceberg {partitioning} TBLPROPERTIES ({PROPERTIES})"
        self.commit(lambda: self.spark.sql(f"{head} {tail} AS {rows}" if rows else f"{head} ({fields}) {tail}"))

    def add_columns(self, table: str, columns: dict[str, str]) -> None:
        """Add those that the table lacks.

        Raises:
            TypeError: the table has one of another type.
        """

        def attempt() -> None:
            present = dict(self.read(table).dtypes)
            for name, kind in columns.items():
                if present.get(name, kind) != kind:
                    raise TypeError(
                        f"Cannot curate into {self.name(table)}: its column {name} is {present[name]}, not {kind}. "
                        "Another program made or altered it: rename or drop the table, and the next run rebuilds it."
                    )
            missing = ", ".join(f"`{name}` {kind}" for name, kind in columns.items() if name not in present)
            if missing:
                self.spark.sql(f"ALTER TABLE {self.name(table)} ADD COLUMNS ({missing})")

        self.commit(attempt)


def prepare_tables(lake: Lake) -> None:
    """Create what is missing. Without orders_changes nothing counts as taken; orders_current is made from orders_changes."""
    lake.create("orders_quarantine", QUARANTINE)
    lake.create("orders_intake", INTAKE)
    if not lake.exists("orders_changes"):
        lake.commit(lambda: lake.spark.sql(f"DELETE FROM {lake.name('orders_intake')}"))
        lake.create("orders_changes", CHANGES, "PARTITIONED BY (days(creation_time))")
    lake.add_columns("orders_changes", CHANGES)
    if not lake.exists("orders_current"):
        latest_of_all(lake.read("orders_changes")).createOrReplaceTempView("latest_of_all")
        lake.create("orders_current", CURRENT, rows="SELECT * FROM latest_of_all")
    lake.add_columns("orders_current", CURRENT)


def latest_of_all(changes: DataFrame) -> DataFrame:
    """What orders_current holds, from the whole change log."""
    further = [name for name in changes.columns if name not in CHANGES]
    newest_first = Window.partitionBy("orderid").orderBy(F.desc("sequence_number"))
    latest = changes.withColumn("_place", F.row_number().over(newest_first)).where("_place = 1")
    return latest.select(*CHANGES, (F.col("event_type") == "REMOVE").alias("is_deleted"), *further)


def list_raw(s3: Any, bucket: str, prefix: str) -> list[RawObject]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [RawObject(it["Key"], it["ETag"], it["Size"]) for page in pages for it in page.get("Contents", [])]


def not_taken(lake: Lake, listed: list[RawObject]) -> list[RawObject]:
    frame = lake.spark.createDataFrame(listed, "object string, etag string, size_bytes bigint")
    return [
        RawObject(*row) for row in frame.join(lake.read("orders_intake"), ["object", "etag"], "left_anti").collect()
    ]


def curate(lake: Lake, objects: list[RawObject], connect: Callable[[], Fetch]) -> dict[str, Any]:
    """Commit all that the objects hold, then the objects as taken. Returns the summary of the run."""
    started = datetime.now(UTC)
    context = lake.spark.sparkContext
    tasks = min(len(objects), max(context.defaultParallelism, sum(raw.size_bytes for raw in objects) // TASK_BYTES))
    frame = lake.spark.createDataFrame(
        context.parallelize(objects, tasks), "object string, etag string, size_bytes bigint"
    )
    rows = arriving_rows(frame, connect).persist()
    found = rows.agg(
        F.count("orderid").alias("rows"),
        F.count("reason").alias("quarantined"),
        F.collect_set(F.to_date("creation_time")).alias("days"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_set(F.map_keys("_attributes"))))).alias("attributes"),
    ).collect()[0]
    new_columns = [name for name in found.attributes if name not in lake.read("orders_current").columns]
    if found.rows:
        merge_changes(lake, rows.where("reason IS NULL AND NOT is_duplicate"), found.days, found.attributes)
    if found.quarantined:
        bad = rows.where("reason IS NOT NULL").select(*QUARANTINE)
        lake.merge(
            "orders_quarantine",
            bad,
            on="t.source_object = s.source_object AND t.line_number = s.line_number",
            replaces="t.reason <> s.reason",
        )
    taken = frame.withColumn("taken_at", F.lit(started.replace(tzinfo=None)).cast("timestamp_ntz"))
    lake.merge("orders_intake", taken, on="t.object = s.object AND t.etag = s.etag", replaces="t.taken_at > s.taken_at")
    rows.unpersist()
    added = added_records(lake, started)
    return {
        "objects": len(objects),
        "bytes": sum(raw.size_bytes for raw in objects),
        "rows": found.rows,
        "duplicates": found.rows - added,
        "quarantined": found.quarantined,
        "new_columns": new_columns,
    }


def merge_changes(lake: Lake, changes: DataFrame, days: list[date], attributes: list[str]) -> None:
    further = dict.fromkeys(attributes, "string")
    lake.add_columns("orders_changes", further)
    lake.add_columns("orders_current", further)
    lake.merge(
        "orders_changes",
        changes.select(*CHANGES, "_attributes"),
        on=f"t.orderid = s.orderid AND t.sequence_number = s.sequence_number AND ({within_days(days)})",
        replaces="s.event_id < t.event_id",
    )
    latest = changes.where("is_latest").withColumn("is_deleted", F.col("event_type") == "REMOVE")
    lake.merge(
        "orders_current",
        latest.select(*CURRENT, "_attributes"),
        on="t.orderid = s.orderid",
        replaces="(s.sequence_number > t.sequence_number OR s.sequence_number = t.sequence_number AND s.event_id < t.event_id)",
    )


def added_records(lake: Lake, since: datetime) -> int:
    """How many changes this session has added to orders_changes."""
    summary = F.col("summary")
    ours = (summary["spark.app.id"] == lake.spark.sparkContext.applicationId) & (F.col("committed_at") >= F.lit(since))
    snapshots = lake.spark.table(f"{lake.name('orders_changes')}.snapshots").where(ours)
    return int(snapshots.agg(F.sum(summary["added-records"].cast("bigint"))).collect()[0][0] or 0)


def maintain(lake: Lake) -> None:
    """Compact small files and deletes, expire snapshots, remove the files of dead commits. No row changes."""
    expired = (datetime.now(UTC) - SNAPSHOT_RETENTION).strftime("%Y-%m-%d %H:%M:%S")
    for table in ("orders_changes", "orders_current", "orders_quarantine", "orders_intake"):
        name = f"table => '{lake.database}.{table}'"
        rewrite = "options => map('delete-file-threshold', '1', 'remove-dangling-deletes', 'true')"
        ordered = (
            ", strategy => 'sort', sort_order => 'orderid'" if table in ("orders_changes", "orders_current") else ""
        )
        for call in (
            f"rewrite_data_files({name}, {rewrite}{ordered})",
            f"rewrite_manifests({name})",
            f"expire_snapshots({name}, older_than => TIMESTAMP '{expired}', retain_last => 5)",
            f"remove_orphan_files({name}, prefix_listing => true)",
        ):
            lake.commit(partial(lake.spark.sql, f"CALL `{lake.catalog}`.system.{call}"))


def start_session(catalog: str, warehouse: str) -> SparkSession:
    """A Spark session whose catalog is the Glue Data Catalog. Endpoint, region and credentials are the environment's."""
    iceberg = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".warehouse": warehouse,
        ".cache-enabled": "false",  # a retried commit has to see the other run's
    }
    builder = SparkSession.builder.appName("curate_orders").config("spark.sql.session.timeZone", "UTC")
    builder = builder.config(
        "spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    )
    for key, value in iceberg.items():
        builder = builder.config(f"spark.sql.catalog.{catalog}{key}", value)
    return builder.getOrCreate()


def main() -> None:
    parser = argparse.ArgumentParser(description="Curate the raw change events of orders.", allow_abbrev=False)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--raw_prefix", default="raw/orders/")
    parser.add_argument("--database", required=True)
    parser.add_argument("--warehouse", required=True, help="s3:// URI under which tables are made")
    parser.add_argument("--catalog", default="glue_catalog")
    parser.add_argument("--maintain", choices=("true", "false"), default="false")
    parser.add_argument("--ledger_key", help="where in the bucket to write the summary")
    options, _glues_own = parser.parse_known_args()
    s3 = boto3.client("s3")
    lake = Lake(start_session(options.catalog, options.warehouse), options.catalog, options.database)
    prepare_tables(lake)
    summary = curate(
        lake, not_taken(lake, list_raw(s3, options.bucket, options.raw_prefix)), partial(s3_fetch, options.bucket)
    )
    if options.maintain == "true":
        maintain(lake)
    report = json.dumps(summary)
    if options.ledger_key:
        s3.put_object(
            Bucket=options.bucket, Key=options.ledger_key, Body=report.encode(), ContentType="application/json"
        )
    print(report)


if __name__ == "__main__":
    main()
