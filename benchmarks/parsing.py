"""Measure how long Airflow takes to parse all DAG files, in multiples of one file with an empty DAG.

The benchmark parses like the DAG processor: it loads Airflow once, and each parse runs in a fork, which imports the Amazon
provider and the package again.
"""

from __future__ import annotations

import logging
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).resolve().parent.parent / "dags"
EMPTY = "from airflow.sdk import DAG\n\nwith DAG('empty', schedule=None):\n    pass\n"
ROUNDS = 5


def _parse(folder: Path, answer: SimpleQueue[float | str]) -> None:
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    bag = DagBag(folder)
    answer.put(time.perf_counter() - began if not bag.import_errors else str(bag.import_errors))


def _parse_seconds(folder: Path) -> float:
    """Return the seconds of one parse in a fork.

    Raises:
        RuntimeError: a DAG file has an import error.
    """
    context = multiprocessing.get_context("fork")
    answer: SimpleQueue[float | str] = context.SimpleQueue()
    process = context.Process(target=_parse, args=(folder, answer))
    process.start()
    seconds = answer.get()
    process.join()
    if isinstance(seconds, str):
        raise RuntimeError(f"DAG files in {folder} do not parse: {seconds}")
    return seconds


def measure() -> dict[str, float]:
    """Return ``all_dags_to_one_empty_dag``, from medians of interleaved rounds, and ``all_dags_seconds``."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty.py").write_text(EMPTY)
        pairs = [(_parse_seconds(DAGS), _parse_seconds(Path(folder))) for _ in range(ROUNDS)]
    ours, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"all_dags_to_one_empty_dag": ours / empty, "all_dags_seconds": ours}


if __name__ == "__main__":
    print(measure())
