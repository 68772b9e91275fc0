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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache, partial
from typing import Any, NamedTuple

import boto3
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession, Window
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
RAW_OBJECT = {"object": "string", "etag": "string", "size_bytes": "bigint"}
INTAKE = RAW_OBJECT | {"taken_at": "timestamp_ntz"}
RESERVED = {*CURRENT, "valid_from", "valid_to", "is_current"}  # the columns of the tables and of their views
# Format 2 is the latest that Athena reads; merge-on-read: a batch costs what it changes, not the files that it touches.
PROPERTIES = (
    "'format-version'='2', 'write.merge.mode'='merge-on-read', 'write.metadata.delete-after-commit.enabled'='true'"
)
LAGS = {"p50": 0.5, "p99": 0.99, "max": 1.0}
SNAPSHOT_RETENTION = timedelta(days=7)
CONFLICT = re.compile(r"CommitFailedException|ValidationException|AlreadyExists|ALREADY_EXISTS")
COMMIT_ATTEMPTS = 8
CENT, EXACT_12_DIGITS = Decimal("0.01"), Context(prec=12, traps=[Inexact, InvalidOperation])
TASK_BYTES, SMALL_TASK_BYTES = 16 * 2**20, 2**20
LINES_AT_ONCE = 20_000
SHUFFLED_BYTES, PACKED = 32 * 2**20, 8  # a partition's share of a shuffle; what a byte of Parquet is then worth
MOST_DAY_RANGES = 50

Fetch = Callable[[str, str], bytes]
Lag = dict[str, float | None]


class RawObject(NamedTuple):
    """An object under the raw prefix; its ETag pins the content that was listed."""

    object: str
    etag: str
    size_bytes: int


class BadRow(ValueError):  # noqa: N818 (the row is at fault, not the job)
    """A line breaks the contract; the message is the quarantine's reason."""


# From lines to changes: plain Python, run by Spark's workers. A rule returns the field's text or raises an ordinary error.


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


def _price(value: Any) -> str:
    if type(value) not in (int, Decimal):
        raise TypeError
    return str(EXACT_12_DIGITS.quantize(Decimal(value), CENT))


def _utc(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


PROBE = "probe"  # in the orderID of the order that setup sends through the chain
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


Further = list[tuple[str, str | None]]  # columns and texts of further attributes


class LineParser:
    """Reads raw lines; keeps what many of them share. Made in the worker, since it cannot be sent there."""

    def __init__(self) -> None:
        self._decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_text("(?!)")).decode  # NaN is no JSON
        self._columns = lru_cache(attribute_columns)

    def change(self, line: bytes) -> tuple[list[str | None], Further] | None:
        """The texts of CHANGES and the further attributes; None for the setup's probe, which counts nowhere.

        Raises:
            BadRow: the line is no change event.
        """
        event = self._event(line)
        if PROBE in str(event.get("orderID")):
            return None
        texts: list[str | None] = []
        for name, (rule, expected) in RULES.items():
            value = event.get(name)
            try:
                texts.append(None if value is None and name in OPTIONAL else rule(value))
            except (TypeError, ValueError, ArithmeticError):
                raise BadRow(f"{name} is {'missing' if value is None else f'not {expected}'}") from None
        return texts, self._further({name: event[name] for name in event if name not in RULES})

    def end_of_plain_line(self, text: str | None) -> Further | None:
        """The further attributes in what PLAIN_LINE left over of a line; None if the line is no plain one after all."""
        if not text:
            return text if text is None else []
        try:
            attributes = self._event(f"{{{text}}}".encode())
        except BadRow:
            return None
        return None if attributes.keys() & RULES.keys() else self._further(attributes)

    def _further(self, attributes: dict[str, Any]) -> Further:
        columns = self._columns(tuple(attributes))
        return [(column, attribute_text(attributes[name])) for name, column in columns.items()]

    def _event(self, line: bytes) -> dict[str, Any]:
        try:
            event = self._decode(line.decode())
            if b"\\u" in line:
                json_text(event).encode()  # half of a surrogate pair is no text
        except (ValueError, ArithmeticError, RecursionError):
            raise BadRow("the line is not one JSON document in UTF-8") from None
        if not isinstance(event, dict):
            raise BadRow("the line is not a JSON object")
        return event


def attribute_columns(names: tuple[str, ...]) -> dict[str, str]:
    """The column of each further attribute: lower-case letters, digits and _ (Athena knows no others), no two the same.

    A name that is taken, or opens with no letter, gets the prefix ``attr_``; names that stay as they are go first.
    """
    columns: dict[str, str] = {}
    plain = {name: re.sub("[^a-z0-9_]", "_", name.lower())[:200] for name in names}  # the Data Catalog takes 255
    for name in sorted(plain, key=lambda name: (plain[name] != name, name)):
        column = plain[name]
        while column in RESERVED or column in columns.values() or not column[:1].isalpha():
            column = f"attr_{column}"
        columns[name] = column
    return columns


def attribute_text(value: Any) -> str | None:
    """Further attributes are texts whatever their type: a type that drifts never fails, and no digit is lost."""
    return value if value is None or isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """JSON, with each number as exact as it was read."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(name)}:{json_text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


# Lines that look as the transformer writes them are taken apart many at once, ten times as fast and to the same texts.
PLAIN = r'[^"\\\x00-\x1f]'
PLAIN_FIELDS = {  # in the order of CHANGES; a field that may be null is captured as "" then, a product with its opening quote
    "orderID": f'"(?P<orderid>{PLAIN}+)"',
    "product_name": f'(?:null|(?P<product_name>"{PLAIN}*)")',
    "quantity": "(?:null|(?P<quantity>0|-?[1-9][0-9]{0,17}))",
    "price": r"(?:null|(?P<price>-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,2})?))",
    "event_type": '"(?P<event_type>INSERT|MODIFY|REMOVE)"',
    "creation_time": r'"(?P<creation_time>[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3})Z"',
    "event_id": f'"(?P<event_id>{PLAIN}+)"',
    "sequence_number": '"(?P<sequence_number>[0-9]{1,40})"',
    "actor": '"(?P<actor>user|ttl)"',
}
PLAIN_LINE = ", ?".join(f'"{name}": ?{value}' for name, value in PLAIN_FIELDS.items())
PLAIN_LINE = rf'^\{{{PLAIN_LINE}(?:, ?(?P<further>".+))?\}}$'
ROW = pa.schema(
    [*((name, pa.string()) for name in QUARANTINE | CHANGES), ("_further", pa.map_(pa.string(), pa.string()))]
)


def plain_rows(parser: LineParser, lines: Sequence[bytes]) -> tuple[pa.RecordBatch, list[bool]]:
    """The changes in plain lines, and of each line whether it was one."""
    try:
        fields = pc.extract_regex(pa.array(lines, pa.binary()).cast(pa.string()), PLAIN_LINE)
        *texts, ends = fields.flatten()
        texts[5].cast(pa.timestamp("ms"))
    except pa.ArrowInvalid:  # some line is not UTF-8, or some day is in no calendar
        return batch([]), [False] * len(lines)
    further = [parser.end_of_plain_line(end) for end in ends.to_pylist()]
    probes = pc.match_substring(texts[0], PROBE).to_pylist()
    taken = [attributes is not None and not probe for attributes, probe in zip(further, probes, strict=True)]
    columns = [text.filter(pa.array(taken)) for text in texts]
    for place in (1, 2, 3):
        columns[place] = pc.if_else(pc.equal(columns[place], ""), None, columns[place])
    columns[1] = pc.utf8_slice_codeunits(columns[1], 1)
    origin = [pa.nulls(sum(taken), pa.string())] * len(QUARANTINE)  # of interest for a bad line only
    attributes = pa.array([row for row, is_taken in zip(further, taken, strict=True) if is_taken], ROW.types[-1])
    return pa.RecordBatch.from_arrays([*origin, *columns, attributes], schema=ROW), taken


def other_rows(parser: LineParser, key: str, lines: Iterable[tuple[int, bytes]]) -> pa.RecordBatch:
    """A row for each line, given by its number, that is neither blank nor a probe."""
    rows: list[tuple[Any, ...]] = []
    for number, line in lines:
        try:
            change = parser.change(line) if line.strip() else None
        except BadRow as bad:
            rows.append(refused(str(bad), key, number, line))
        else:
            rows += [(None, None, key, str(number), *change[0], change[1])] if change else []
    return batch(rows)


def refused(reason: str, key: str, number: int = 0, line: bytes = b"") -> tuple[Any, ...]:
    return (reason, line.decode(errors="backslashreplace"), key, str(number), *[None] * len(CHANGES), [])


def batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(ROW.types)]
    return pa.RecordBatch.from_arrays(columns, schema=ROW)


def parse_object(key: str, content: bytes) -> Iterator[pa.RecordBatch]:
    """The rows of an object: the texts of QUARANTINE and of CHANGES, the further attributes."""
    try:
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (OSError, EOFError, zlib.error) as error:
        return (yield batch([refused(f"the object cannot be decompressed: {error}", key)]))
    if b"\0" in content[:4096]:
        return (yield batch([refused("the object is not text", key)]))
    parser, lines = LineParser(), content.split(b"\n")
    for first in range(0, len(lines), LINES_AT_ONCE):
        at_once = lines[first : first + LINES_AT_ONCE]
        plain, taken = plain_rows(parser, at_once)
        yield plain
        yield other_rows(parser, key, ((first + n, line) for n, line in enumerate(at_once, 1) if not taken[n - 1]))


def s3_fetch(bucket: str) -> Fetch:
    s3 = boto3.client("s3")
    return lambda key, etag: s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)["Body"].read()


def parse_objects(connect: Callable[[], Fetch], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What Spark runs in its workers; ``connect`` is called once in each task."""
    fetch = connect()
    for raw in (raw for batch in batches for raw in batch.to_pylist()):
        rows = parse_object(raw["object"], fetch(raw["object"], raw["etag"]))
        yield from (batch for batch in rows if batch.num_rows)


# From changes to tables


def arriving_rows(objects: DataFrame, connect: Callable[[], Fetch]) -> DataFrame:
    """Every row of the objects, typed, and where it stands among the changes of its order in this batch.

    Bad rows have a ``reason``. ``_is_copy`` marks all copies of a change but one; an order's last change has ``_place`` 1.
    ``_further`` maps columns to further attributes; no column of a table opens with an underscore.
    """
    columns = QUARANTINE | CHANGES
    schema = ", ".join([*(f"{name} string" for name in columns), "_further map<string, string>"])
    texts = objects.mapInArrow(partial(parse_objects, connect), schema)
    typed = texts.select(*[F.col(name).cast(kind) for name, kind in columns.items()], "_further")
    padded = typed.withColumn("sequence_number", F.lpad("sequence_number", 40, "0"))
    order = Window.partitionBy(F.coalesce("orderid", "raw_line"))
    newest_first = order.orderBy(F.desc("sequence_number"), "event_id")
    copied = F.col("sequence_number") == F.lag("sequence_number").over(newest_first)
    return padded.withColumn("_is_copy", F.coalesce(copied, F.lit(False))).withColumn(
        "_place", F.row_number().over(newest_first)
    )


def latest_changes(changes: DataFrame) -> DataFrame:
    """What orders_current holds, from the whole change log."""
    newest_first = Window.partitionBy("orderid").orderBy(F.desc("sequence_number"))
    latest = changes.withColumn("_place", F.row_number().over(newest_first)).where("_place = 1").drop("_place")
    further = [name for name in latest.columns if name not in CHANGES]
    return latest.select(*CHANGES, F.expr("event_type = 'REMOVE' AS is_deleted"), *further)


def within_days(days: Iterable[date]) -> str:
    """SQL that confines the target to the days of a batch, so that MERGE opens their partitions only."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        first, end = ranges.pop() if ranges and ranges[-1][1] == day else (day, day)
        ranges.append((first, end + timedelta(days=1)))
    if len(ranges) > MOST_DAY_RANGES:
        ranges = [(ranges[0][0], ranges[-1][1])]
    day_range = "t.creation_time >= TIMESTAMP_NTZ '{}' AND t.creation_time < TIMESTAMP_NTZ '{}'"
    return f"({' OR '.join(day_range.format(*bounds) for bounds in ranges)})"


@dataclass(frozen=True)
class Lake:
    """The curated tables: one database in one Iceberg catalog."""

    spark: SparkSession
    catalog: str
    database: str

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
                name if name in rows.columns else F.col("_further")[name].alias(name)
                for name in self.read(table).columns
            ]
            self.spark.sql(statement, rows=rows.select(*columns))

        self.commit(attempt)


def prepare_tables(lake: Lake) -> None:
    """Create what is missing. Without orders_changes nothing counts as taken; orders_current is made from orders_changes."""
    lake.ensure("orders_quarantine", QUARANTINE)
    lake.ensure("orders_intake", INTAKE)
    if not lake.spark.catalog.tableExists(lake.name("orders_changes")):
        lake.commit(lambda: lake.spark.sql(f"DELETE FROM {lake.name('orders_intake')}"))  # noqa: S608 (names of ours)
    lake.ensure("orders_changes", CHANGES, "PARTITIONED BY (days(creation_time))")
    lake.ensure("orders_current", CURRENT, rows=latest_changes(lake.read("orders_changes")))


def not_taken(lake: Lake, listed: list[RawObject]) -> list[RawObject]:
    missing = object_frame(lake.spark, listed).join(lake.read("orders_intake"), ["object", "etag"], "left_anti")
    return [RawObject(*row) for row in missing.collect()]


def object_frame(spark: SparkSession, objects: list[RawObject]) -> DataFrame:
    """As many partitions, and so tasks, as the bytes are worth: to start a worker costs as much as to parse some megabytes."""
    size, cores = sum(raw.size_bytes for raw in objects), spark.sparkContext.defaultParallelism
    tasks = min(max(1, size // TASK_BYTES, min(size // SMALL_TASK_BYTES, cores)), max(1, len(objects)))
    rows = F.from_json(F.lit(json.dumps(objects)), "array<array<string>>")  # no Python worker, unlike a list of rows
    columns = [F.col("row")[place].cast(kind).alias(name) for place, (name, kind) in enumerate(RAW_OBJECT.items())]
    frame = spark.range(1).select(F.explode(rows).alias("row")).select(columns)
    return frame.repartition(tasks) if tasks > 1 else frame.coalesce(1)


def tune(lake: Lake, objects: list[RawObject]) -> None:
    """As many partitions in a shuffle as the batch, and the table that it is merged into, are worth: Spark's 200 cost a third more."""
    current = lake.spark.table(f"{lake.name('orders_current')}.files").agg(F.sum("file_size_in_bytes")).first()
    table_bytes = PACKED * ((current and current[0]) or 0)
    size, cores = sum(raw.size_bytes for raw in objects) + table_bytes, lake.spark.sparkContext.defaultParallelism
    lake.spark.conf.set("spark.sql.shuffle.partitions", max(2 * cores, size // SHUFFLED_BYTES))
    lake.spark.conf.set("spark.sql.inMemoryColumnarStorage.compressed", "false")  # rows are kept for minutes only


def curate(lake: Lake, objects: list[RawObject], connect: Callable[[], Fetch]) -> dict[str, Any]:
    """Commit all that the objects hold, then the objects as taken. Returns the run's counts."""
    started = datetime.now(UTC)
    tune(lake, objects)
    frame = object_frame(lake.spark, objects)
    rows = arriving_rows(frame, connect).persist()
    changes = rows.where("reason IS NULL AND NOT _is_copy")
    found = rows.agg(
        F.count("orderid").alias("changes"),
        F.count("reason").alias("quarantined"),
        F.collect_set(F.to_date("creation_time")).alias("days"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_set(F.map_keys("_further"))))).alias("attributes"),
    ).collect()[0]
    known = lake.read("orders_current").columns
    if found.changes:
        merge_changes(lake, changes, found.days, found.attributes)
    if found.quarantined:
        merge_bad_rows(lake, rows.where("reason IS NOT NULL"))
    if objects:
        merge_objects(lake, frame, taken_at=started)
    added, lag_seconds = added_changes(lake, changes, found.days, started)
    rows.unpersist()
    return {
        "objects": len(objects),
        "bytes": sum(raw.size_bytes for raw in objects),
        "changes": found.changes,
        "duplicates": found.changes - added,
        "quarantined": found.quarantined,
        "new_columns": [name for name in found.attributes if name not in known],
        "attributes": [name for name in lake.read("orders_current").columns if name not in CURRENT],
        "lag_seconds": lag_seconds,
    }


def merge_changes(lake: Lake, changes: DataFrame, days: list[date], attributes: list[str]) -> None:
    """The change log first: orders_current can be made from it, it cannot be made from orders_current."""
    for table in ("orders_changes", "orders_current"):
        lake.ensure_columns(table, dict.fromkeys(attributes, "string"))
    same_change = "t.orderid = s.orderid AND t.sequence_number = s.sequence_number"
    first_copy = "s.event_id < t.event_id"  # never true of DynamoDB's records; if it were, the outcome knows no order
    log = changes.select(*CHANGES, "_further")
    lake.merge("orders_changes", log, on=f"{same_change} AND {within_days(days)}", replaces=first_copy)
    latest = changes.where("_place = 1").withColumn("is_deleted", F.expr("event_type = 'REMOVE'"))
    later = f"(s.sequence_number > t.sequence_number OR s.sequence_number = t.sequence_number AND {first_copy})"
    current = latest.select(*CURRENT, "_further")
    lake.merge("orders_current", current, on="t.orderid = s.orderid", replaces=later)


def merge_bad_rows(lake: Lake, rows: DataFrame) -> None:
    same_line = "t.source_object = s.source_object AND t.line_number = s.line_number"
    lake.merge("orders_quarantine", rows.select(*QUARANTINE), on=same_line, replaces="t.reason <> s.reason")


def merge_objects(lake: Lake, objects: DataFrame, taken_at: datetime) -> None:
    taken = objects.withColumn("taken_at", F.lit(taken_at).cast("timestamp_ntz"))
    same_object = "t.object = s.object AND t.etag = s.etag"
    lake.merge("orders_intake", taken, on=same_object, replaces="t.taken_at > s.taken_at")


def added_changes(lake: Lake, changes: DataFrame, days: list[date], since: datetime) -> tuple[int, Lag]:
    """How many of the changes this session has added to orders_changes, and how long after their commit."""
    curated, summary, this_session = datetime.now(UTC), F.col("summary"), lake.spark.sparkContext.applicationId
    lag = F.lit(curated.timestamp()) - F.col("creation_time").cast("timestamp").cast("double")
    measures = (F.count("orderid"), F.percentile_approx(lag, list(LAGS.values()), 10_000))
    all_of_them = changes.agg(*measures).collect()[0]
    snapshots = lake.spark.table(f"{lake.name('orders_changes')}.snapshots")
    ours = snapshots.where((F.col("committed_at") >= since) & (summary["spark.app.id"] == this_session))
    snapshot = (
        ours.select("parent_id", summary["added-records"].cast("bigint").alias("added")).where("added > 0").first()
    )
    if snapshot is None:
        return 0, dict.fromkeys(LAGS)
    if snapshot.parent_id is None or snapshot.added == all_of_them[0]:
        added, lags = all_of_them
    else:
        version = lake.spark.read.option("snapshot-id", snapshot.parent_id).table(lake.name("orders_changes"))
        known = version.alias("t").where(within_days(days))
        added, lags = changes.join(known, ["orderid", "sequence_number"], "left_anti").agg(*measures).collect()[0]
    return added, dict(zip(LAGS, lags or [None] * len(LAGS), strict=True))


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


def start_session(catalog: str, warehouse: str) -> SparkSession:
    """A session whose catalog is the Glue Data Catalog. Endpoint, region and credentials are the environment's."""
    iceberg = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".warehouse": warehouse,
        ".cache-enabled": "false",  # an attempt after a conflict has to see the other run's commit
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
    parser.add_argument("--database", required=True, help="of the Glue Data Catalog; it has to exist")
    parser.add_argument("--warehouse", required=True, help="s3:// URI under which the tables are made")
    parser.add_argument("--catalog", default="glue_catalog", help="Spark's name for the catalog")
    parser.add_argument("--maintain", choices=("true", "false"), default="false", help="compact and expire afterwards")
    parser.add_argument("--ledger_key", help="object of the bucket that gets the counts")
    options, _of_glue = parser.parse_known_args()
    s3 = boto3.client("s3")
    lake = Lake(start_session(options.catalog, options.warehouse), options.catalog, options.database)
    prepare_tables(lake)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=options.bucket, Prefix=options.raw_prefix)
    listed = [RawObject(raw["Key"], raw["ETag"], raw["Size"]) for page in pages for raw in page.get("Contents", [])]
    counts = json.dumps(curate(lake, not_taken(lake, listed), partial(s3_fetch, options.bucket)))
    if options.maintain == "true":
        maintain(lake)
    if options.ledger_key:
        s3.put_object(
            Bucket=options.bucket, Key=options.ledger_key, Body=counts.encode(), ContentType="application/json"
        )
    print(counts)


if __name__ == "__main__":
    main()
