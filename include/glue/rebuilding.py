"""Rebuild: curated tables made again from all raw objects, beside the live ones, with which sales_cdc_rebuild exchanges them.

The rebuilt tables are those of the contract under another entity's name, with an intake of their own. So a build that stopped goes
on where it stopped, and two builds at once make the same tables: it is the job's ordinary run, in slices.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from curated_tables import Lake, prepare_tables
from curation import curate, not_taken
from pyspark.sql import DataFrame
from raw_objects import Fetch, RawObject
from takings import object_frame

REBUILT = "rebuild"
"""Stands after the entity in the names of rebuilt tables: ``orders_rebuild_changes``."""
MAX_ROUNDS = 3
SLICE_BYTES, SLICE_OBJECTS = 4 * 2**30, 20_000
EXCHANGES, MARK = "ledger/rebuild/exchange/", "mark"
"""Where the rebuild marks that it exchanges the tables: ``<exchange>/mark``. Beside it are the runs that wait."""
MAX_WAIT_SECONDS, POLL_SECONDS = 30 * 60, 2
SUMS = ("objects", "bytes", "changes", "duplicates", "quarantined")

Listing = Callable[[], DataFrame | list[RawObject]]


def rebuilt_lake(lake: Lake, folder: str | None) -> Lake:
    """Return the tables beside the live ones; each gets a new folder, because the live table's own stays that table's."""
    return replace(lake, contract=replace(lake.contract, entity=f"{lake.contract.entity}_{REBUILT}"), folder=folder)


def rebuild(lake: Lake, listing: Listing, connect: Callable[[], Fetch]) -> dict[str, Any]:
    """Take every raw object into the tables, slice by slice, then what arrived meanwhile. Returns the sums of the slices' counts."""
    prepare_tables(lake)
    sums: Counter[str] = Counter(dict.fromkeys(SUMS, 0))
    for _ in range(MAX_ROUNDS):
        missing = [RawObject(*row) for row in not_taken(lake, listing()).collect()]
        for some in slices(missing):
            counts = curate(lake, object_frame(lake.spark, some), connect)
            sums.update({name: counts[name] for name in SUMS})
            print(dict(sums))
        if not missing:
            break
    return {**sums, "attributes": lake.further_columns(lake.current)}


def slices(objects: list[RawObject]) -> Iterator[list[RawObject]]:
    """Cut the objects, in the order of their keys, into parts that one pass can hold: hours stay together, so that few partitions change."""
    part: list[RawObject] = []
    size = 0
    for raw in sorted(objects):
        if part and (size + raw.size_bytes > SLICE_BYTES or len(part) == SLICE_OBJECTS):
            yield part
            part, size = [], 0
        part.append(raw)
        size += raw.size_bytes
    if part:
        yield part


def await_exchange(
    s3: Any,
    bucket: str,
    run_id: str,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait while sales_cdc_rebuild exchanges the tables: a run that wrote to both would leave out what it has taken.

    The rebuild puts a mark, then waits for the runs that go on. So a run that finds no mark is waited for. One that finds a mark says
    beside it that it waits, and is not waited for.

    Raises:
        TimeoutError: a mark stays.
    """
    deadline = now() + MAX_WAIT_SECONDS
    said: set[str] = set()
    while marks := exchange_marks(s3, bucket):
        for mark in marks - said:
            s3.put_object(Bucket=bucket, Key=f"{mark.removesuffix(MARK)}{run_id}", Body=b"waits")
        said |= marks
        if now() > deadline:
            raise TimeoutError(
                f"Curate beside the rebuild: s3://{bucket}/{min(marks)} says that sales_cdc_rebuild exchanges the tables, for "
                f"{MAX_WAIT_SECONDS // 60} minutes now. If no run of that DAG goes on, run it again: it ends what it began, and "
                "removes the mark. Nothing was curated."
            )
        sleep(POLL_SECONDS)


def exchange_marks(s3: Any, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=EXCHANGES)
    keys = {found["Key"] for page in pages for found in page.get("Contents", [])}
    return {key for key in keys if key.endswith(f"/{MARK}")}
