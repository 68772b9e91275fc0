"""How long Airflow takes to parse all of our DAG files, in times of one file with an empty DAG."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).resolve().parent.parent / "dags"
EMPTY = "from airflow.sdk import DAG\n\nwith DAG('empty', schedule=None):\n    pass\n"
ROUNDS = 7


def _parse_seconds(folder: Path) -> float:
    began = time.perf_counter()
    bag = DagBag(folder)
    took = time.perf_counter() - began
    if bag.import_errors:
        raise RuntimeError(f"DAG files in {folder} do not parse: {bag.import_errors}")
    return took


def measure() -> dict[str, float]:
    """``all_dags_to_one_empty_dag``: median of interleaved rounds, modules already imported as in a running processor."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty.py").write_text(EMPTY)
        pairs = [(_parse_seconds(DAGS), _parse_seconds(Path(folder))) for _ in range(ROUNDS + 1)][1:]
    ours, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"all_dags_to_one_empty_dag": ours / empty, "all_dags_seconds": ours}


if __name__ == "__main__":
    print(measure())
