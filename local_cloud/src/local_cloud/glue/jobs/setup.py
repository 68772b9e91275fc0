"""Prepare a job run: fetch its files as the job's role, and make its environment.

Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html,
https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.context import Context
from local_cloud.glue import s3_places
from local_cloud.glue.jobs import jars
from local_cloud.glue.jobs.arguments import ArgumentError, JobArguments
from local_cloud.glue.jobs.class_archive import ClassArchive
from local_cloud.glue.jobs.spark_environment import (
    SparkLaunch,
    java_environment,
    run_properties,
    spark_launch,
    write_worker_command,
)
from local_cloud.glue.role import PRINCIPAL

LIBRARY = Path(__file__).with_name("library")


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What to run."""

    job_name: str
    run_id: str
    command: str
    script: str
    arguments: JobArguments
    role: str
    region: str
    timeout_seconds: float

    @classmethod
    def of(cls, job: Mapping[str, Any], run: Mapping[str, Any], role: str, timeout_seconds: float) -> JobOrder:
        return cls(
            job_name=job["Name"],
            run_id=run["Id"],
            command=job["Command"]["Name"],
            script=job["Command"]["ScriptLocation"],
            arguments=JobArguments.merged(job, run["Arguments"]),
            role=role,
            region=run["Region"],
            timeout_seconds=timeout_seconds,
        )


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """Hold a script with its environment; ``launch`` is what its JVM is started with, None without Spark."""

    script: Path
    environment: Mapping[str, str]
    launch: SparkLaunch | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


class JobSetup:
    """Prepares one run in its own folder."""

    def __init__(self, context: Context, order: JobOrder, folder: Path) -> None:
        self._context, self._order, self._folder = context, order, folder
        self.archive: ClassArchive | None = None  # of a job with a data lake format: it loads the most classes

    def prepare(self) -> PreparedRun:
        """Fetch the script and its files, and make its environment.

        Raises:
            ArgumentError: an argument cannot be met, or a file cannot be read.
            JarError: the jars of a data lake format are not to be had.
            botocore.exceptions.ClientError: the role cannot be assumed.
        """
        order, arguments = self._order, self._order.arguments
        s3 = self._context.clients.client("s3", order.role, region=order.region, principal=PRINCIPAL)
        if arguments.is_scala:
            raise ArgumentError("--job-language: the local cloud runs Python, not Scala.")
        _check_modules(arguments.python_modules)
        self._check_places(s3)
        script = self._download(s3, order.script, "script")
        python_files = [self._download(s3, path, "python") for path in arguments.python_files]
        for path in arguments.files:
            self._download(s3, path, ".")
        environment = self._environment(python_files)
        if order.command != "glueetl":
            return PreparedRun(script, environment)
        own_jars = [self._download(s3, path, "jars") for path in arguments.jars]
        return self._with_spark(script, environment, own_jars)

    def _with_spark(self, script: Path, environment: dict[str, str], own_jars: list[Path]) -> PreparedRun:
        configuration = self._order.arguments.spark_configuration
        files = own_jars + self._spark_jars()
        self.archive = ClassArchive.of(files, self._folder) if self._order.arguments.lake_formats else None
        launch = spark_launch(
            configuration, files, self._context.config.endpoint, environment, self.archive,
            serves_others=not own_jars and not (self.archive and self.archive.is_missing),
        )  # fmt: skip
        worker = {"PYSPARK_PYTHON": str(write_worker_command(self._folder, environment))}
        properties = run_properties(self._folder, environment, configuration)
        return PreparedRun(script, environment | java_environment() | worker, launch, properties)

    def _check_places(self, s3: Any) -> None:
        """Look at the bucket of the script, and at every folder of S3 that the script's arguments name.

        Raises:
            ArgumentError: the role is not allowed to look at one of them.
        """
        bucket, _, _ = self._order.script.removeprefix("s3://").partition("/")
        try:
            s3.get_bucket_location(Bucket=bucket)
            for location in self._order.arguments.folders:
                bucket, _, prefix = location.removeprefix("s3://").partition("/")
                s3_places.check_access(s3, bucket, prefix)
        except ClientError as error:
            if error.response["Error"]["Code"] in s3_places.DENIALS:  # a missing bucket is the script's own affair
                raise ArgumentError(f"Bucket {bucket} cannot be looked at as {self._order.role}: {error}") from error

    def _download(self, s3: Any, location: str, folder: str) -> Path:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        place = self._folder / folder / key.rpartition("/")[2]
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise ArgumentError(f"{location} cannot be read as {self._order.role}: {error}") from error
        return place

    def _spark_jars(self) -> list[Path]:
        found = [path for name in self._order.arguments.lake_formats for path in jars.fetch(name)]
        try:
            return found + jars.fetch("s3a")
        except jars.JarError as error:
            with (self._folder / "error.log").open("a") as log:
                log.write(f"WARN Spark itself cannot read s3:// paths in this run: {error}\n")
            return found

    def _environment(self, python_files: list[Path]) -> dict[str, str]:
        """Return the environment: what any program needs, the role's credentials and the local endpoint."""
        order, config = self._order, self._context.config
        keys = self._context.clients.client("sts", region=order.region).assume_role(
            RoleArn=order.role, RoleSessionName=f"glue-{order.run_id[:32]}"
        )["Credentials"]  # fmt: skip
        search = [path.parent if path.suffix == ".py" else path for path in python_files]
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ
        }
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(map(str, [*search, LIBRARY])),
            "PYTHONUNBUFFERED": "1",
            "AWS_ENDPOINT_URL": config.endpoint,
            "AWS_REGION": order.region,
            "AWS_DEFAULT_REGION": order.region,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_EC2_METADATA_DISABLED": "true",
            **order.arguments.environment,
        }


def _check_modules(requirements: list[str]) -> None:
    """Refuse a job whose modules are not installed: the local cloud installs nothing.

    Raises:
        ArgumentError: a module is missing or of another version.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    for text in requirements:
        try:
            requirement = Requirement(text)
            version = importlib.metadata.version(requirement.name)
        except (InvalidRequirement, importlib.metadata.PackageNotFoundError) as error:
            raise ArgumentError(
                f"--additional-python-modules: {text} is not installed with the local cloud: {error}"
            ) from error
        if not requirement.specifier.contains(version, prereleases=True):
            raise ArgumentError(
                f"--additional-python-modules: {text} is asked for, {version} is installed with the local cloud."
            )
