"""Measure the Spark job: a day's batch on histories of two sizes, a whole backfill beside bare Spark, and memory.

Each case runs in a Spark of its own (local[2], 2 GB of heap) with Iceberg tables in a folder; seconds are of the work, without the
session's start. A day has 50,000 changes; an order has four. The histories are written with Spark directly.
Bare Spark reads the same raw files with a declared schema, drops copies by order and sequence number, and writes Parquet by day.
Bytes scanned on curated tables are those of the column chunks that a query names, as Athena reads Parquet; on raw JSON, all.

    python -m benchmarks.curate             the four figures
    python -m benchmarks.curate CASE …      one case: prepare, daily, backfill, bare
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curated_tables import Lake, prepare_tables
from curation import curate, not_taken
from raw_objects import RawObject

from benchmarks.order_history import DAY, FIRST_DAY, day_lines, history_lines, history_sql, write_raw
from benchmarks.spark_lake import ROOT, curated_lake, spark_session, watched

HISTORIES, BACKFILL = (500_000, 5_000_000), 1_000_000
BARE_SCHEMA = (
    "orderID string, product_name string, quantity bigint, price decimal(12,2), event_type string, creation_time timestamp, "
    "event_id string, sequence_number string, actor string, customer string"
)


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="sales-cdc-curate-") as name:
        folder = Path(name)
        daily = []
        for size in HISTORIES:
            lake = folder / str(size)
            _case("prepare", lake, size)
            daily.append(_case("daily", lake, size))
            shutil.rmtree(lake)
        write_raw(folder / "raw", history_lines(BACKFILL))
        backfill, bare = (
            _case("backfill", folder / "lake", folder / "raw"),
            _case("bare", folder / "bare", folder / "raw"),
        )
        scanned = scanned_shares(folder / "lake" / "db", folder / "raw")
    return {
        "curate_day_on_5000000_to_500000": daily[1]["seconds"] / daily[0]["seconds"],
        "curate_day_on_5000000_seconds": daily[1]["seconds"],
        "curate_peak_mb": daily[1]["peak_mb"],
        "curate_1000000_to_bare_spark": backfill["seconds"] / bare["seconds"],
        "curate_1000000_seconds": backfill["seconds"],
        "insights_scan_to_raw": max(scanned.values()),
    }


def _case(name: str, *arguments: object) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.curate", name, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {name} {' '.join(map(str, arguments))}: {figures}", flush=True)
    return figures


# Cases, each in a process of its own


def prepare(folder: str, changes: str) -> dict[str, float]:
    """Write a history and its current state without the job, and the next day as raw objects."""
    size = int(changes)
    write_raw(Path(folder) / "day", day_lines(size))
    with curated_lake(Path(folder)) as lake:
        prepare_tables(lake)
        lake.spark.sql(history_sql(size)).writeTo(lake.name("orders_changes")).append()
        lake.spark.sql(taken_sql(size)).writeTo(lake.name("orders_intake")).append()
        lake.spark.sql(f"DROP TABLE {lake.name('orders_current')}")
        prepare_tables(lake)
        return {"orders": lake.read("orders_current").count()}


def taken_sql(changes: int) -> str:
    """Return the statement with which Spark makes the intake of a history: an object for each 1,000 changes, below its day's folder."""
    objects, of_a_day = changes // 1000, DAY // 1000
    day = f"date_add(DATE '{FIRST_DAY:%Y-%m-%d}', CAST(id div {of_a_day} AS int))"
    hour = f"lpad(CAST(id % {of_a_day} * 24 div {of_a_day} AS string), 2, '0')"
    return (
        f"SELECT concat('raw/orders/dt=', {day}, '/hr=', {hour}, '/', id, '.json') AS object, md5(CAST(id AS string)) AS etag, "  # noqa: S608 (numbers)
        f"1L AS size_bytes, CAST(now() AS timestamp_ntz) AS taken_at FROM range({objects})"
    )


def daily(folder: str, changes: str) -> dict[str, float]:
    """Measure a whole run over the day, on top of the history."""
    with curated_lake(Path(folder)) as lake:
        figures, counts = _curated(lake, Path(folder) / "day")
    assert (counts["changes"], counts["duplicates"], counts["quarantined"]) == (DAY, 0, 0), (changes, counts)
    return figures


def backfill(folder: str, raw: str) -> dict[str, float]:
    with curated_lake(Path(folder)) as lake:
        figures, counts = _curated(lake, Path(raw))
    assert (counts["changes"], counts["duplicates"], counts["quarantined"]) == (BACKFILL, 0, 0), counts
    return figures


def bare(folder: str, raw: str) -> dict[str, float]:
    with spark_session(Path(folder)) as spark, watched() as figures:
        rows = spark.read.schema(BARE_SCHEMA).json(raw).dropDuplicates(["orderID", "sequence_number"])
        days = rows.selectExpr("*", "to_date(creation_time) AS day")
        days.write.partitionBy("day").parquet(str(Path(folder) / "out"))
    return figures


def _curated(lake: Lake, raw: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Do what the script's ``main`` does, with files instead of S3."""
    listed = [RawObject(str(file), file.name, file.stat().st_size) for file in sorted(raw.iterdir())]
    with watched() as figures:
        prepare_tables(lake)
        counts = curate(lake, not_taken(lake, listed), lambda: lambda key, _: open(key, "rb").read())  # noqa: PTH123, SIM115
    return figures, counts


# Bytes that insights scan


def scanned_shares(tables: Path, raw: Path) -> dict[str, float]:
    """Return for each insight the bytes of its Parquet columns as a share of the raw files' bytes."""
    raw_bytes = sum(file.stat().st_size for file in raw.iterdir())
    shares = {}
    for query in sorted((ROOT / "include" / "sql" / "insights").glob("*.sql")):
        words = set(re.findall(r"\w+", query.read_text()))
        read = [tables / table / "data" for table in ("orders_changes", "orders_current") if table in words]
        shares[query.stem] = sum(_column_bytes(folder, words) for folder in read) / raw_bytes
    return shares


def _column_bytes(folder: Path, names: set[str]) -> int:
    import pyarrow.parquet as pq

    files = [pq.read_metadata(file) for file in folder.rglob("*.parquet")]
    groups = [file.row_group(place) for file in files for place in range(file.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    return sum(column.total_compressed_size for column in columns if column.path_in_schema in names)


CASES: dict[str, Callable[[str, str], dict[str, float]]] = {"prepare": prepare, "daily": daily, "backfill": backfill, "bare": bare}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else measure()))
