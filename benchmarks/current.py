"""Measure what the MERGE of a day of 5,000 changes costs on an ``orders_current`` of 500,000, 5,000,000 and 20,000,000 orders.

The table is written with Spark directly, sorted by key as maintenance leaves it; three of four changes are of orders that it holds. Keys
are at random, as UUIDs of version 4 are, or rise with time, as those of counters, ULIDs and UUIDs of version 7 do; then the day's orders
are among the youngest 50,000. Bytes are those that Spark reads from files meanwhile, Iceberg's
metadata included, and those of the files that the commit adds.

    python -m benchmarks.current                          the figures, and CURRENT.md
    python -m benchmarks.current 500000 5000000           the same of these sizes
    python -m benchmarks.current --one random 500000 DIR  one case, its table in a folder
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curated_tables import Lake, current_columns, prepare_tables
from curation import PACKED, merge_current, tune
from key_ranges import confined
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from raw_objects import FURTHER

from benchmarks.spark_lake import ROOT, curated_lake, watched

SIZES, DAY, YOUNG = (500_000, 5_000_000, 20_000_000), 5_000, 50_000
ORDERS_OF_A_FILE = 500_000
KEYS = {"random": "md5(CAST(id AS string))", "rising": "lpad(CAST(id AS string), 32, '0')"}
PAGE = Path(__file__).with_name("CURRENT.md")

Case = dict[str, float]


def measure(sizes: tuple[int, ...] = SIZES) -> dict[str, float]:
    """Measure each kind of key on each size; return ratios of the largest table to the smallest, and write the page."""
    found: dict[tuple[str, int], Case] = {}
    for orders in sizes:
        for kind in KEYS:
            with tempfile.TemporaryDirectory(prefix="sales-cdc-current-") as folder:
                found[kind, orders] = _case(kind, orders, Path(folder) / "lake")
    PAGE.write_text(as_page(found))
    first, last = sizes[0], sizes[-1]
    ratios = {
        f"current_{kind}_{what}": found[kind, last][what] / found[kind, first][what]
        for kind in KEYS
        for what in ("read_bytes", "written_bytes", "seconds")
    }
    return ratios | {"current_random_of_keys": found["random", last]["read_bytes"] / found["random", last]["key_bytes"]}


def _case(kind: str, orders: int, folder: Path) -> Case:
    command = [sys.executable, "-m", "benchmarks.current", "--one", kind, str(orders), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    figures: Case = json.loads(done.stdout.splitlines()[-1])
    print(f"  {kind} {orders:,}: {figures}", flush=True)
    return figures


def merged(kind: str, orders: int, folder: Path) -> Case:
    """Make the table, merge the day, and return what that cost."""
    with curated_lake(folder) as lake:
        prepare_tables(lake)
        _fill(lake, kind, orders)
        table = f"{lake.name(lake.current)}.files"
        files = lake.spark.table(table).agg(F.sum("file_size_in_bytes"), F.count("*")).collect()[0]
        changes = _day(lake, kind, orders).localCheckpoint()
        before = _bytes_read(lake)
        with watched() as figures:
            within = confined(lake, changes, changes.count())
            tune(lake, PACKED * within.joined_bytes)
            merge_current(lake, changes, [], within.condition)
        read = _bytes_read(lake) - before
        commit = lake.spark.table(f"{lake.name(lake.current)}.snapshots").orderBy(F.desc("committed_at"))
        summary = commit.select("summary").collect()[0][0]
        held = lake.read(lake.current).agg(F.count("*"), F.countDistinct("orderid")).collect()[0]
        new = changes.where("is_new").count()
        assert held[0] == held[1] == orders + new, (held, orders, new)
        return {
            "read_bytes": read,
            "kept_bytes": within.read_bytes,
            "written_bytes": int(summary["added-files-size"]),
            "written_files": int(summary.get("added-data-files", 0)) + int(summary.get("added-delete-files", 0)),
            "table_bytes": files[0],
            "table_files": files[1],
            "key_bytes": _column_bytes(folder, {"orderid", "source_stream", "sequence_number", "event_id"}),
            "seconds": figures["seconds"],
        }


def _fill(lake: Lake, kind: str, orders: int) -> None:
    rows = lake.spark.range(orders).selectExpr(*_columns(lake, KEYS[kind]))
    spread = rows.repartitionByRange(-(-orders // ORDERS_OF_A_FILE), "orderid")
    spread.sortWithinPartitions("orderid").writeTo(lake.name(lake.current)).append()


def _day(lake: Lake, kind: str, orders: int) -> DataFrame:
    """Return the last changes of a day's orders, as the job has them before it merges them."""
    of_any_age = f"{orders} - 1 - id * 7919 % {orders}"
    held = f"{orders} - 1 - id * 7919 % {YOUNG}" if kind == "rising" else of_any_age
    day = lake.spark.range(DAY).selectExpr(f"CASE WHEN id % 4 = 0 THEN {orders} + id ELSE {held} END AS id").distinct()
    further = f"CAST(NULL AS map<string, string>) AS {FURTHER}"
    return day.selectExpr(*_columns(lake, KEYS[kind], later=1), f"id >= {orders} AS is_new", further)


def _columns(lake: Lake, key: str, later: int = 0) -> list[str]:
    made = {
        "orderid": key, "product_name": "'laptop'", "quantity": "1 + id % 9", "price": "CAST(id % 2000 AS decimal(12,2))",
        "event_type": "'MODIFY'", "creation_time": "TIMESTAMP_NTZ '2026-01-01 00:00:00'", "event_id": "md5(concat('-', id))",
        "sequence_number": f"lpad(CAST(id * 1000003 + {later} AS string), 40, '0')", "actor": "'user'", "is_deleted": "false",
    }  # fmt: skip
    columns = current_columns(lake.contract)
    return [f"CAST({made.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in columns.items()]


def _bytes_read(lake: Lake) -> int:
    """Return the bytes that this Java process has read from files."""
    hadoop: Any = lake.spark.sparkContext._jvm.org.apache.hadoop.fs.FileSystem
    return sum(each.getBytesRead() for each in hadoop.getAllStatistics() if each.getScheme() == "file")


def _column_bytes(folder: Path, names: set[str]) -> int:
    import pyarrow.parquet as pq

    files = [pq.read_metadata(file) for file in (folder / "db" / "orders_current" / "data").glob("*.parquet")]
    groups = [file.row_group(place) for file in files for place in range(file.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    return sum(column.total_compressed_size for column in columns if column.path_in_schema in names)


ROWS = {
    "table_bytes": "the table, MB", "table_files": "its files", "key_bytes": "its columns that the MERGE needs (key, position, event), MB",
    "kept_bytes": "of its files, those that may hold the day's orders, MB", "read_bytes": "read, metadata included, MB",
    "written_bytes": "written, MB", "written_files": "files written", "seconds": "seconds",
}  # fmt: skip


def as_page(found: dict[tuple[str, int], Case]) -> str:
    """Return the figures as a page, a column for each case."""
    cases = sorted(found, key=lambda case: (list(KEYS).index(case[0]), case[1]))
    lines = [
        f"# A day of {DAY:,} changes on orders_current of growing size",
        "",
        (
            f"Made by `make bench ARGS=current` on {datetime.now(UTC):%Y-%m-%d}, all in one run, on two cores. Keys at random are as UUIDs of "
            "version 4; rising ones as of counters, ULIDs, and UUIDs of version 7. Then the day changes orders among the youngest 50,000, which "
            f"are in one file: all files hold about {ORDERS_OF_A_FILE:,} orders."
        ),
        "",
        "| what | " + " | ".join(f"{kind}, {orders:,}" for kind, orders in cases) + " |",
        "| --- |" + " ---: |" * len(cases),
    ]
    for name, meaning in ROWS.items():
        values = [found[case][name] for case in cases]
        shown = [f"{value / 1e6:,.1f}" if name.endswith("bytes") else f"{value:,.1f}" if name == "seconds" else f"{value:,.0f}" for value in values]  # fmt: skip
        lines.append(f"| {meaning} | {' | '.join(shown)} |")
    return "\n".join([*lines, ""])


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        _, kind, orders, folder = arguments
        print(json.dumps(merged(kind, int(orders), Path(folder))))
        return
    for figure, value in measure(tuple(map(int, arguments)) or SIZES).items():
        print(f"{figure}: {value:,.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
