"""List the names of raw objects in Spark's tasks: of the folders that may hold objects which nobody has taken, or of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, NamedTuple

import boto3
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from watermark import Watermark, day_of, hour_of, ranges, reached

LISTED = {"object": "string", "etag": "string", "size_bytes": "bigint", "stored_at": "timestamp"}
FOLDERS_PER_TASK = 4
NAMES_AT_ONCE = 10_000

Name = tuple[str, str, int, datetime]
ListFolder = Callable[[str], Iterable[Name]]


class Level(NamedTuple):
    """What is directly under the raw prefix: its folders, and the prefix itself if it holds objects; and S3's time."""

    folders: list[str]
    now: datetime


def level_of(s3: Any, bucket: str, prefix: str) -> Level:
    """List the folders directly under a prefix: a request for a thousand of them."""
    folders, holds_objects, now = [], False, datetime.now(UTC)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        folders += [found["Prefix"] for found in page.get("CommonPrefixes", [])]
        holds_objects |= bool(page.get("Contents"))
        headers = page["ResponseMetadata"]["HTTPHeaders"]
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else now
    return Level([*folders, *([prefix] if holds_objects else [])], now)


def s3_names(bucket: str, prefix: str) -> ListFolder:
    """Return how a task lists a folder; of the prefix itself it lists what is in no folder."""
    s3 = boto3.client("s3")

    def names(folder: str) -> Iterator[Name]:
        options = {"Delimiter": "/"} if folder == prefix else {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder, **options):
            for found in page.get("Contents", []):
                yield found["Key"], found["ETag"], found["Size"], found["LastModified"]

    return names


def listed_objects(spark: SparkSession, folders: Sequence[str], connect: Callable[[], ListFolder]) -> DataFrame:
    """Return a row of ``LISTED`` for each object in the folders. Only the folders' names pass through the driver."""
    names = F.from_json(F.lit(json.dumps(list(folders))), "array<string>")
    frame = spark.range(1).select(F.explode(names).alias("folder"))
    tasks = min(-(-len(folders) // FOLDERS_PER_TASK), 4 * spark.sparkContext.defaultParallelism)
    schema = ", ".join(f"{name} {kind}" for name, kind in LISTED.items())
    spread = frame.repartition(tasks) if tasks > 1 else frame.coalesce(1)
    return spread.mapInArrow(partial(list_folders, connect), schema)


def list_folders(connect: Callable[[], ListFolder], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """List the folders that Spark gives a task; ``connect`` is called once in each."""
    names_of = connect()
    kinds = [pa.string(), pa.string(), pa.int64(), pa.timestamp("us", "UTC")]
    schema = pa.schema(list(zip(LISTED, kinds, strict=True)))
    for folder in (folder for batch in batches for folder in batch.column("folder").to_pylist()):
        held: list[dict[str, Any]] = []
        for name in names_of(folder):
            held.append(dict(zip(LISTED, name, strict=True)))
            if len(held) == NAMES_AT_ONCE:
                yield pa.RecordBatch.from_pylist(held, schema=schema)
                held = []
        yield pa.RecordBatch.from_pylist(held, schema=schema)


def watermark_after(listed: DataFrame, folders: list[str], lake: str) -> dict[str, Any] | None:
    """Return the watermark up to which all is taken now, from what was listed; None when nothing was."""
    hour = F.regexp_extract("object", "dt=[^/]+/hr=[^/]+/", 0)
    found = listed.agg(
        F.collect_set(hour).alias("hours"), F.unix_timestamp(F.max("stored_at")).alias("stored_at")
    ).collect()[0]
    if found.stored_at is None:
        return None
    stored_at = datetime.fromtimestamp(found.stored_at, UTC)
    hours = [place for text in found.hours if (place := hour_of(text)) is not None]
    days = [day for folder in folders if (day := day_of(folder)) is not None]
    return Watermark(reached(hours, stored_at), stored_at, ranges(days), lake).document()
