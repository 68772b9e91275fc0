"""Measure the Spark job over four orders of 500 attributes each, beside the same bytes in four orders of 20 attributes.

No two wide orders share an attribute's name: 2,000 names, most of them beyond the cap on columns. Each case runs in a Spark of its own,
on tables that hold a day of 50,000 changes; then the next day is curated, to see what the wide orders cost those that follow.

    python -m benchmarks.wide_orders              the two figures
    python -m benchmarks.wide_orders CASE FOLDER  one case: wide, narrow
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curated_tables import Lake, prepare_tables
from curation import curate, not_taken
from raw_objects import RawObject

from benchmarks.order_history import DAY, day_lines, history_lines, write_raw
from benchmarks.spark_lake import ROOT, curated_lake, watched

ORDERS, MANY, FEW, VALUE_BYTES = 4, 500, 20, 24
ROUNDS = 7  # of three, one that shared the machine decided


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="sales-cdc-wide-") as name:
        wide, narrow = (_case(case, Path(name) / case) for case in ("wide", "narrow"))
    return {
        "curate_wide_to_narrow": wide["seconds"] / narrow["seconds"],
        "curate_day_after_wide_to_narrow": wide["next_day_seconds"] / narrow["next_day_seconds"],
    }


def _case(name: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.wide_orders", name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {name}: {figures}", flush=True)
    return figures


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


def run(lines: Callable[[int], Iterator[str]], folder: Path) -> dict[str, float]:
    """Curate a day, four orders seven times, and another day; the four orders' seconds are the median of the rounds."""
    write_raw(folder / "first", history_lines(DAY))
    write_raw(folder / "second", day_lines(DAY))
    rounds = []
    for number in range(ROUNDS):
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / f"{number}.json").write_text("".join(f"{line}\n" for line in lines(number)))
    with curated_lake(folder / "lake") as lake:
        _curate(lake, folder / "first", DAY)
        for number in range(ROUNDS):
            with watched() as figures:
                _curate(lake, folder / str(number), ORDERS)
            rounds.append(figures["seconds"])
        with watched() as next_day:
            _curate(lake, folder / "second", DAY)
    return {"seconds": sorted(rounds)[ROUNDS // 2], "next_day_seconds": next_day["seconds"]}


def _curate(lake: Lake, raw: Path, expected: int) -> None:
    listed = [RawObject(str(file), file.name, file.stat().st_size) for file in sorted(raw.iterdir())]
    prepare_tables(lake)
    counts: dict[str, Any] = curate(lake, not_taken(lake, listed), lambda: lambda key, _: open(key, "rb").read())  # noqa: PTH123, SIM115
    assert (counts["changes"], counts["duplicates"], counts["quarantined"]) == (expected, 0, 0), counts


CASES = {"wide": wide_lines, "narrow": narrow_lines}

if __name__ == "__main__":
    print(json.dumps(run(CASES[sys.argv[1]], Path(sys.argv[2])) if sys.argv[1:] else measure()))
