"""What a run of the job takes: how much, under which folders, and what it notes of it before its first commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from curated_tables import RAW_OBJECT, STREAM, Lake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from raw_objects import RawObject
from watermark import Hour, hour_of

TASK_BYTES, SMALL_TASK_BYTES = 16 * 2**20, 2**20
DAY_FOLDER = len("raw/orders/dt=2026-01-01")
LAST_CHARACTER = "\U0010ffff"
MAX_FOLDERS = 50
MAX_WITHOUT_INSERT = 900
"""How many orders a run notes: a check shows at most 999."""

Note = Callable[[dict[str, Any]], None]


class Takings(NamedTuple):
    """How many objects a run takes, their bytes, and the day folders that they are in."""

    objects: int
    bytes: int
    folders: list[str]


def object_frame(spark: SparkSession, objects: Sequence[RawObject]) -> DataFrame:
    """Return rows of ``RAW_OBJECT``: no Python worker makes them, unlike those of a list."""
    rows = F.from_json(F.lit(json.dumps(objects)), "array<array<string>>")
    columns = [F.col("row")[place].cast(kind).alias(name) for place, (name, kind) in enumerate(RAW_OBJECT.items())]
    return spark.range(1).select(F.explode(rows).alias("row")).select(columns)


def takings_of(objects: DataFrame) -> Takings:
    found = objects.agg(
        F.count("object").alias("objects"),
        F.coalesce(F.sum("size_bytes"), F.lit(0)).alias("bytes"),
        F.collect_set(F.substring("object", 1, DAY_FOLDER)).alias("folders"),
    ).collect()[0]
    return Takings(found.objects, found.bytes, sorted(found.folders))


def in_tasks(objects: DataFrame, taken: Takings) -> DataFrame:
    """As many partitions, and so tasks, as the bytes are worth: to start a worker costs as much as to parse some megabytes."""
    cores = objects.sparkSession.sparkContext.defaultParallelism
    worth = max(1, taken.bytes // TASK_BYTES, min(taken.bytes // SMALL_TASK_BYTES, cores))
    tasks = min(worth, max(1, taken.objects))
    return objects.repartition(tasks) if tasks > 1 else objects.coalesce(1)


def within_folders(column: str, folders: Iterable[str]) -> str:
    """SQL that confines a column of object keys to folders, so that the others' files are not read; all where there are too many.

    >>> within_folders("t.object", ["raw/a"])
    "(t.object >= 'raw/a' AND t.object < 'raw/a\U0010ffff')"
    """
    bounds = [(folder, folder + LAST_CHARACTER) for folder in sorted(folders)]
    if not bounds:
        return "false"
    if len(bounds) > MAX_FOLDERS:
        bounds = [(bounds[0][0], bounds[-1][1])]
    ranges = (f"{column} >= {text_literal(first)} AND {column} < {text_literal(end)}" for first, end in bounds)
    return f"({' OR '.join(ranges)})"


def text_literal(value: str) -> str:
    """SQL: a text, for Spark."""
    return "'{}'".format(value.replace("\\", "\\\\").replace("'", "\\'"))


def hours_of(objects: DataFrame) -> list[Hour]:
    """Return the hours whose folders hold these objects."""
    hours = objects.select(F.regexp_extract("object", "dt=[^/]+/hr=[^/]+/", 0).alias("hour")).distinct().collect()
    return sorted(hour for row in hours if (hour := hour_of(row.hour)) is not None)


def without_insert(lake: Lake, changes: DataFrame, within: str = "true") -> list[str]:
    """Return orders that the current state has not, and whose first change of these is no insert: the first of them, by key.

    On the curated tables alone this question reads all changes there ever were. ``within`` is SQL that is true for the current state ``t``
    of each of these orders.
    """
    position = F.struct(F.expr(STREAM.format("")), "sequence_number", "event_type")
    first = changes.groupBy(*lake.key).agg(F.min(position).alias("first")).where("first.event_type <> 'INSERT'")
    known = lake.read(lake.current).alias("t").where(within).select(*lake.key)
    unknown = first.join(known, lake.key, "left_anti")
    rows = unknown.select(lake.key[0]).orderBy(lake.key[0]).limit(MAX_WITHOUT_INSERT).collect()
    return [row[0] for row in rows]


def noted(objects: DataFrame, days: Iterable[date], orders: Sequence[str]) -> dict[str, Any]:
    """Return what the gate has to look at after the run: hours of raw objects, days of changes, orders without an insert."""
    hours = [list(hour) for hour in hours_of(objects)]
    return {"hours": hours, "days": sorted(map(str, days)), "without_insert": list(orders)}
