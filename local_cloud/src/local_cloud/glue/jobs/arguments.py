"""Sort the arguments of a job run: those for the script, and those that set up its environment.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Names that Glue itself reads. Those that have a meaning on one machine are properties below; the others change nothing here.
SPECIAL = frozenset(
    [
        "--additional-python-modules",
        "--auto-scale-within-microbatch",
        "--class",
        "--conf",
        "--continuous-log-conversionPattern",
        "--continuous-log-logGroup",
        "--continuous-log-logStreamPrefix",
        "--custom-logGroup-prefix",
        "--custom-logStream-prefix",
        "--customer-driver-env-vars",
        "--customer-executor-env-vars",
        "--datalake-formats",
        "--disable-proxy-v2",
        "--enable-auto-scaling",
        "--enable-continuous-cloudwatch-log",
        "--enable-continuous-log-filter",
        "--enable-glue-datacatalog",
        "--enable-job-insights",
        "--enable-metrics",
        "--enable-observability-metrics",
        "--enable-rename-algorithm-v2",
        "--enable-s3-parquet-optimized-committer",
        "--enable-spark-ui",
        "--executor-cores",
        "--extra-files",
        "--extra-jars",
        "--extra-py-files",
        "--job-language",
        "--python-modules-installer-option",
        "--scriptLocation",
        "--spark-event-logs-path",
        "--use-postgres-driver",
        "--user-jars-first",
        "--write-shuffle-files-to-s3",
        "--write-shuffle-spills-to-s3",
    ]
)


class ArgumentError(ValueError):
    """An argument asks for what the local cloud does not have."""


@dataclass(frozen=True, slots=True)
class JobArguments:
    """All arguments of one run, as ``StartJobRun`` and the job's defaults give them."""

    values: Mapping[str, str]

    @classmethod
    def merged(cls, job: Mapping[str, Mapping[str, str]], run: Mapping[str, str]) -> JobArguments:
        """Put the run's arguments over the job's defaults, and the job's non-overridable ones over both."""
        return cls({**job.get("DefaultArguments", {}), **run, **job.get("NonOverridableArguments", {})})

    def script_arguments(self, job_name: str, job_id: str, run_id: str) -> list[str]:
        """Return what the script finds in ``sys.argv`` after its own name."""
        own = {"--JOB_NAME": job_name, "--JOB_ID": job_id, "--JOB_RUN_ID": run_id}
        passed = {name: value for name, value in self.values.items() if name not in SPECIAL}
        return [
            part for name, value in {**own, **passed}.items() for part in ((name, value) if value != "" else (name,))
        ]

    @property
    def spark_configuration(self) -> dict[str, str]:
        """Return the settings of ``--conf``: one or several in one value, ``a=1 --conf b=2``."""
        text = self.values.get("--conf", "").strip()
        settings = [part.strip() for part in re.split(r"(?:^|\s)--conf(?:\s+|=)", text) if part.strip()]
        broken = [setting for setting in settings if "=" not in setting]
        if broken:
            raise ArgumentError(f"--conf: {broken[0]!r} is not of the form name=value.")
        return {name: value for name, _, value in (setting.partition("=") for setting in settings)}

    @property
    def lake_formats(self) -> list[str]:
        """Return the formats of ``--datalake-formats``.

        Raises:
            ArgumentError: one of them is not available on the local cloud.
        """
        formats = _members(self.values.get("--datalake-formats", ""))
        unknown = sorted(set(formats) - {"iceberg"})
        if unknown:
            raise ArgumentError(f"--datalake-formats: the local cloud has iceberg, not {', '.join(unknown)}.")
        return formats

    @property
    def python_files(self) -> list[str]:
        return _members(self.values.get("--extra-py-files", ""))

    @property
    def jars(self) -> list[str]:
        return _members(self.values.get("--extra-jars", ""))

    @property
    def files(self) -> list[str]:
        return _members(self.values.get("--extra-files", ""))

    @property
    def folders(self) -> list[str]:
        """Return the ``s3://`` URIs of folders among the arguments that are the script's own."""
        own = [value for name, value in self.values.items() if name not in SPECIAL]
        return [value for value in own if value.startswith("s3://") and value.endswith("/")]

    @property
    def python_modules(self) -> list[str]:
        """Return the requirements of ``--additional-python-modules``, which have to be installed."""
        return _members(self.values.get("--additional-python-modules", ""))

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of ``--customer-driver-env-vars``: their names begin with ``CUSTOMER_``."""
        pairs = [pair.partition("=") for pair in _members(self.values.get("--customer-driver-env-vars", ""))]
        return {name: value for name, _, value in pairs if name.startswith("CUSTOMER_")}

    @property
    def is_scala(self) -> bool:
        return self.values.get("--job-language") == "scala"


def _members(text: str) -> list[str]:
    return [member.strip() for member in text.split(",") if member.strip()]
