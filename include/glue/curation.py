"""One run of the job: what new raw objects hold is committed to the curated tables, then the objects as taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from change_contract import SEQUENCE_NUMBER_DIGITS
from curated_tables import QUARANTINE, RAW_OBJECT, STREAM, Lake, change_columns, current_columns
from key_ranges import EVERYTHING, Confined, confined
from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from raw_objects import FURTHER, Fetch, RawObject, read_objects, read_quarantined
from takings import Note, in_tasks, noted, object_frame, takings_of, within_folders, without_insert

LAGS = {"p50": 0.5, "p99": 0.99, "max": 1.0}
SHUFFLED_BYTES, PACKED = 32 * 2**20, 8  # a partition's share of a shuffle; what a byte of Parquet is then worth
HASHED_BYTES = 8 * 2**20
"""A batch of less in each partition of a shuffle is joined by a hash table of it; sorting all orders for it costs a second in four."""
WORTH_CONFINING_BYTES = 32 * 2**20
"""Of the current state: to read one of less costs no more than to ask for its files' keys."""
MAX_DAY_RANGES = 50
MAX_NAMED = 20

Lag = dict[str, float | None]
NOTHING_RESCUED: dict[str, Any] = {"changes": 0, "fields": [], "keys": [], "values": []}


def not_taken(
    lake: Lake, listed: DataFrame | Sequence[RawObject], *, folders: Sequence[str] | None = None
) -> DataFrame:
    """Return the objects that no run has taken. With the ``folders`` that they are in, the intake of those alone is read."""
    rows = listed if isinstance(listed, DataFrame) else object_frame(lake.spark, listed)
    intake = lake.read(lake.intake)
    known = intake if folders is None else intake.where(within_folders("object", folders))
    return rows.select(*RAW_OBJECT).join(known, ["object", "etag"], "left_anti")


def tune(lake: Lake, size_bytes: int) -> None:
    """As many partitions in a shuffle as the rows are worth: Spark's 200 cost a third more.

    Source: https://spark.apache.org/docs/3.5.4/sql-performance-tuning.html#converting-sort-merge-join-to-shuffled-hash-join
    """
    cores = lake.spark.sparkContext.defaultParallelism
    lake.spark.conf.set("spark.sql.shuffle.partitions", max(2 * cores, size_bytes // SHUFFLED_BYTES))
    for name in (
        "maxShuffledHashJoinLocalMapThreshold",
        "advisoryPartitionSizeInBytes",
    ):  # the first is to reach the second
        lake.spark.conf.set(f"spark.sql.adaptive.{name}", HASHED_BYTES)
    lake.spark.conf.set("spark.sql.inMemoryColumnarStorage.compressed", "false")  # rows are kept for minutes only


def bytes_of(lake: Lake, table: str) -> int:
    """Return the bytes of the table's files, as its last commit says: a table of the files has columns for each of the table's."""
    commits = lake.spark.table(f"{lake.name(table)}.snapshots").orderBy(F.desc("committed_at"))
    last = commits.select(F.col("summary")["total-files-size"].cast("bigint")).first()
    return (last and last[0]) or 0


def curate(
    lake: Lake, objects: DataFrame, connect: Callable[[], Fetch], *, note: Note | None = None, everything: bool = True
) -> dict[str, Any]:
    """Commit all that the objects hold, then the objects as taken. Returns the run's counts.

    Args:
        note: takes what is to be checked after this run. It is called before the first commit: a run that is killed has noted all
            that it may have committed.
        everything: also what costs more with the age of the tables: lines in quarantine that are changes by now are released.
    """
    started = datetime.now(UTC)
    objects = objects.localCheckpoint()  # a plan that reads the intake is run again when the intake changes
    taken = takings_of(objects)
    standing = bytes_of(lake, lake.current)
    tune(lake, taken.bytes + PACKED * standing)
    frame = in_tasks(objects, taken)
    released = releasable(lake) if everything else None
    rows = arriving_rows(lake, frame, connect, released).persist()
    changes = rows.where("reason IS NULL AND NOT _is_copy")
    found = summary(lake, rows)
    known = lake.further_columns(lake.current)
    within = Confined(EVERYTHING, standing, standing)
    if found.changes and standing > WORTH_CONFINING_BYTES:
        within = confined(lake, changes.where("_place = 1"), found.orders)
        tune(lake, taken.bytes + PACKED * within.joined_bytes)
    if note is not None:
        orders = without_insert(lake, changes, within.condition) if found.changes else []
        note(noted(objects, found.days, orders))
    with lake.written_by_day(max(len(found.days), len(taken.folders))):
        if found.changes:
            merge_changes(lake, changes, found.days, found.attributes, within.condition)
        if released is not None:
            release(lake, rows.where("reason IS NULL"))
        if found.quarantined:
            merge_bad_rows(lake, rows.where("reason IS NOT NULL"), taken.folders)
        if taken.objects:
            merge_objects(lake, objects, taken.folders, taken_at=started)
    added, lag_seconds = added_changes(lake, changes, found, started)
    rescued = rescued_values(lake, changes) if found.rescued else NOTHING_RESCUED
    rows.unpersist()
    attributes = lake.further_columns(lake.current)
    return {
        "objects": taken.objects,
        "bytes": taken.bytes,
        "changes": found.changes,
        "duplicates": found.changes - added,
        "quarantined": found.quarantined,
        "rescued": rescued,
        "new_columns": [name for name in attributes if name not in known],
        "attributes": attributes,
        "lag_seconds": lag_seconds,
    }


def summary(lake: Lake, rows: DataFrame) -> Row:
    """Return what a run has to know of all its rows, in one pass over them.

    ``changes`` with copies, ``different`` without; ``ages``: the percentiles of ``LAGS`` of the seconds from each change's commit to
    1970, which grow with its lag.
    """
    is_change, is_bad = F.expr("reason IS NULL AND NOT _is_copy"), F.col("reason").isNotNull()
    return rows.agg(
        F.count(lake.key[0]).alias("changes"),
        F.count_if(is_change).alias("different"),
        F.count_if(~is_bad & F.expr("_place = 1")).alias("orders"),
        F.count_if(is_change & F.col("rescued_data").isNotNull()).alias("rescued"),
        F.count_if(is_bad).alias("quarantined"),
        F.collect_set(F.to_date("creation_time")).alias("days"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_set(F.map_keys(FURTHER))))).alias("attributes"),
        ages(F.when(is_change, F.col("creation_time"))).alias("ages"),
    ).collect()[0]


def ages(moments: Column) -> Column:
    """Return the percentiles of ``LAGS`` of the seconds from these moments to 1970; null when there are none."""
    seconds = -moments.cast("timestamp").cast("double")
    return F.percentile_approx(seconds, list(LAGS.values()), 10_000)


def rescued_values(lake: Lake, changes: DataFrame) -> dict[str, Any]:
    """How many changes have rescued values, of which fields, the first of their orders, and the first values by name.

    An order is named by its key, or by a JSON array of its key's two parts.
    """
    typed = F.from_json("rescued_data", "map<string, string>")
    order_id = (F.col(lake.key[0]) if len(lake.key) == 1 else F.to_json(F.array(*lake.key))).alias("order_id")
    rescued = changes.where("rescued_data IS NOT NULL").select(order_id, "source_object", typed.alias("typed"))
    rescued = rescued.withColumn("names", F.map_keys("typed"))
    found = rescued.agg(
        F.count("order_id").alias("changes"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_set("names")))).alias("fields"),
        F.slice(F.array_sort(F.collect_set("order_id")), 1, MAX_NAMED).alias("keys"),
    ).collect()[0]
    return {
        "changes": found.changes,
        "fields": found.fields,
        "keys": found["keys"],
        "values": first_values(lake, rescued),
    }


def first_values(lake: Lake, rescued: DataFrame) -> list[dict[str, str]]:
    """Of each field in turn: an order, the field, its declared type, DynamoDB's type of the value, and the raw object; no value."""
    declared = {each.name: each.type for each in lake.contract.fields}
    named = rescued.select(F.col("order_id").alias("key"), "source_object", F.explode("typed").alias("field", "value"))
    turns = Window.partitionBy("field").orderBy("key", "source_object")
    ranked = named.withColumn("turn", F.row_number().over(turns)).where(F.col("turn") <= MAX_NAMED)
    found = F.map_keys(F.from_json("value", "map<string, string>"))[0].alias("found")
    rows = ranked.orderBy("turn", "field").limit(MAX_NAMED).select("key", "field", found, "source_object").collect()
    return [
        {
            "key": row["key"],
            "field": row.field,
            "declared": declared.get(row.field, "string"),
            "found": row.found or "",
            "object": row.source_object or "",
        }
        for row in rows
    ]


def arriving_rows(
    lake: Lake, objects: DataFrame, connect: Callable[[], Fetch], released: DataFrame | None = None
) -> DataFrame:
    """Every row of the objects, and of lines ``released`` from quarantine, typed, and where it stands among the changes of its order in this batch.

    Bad rows have a ``reason``. ``_is_copy`` marks all copies of a change but one; an order's last change has ``_place`` 1.
    ``_further`` maps columns to further attributes.
    """
    columns = QUARANTINE | change_columns(lake.contract)
    schema = ", ".join([*(f"{name} string" for name in columns), f"{FURTHER} map<string, string>"])
    texts = objects.mapInArrow(partial(read_objects, lake.contract, connect), schema)
    if released is not None:
        texts = texts.unionByName(released.mapInArrow(partial(read_quarantined, lake.contract), schema))
    typed = texts.select(*[F.col(name).cast(kind) for name, kind in columns.items()], FURTHER)
    padded = typed.withColumn("sequence_number", F.lpad("sequence_number", SEQUENCE_NUMBER_DIGITS, "0"))
    order = Window.partitionBy(F.coalesce(lake.key[0], "raw_line"), *lake.key[1:])
    position = F.struct(F.expr(STREAM.format("")), "sequence_number")
    newest_first = order.orderBy(position.desc(), "event_id")
    copied = position == F.lag(position).over(newest_first)
    return padded.withColumn("_is_copy", F.coalesce(copied, F.lit(False))).withColumn(
        "_place", F.row_number().over(newest_first)
    )


def releasable(lake: Lake) -> DataFrame | None:
    """Lines that a former version has refused for a value of a field, which is rescued now; None when there are none."""
    fields = "|".join([*(each.member for each in lake.contract.fields), "actor"])
    lines = lake.read(lake.quarantine).where(F.col("reason").rlike(f"^({fields}) is (not |missing)"))
    return None if lines.isEmpty() else lines


def release(lake: Lake, changes: DataFrame) -> None:
    """Take lines out of quarantine that have become changes; those of arriving objects are in none, and match nothing."""
    statement = (
        f"MERGE INTO {lake.name(lake.quarantine)} t USING {{rows}} s ON t.source_object = s.source_object "
        "AND t.line_number = s.line_number WHEN MATCHED THEN DELETE"
    )
    origin = changes.where("source_object IS NOT NULL").select("source_object", "line_number")
    lake.commit(lambda: lake.spark.sql(statement, rows=origin))


def same_change(lake: Lake) -> str:
    """SQL that finds a change ``s`` in the target ``t``."""
    return " AND ".join(f"t.{name} <=> s.{name}" for name in (*lake.key, "source_stream", "sequence_number"))


def merge_changes(
    lake: Lake, changes: DataFrame, days: list[date], attributes: list[str], within: str = EVERYTHING
) -> None:
    """The change log first: the current state can be made from it, it cannot be made from the current state."""
    admitted = lake.admit(lake.changes, attributes)
    lake.ensure_columns(lake.current, dict.fromkeys(admitted, "string"))
    first_copy = "s.event_id < t.event_id"  # never true of DynamoDB's records; if it were, the outcome knows no order
    log = changes.select(*change_columns(lake.contract), FURTHER)
    lake.merge(
        lake.changes, log, on=f"{same_change(lake)} AND {within_days(days)}", replaces=first_copy, attributes=attributes
    )
    merge_current(lake, changes.where("_place = 1"), attributes, within)


def merge_current(lake: Lake, latest: DataFrame, attributes: list[str], within: str = EVERYTHING) -> None:
    """Put the last change of each order in the place of its current state, unless that is later.

    Args:
        within: SQL that is true for the current state ``t`` of each of these orders.
    """
    first_copy = "s.event_id < t.event_id"  # never true of DynamoDB's records; if it were, the outcome knows no order
    ours, theirs = (f"struct({STREAM.format(f'{each}.')}, {each}.sequence_number)" for each in "st")
    later = f"({ours} > {theirs} OR {ours} = {theirs} AND {first_copy})"
    rows = latest.withColumn("is_deleted", F.expr("event_type = 'REMOVE'"))
    current = rows.select(*current_columns(lake.contract), FURTHER)
    same_key = " AND ".join(f"t.{name} = s.{name}" for name in lake.key)
    lake.merge(lake.current, current, on=f"{same_key} AND {within}", replaces=later, attributes=attributes)


def merge_bad_rows(lake: Lake, rows: DataFrame, folders: Sequence[str]) -> None:
    same_line = f"t.source_object = s.source_object AND t.line_number = s.line_number AND {within_folders('t.source_object', folders)}"
    lake.merge(lake.quarantine, rows.select(*QUARANTINE), on=same_line, replaces="t.reason <> s.reason")


def merge_objects(lake: Lake, objects: DataFrame, folders: Sequence[str], taken_at: datetime) -> None:
    taken = objects.withColumn("taken_at", F.lit(taken_at).cast("timestamp_ntz"))
    same_object = f"t.object = s.object AND t.etag = s.etag AND {within_folders('t.object', folders)}"
    lake.merge(lake.intake, taken, on=same_object, replaces="t.taken_at > s.taken_at")


def added_changes(lake: Lake, changes: DataFrame, found: Row, since: datetime) -> tuple[int, Lag]:
    """How many of the changes this session has added to orders_changes, and how long after their commit."""
    curated, committed, this_session = datetime.now(UTC), F.col("summary"), lake.spark.sparkContext.applicationId
    snapshots = lake.spark.table(f"{lake.name(lake.changes)}.snapshots")
    ours = snapshots.where((F.col("committed_at") >= since) & (committed["spark.app.id"] == this_session))
    snapshot = (
        ours.select("parent_id", committed["added-records"].cast("bigint").alias("added")).where("added > 0").first()
    )
    if snapshot is None:
        return 0, dict.fromkeys(LAGS)
    added, seconds = found.different, found.ages
    if snapshot.parent_id is not None and snapshot.added != added:
        version = lake.spark.read.option("snapshot-id", snapshot.parent_id).table(lake.name(lake.changes))
        known = version.alias("t").where(within_days(found.days))
        new = changes.alias("s").join(known, F.expr(same_change(lake)), "left_anti")
        added, seconds = new.agg(F.count(lake.key[0]), ages(F.col("creation_time"))).collect()[0]
    lags = [curated.timestamp() + age for age in seconds or []]
    return added, dict(zip(LAGS, lags or [None] * len(LAGS), strict=True))


def within_days(days: Iterable[date]) -> str:
    """SQL that confines the target to the days of a batch, so that MERGE opens their partitions only."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        first, end = ranges.pop() if ranges and ranges[-1][1] == day else (day, day)
        ranges.append((first, end + timedelta(days=1)))
    if len(ranges) > MAX_DAY_RANGES:
        ranges = [(ranges[0][0], ranges[-1][1])]
    day_range = "t.creation_time >= TIMESTAMP_NTZ '{}' AND t.creation_time < TIMESTAMP_NTZ '{}'"
    return f"({' OR '.join(day_range.format(*bounds) for bounds in ranges)})"
