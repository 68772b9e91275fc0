"""How long Airflow takes to parse all of our DAG files, in times of one file with an empty DAG.

As the DAG processor does it: Airflow is loaded once, then each parse happens in a fork, where the imports of the DAG
files (the Amazon provider, our package) are made anew.
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
    """Seconds of one parse in a fork.

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
    """``all_dags_to_one_empty_dag``: medians of interleaved rounds; ``all_dags_seconds`` to know what that means."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty.py").write_text(EMPTY)
        pairs = [(_parse_seconds(DAGS), _parse_seconds(Path(folder))) for _ in range(ROUNDS)]
    ours, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"all_dags_to_one_empty_dag": ours / empty, "all_dags_seconds": ours}


if __name__ == "__main__":
    print(measure())
