"""Measure the Spark job over four orders of 500 attributes each, beside the same bytes in four orders of 20 attributes.

No two wide orders share an attribute's name: 2,000 names a round, most of them beyond the cap on columns. Both cases begin with tables
that hold a day of 50,000 changes. Every run has a Spark of its own, as every run of the job has; its start is not counted. Wide and
narrow take turns. At the end the next day is curated, to see what the wide orders cost those that follow.

    python -m benchmarks.wide_orders                   the two figures
    python -m benchmarks.wide_orders CASE FOLDER STEP  one run: wide or narrow; first, a round's number, or second
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from curated_tables import Lake, prepare_tables
from curation import curate, not_taken
from raw_objects import RawObject

from benchmarks.order_history import DAY, day_lines, history_lines, write_raw
from benchmarks.spark_lake import ROOT, curated_lake, watched

ORDERS, MANY, FEW, VALUE_BYTES = 4, 500, 20, 24
ROUNDS = 5
FIRST, SECOND = "first", "second"


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="sales-cdc-wide-") as name:
        steps = [FIRST, *map(str, range(ROUNDS)), SECOND]
        seconds = {step: {case: _in_a_process(case, Path(name) / case, step) for case in CASES} for step in steps}
    rounds = {case: median(seconds[str(number)][case] for number in range(ROUNDS)) for case in CASES}
    return {
        "curate_wide_to_narrow": rounds["wide"] / rounds["narrow"],
        "curate_day_after_wide_to_narrow": seconds[SECOND]["wide"] / seconds[SECOND]["narrow"],
    }


def _in_a_process(case: str, folder: Path, step: str) -> float:
    command = [sys.executable, "-m", "benchmarks.wide_orders", case, str(folder), step]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    seconds = float(done.stdout.splitlines()[-1])
    print(f"  {case}, {step}: {seconds:.2f} s", flush=True)
    return seconds


def wide_lines(round_number: int) -> Iterator[str]:
    """Yield the lines of four orders with 500 attributes each, of other names in each order and round."""
    for order in range(ORDERS):
        yield _line(
            round_number,
            order,
            {f"attribute_{round_number}_{order}_{place}": "x" * VALUE_BYTES for place in range(MANY)},
        )


def narrow_lines(round_number: int) -> Iterator[str]:
    """Yield four lines of the same lengths, each with the same 20 attributes."""
    for order, wide in enumerate(wide_lines(round_number)):
        empty = _line(round_number, order, {f"attribute_{place}": "" for place in range(FEW)})
        share, rest = divmod(len(wide) - len(empty), FEW)
        yield _line(
            round_number,
            order,
            {f"attribute_{place}": "x" * (share + (rest if not place else 0)) for place in range(FEW)},
        )


def _line(round_number: int, order: int, further: dict[str, str]) -> str:
    event = {
        "orderID": f"order-of-{len(further)}-{round_number}-{order}", "product_name": "laptop", "quantity": 1, "price": 9.5,
        "event_type": "INSERT", "creation_time": "2026-11-22T10:00:00.000Z", "event_id": f"{round_number}-{order}",
        "sequence_number": str(10**30 + round_number * ORDERS + order).zfill(40), "actor": "user",
    }  # fmt: skip
    return json.dumps(event | further)


def run(case: str, folder: Path, step: str) -> float:
    """Curate a day, four orders, or another day, in a Spark of its own, and return its seconds without Spark's start."""
    raw = folder / step
    if step in DAYS:
        write_raw(raw, DAYS[step]())
    else:
        raw.mkdir(parents=True)
        (raw / f"{step}.json").write_text("".join(f"{line}\n" for line in CASES[case](int(step))))
    with curated_lake(folder / "lake") as lake, watched() as figures:
        _curate(lake, raw, DAY if step in DAYS else ORDERS)
    return figures["seconds"]


def _curate(lake: Lake, raw: Path, expected: int) -> None:
    listed = [RawObject(str(file), file.name, file.stat().st_size) for file in sorted(raw.iterdir())]
    prepare_tables(lake)
    counts: dict[str, Any] = curate(lake, not_taken(lake, listed), lambda: lambda key, _: open(key, "rb").read())  # noqa: PTH123, SIM115
    assert (counts["changes"], counts["duplicates"], counts["quarantined"]) == (expected, 0, 0), counts


CASES = {"wide": wide_lines, "narrow": narrow_lines}
DAYS = {FIRST: lambda: history_lines(DAY), SECOND: lambda: day_lines(DAY)}

if __name__ == "__main__":
    print(run(sys.argv[1], Path(sys.argv[2]), sys.argv[3]) if sys.argv[1:] else measure())
