"""The arguments of job runs (Using job parameters in AWS Glue jobs, Accessing parameters using getResolvedOptions).

Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html,
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html
"""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud.glue.jobs.arguments import SPECIAL, ArgumentError, JobArguments
from local_cloud.glue.jobs.setup import LIBRARY
from local_cloud.glue.jobs.spark_environment import spark_launch

ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture(scope="module")
def options() -> Any:
    """The module ``awsglue.utils`` that scripts import."""
    return SimpleNamespace(**runpy.run_path(str(LIBRARY / "awsglue" / "utils.py")))


def test_the_run_wins_over_the_defaults_and_the_fixed_ones_over_both() -> None:
    job = {"DefaultArguments": {"--a": "1", "--b": "1", "--c": "1"}, "NonOverridableArguments": {"--c": "3"}}
    assert JobArguments.merged(job, {"--b": "2", "--c": "2"}).values == {"--a": "1", "--b": "2", "--c": "3"}


def test_what_glue_reads_itself_does_not_reach_the_script() -> None:
    arguments = JobArguments({**dict.fromkeys(SPECIAL, "x"), "--mine": "1", "--flag": ""})
    passed = arguments.script_arguments("job", "j_1", "jr_1")
    assert passed == ["--JOB_NAME", "job", "--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1", "--mine", "1", "--flag"]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1 --conf b=2=3 --conf c=x y", {"a": "1", "b": "2=3", "c": "x y"}),
        ("--conf a=1 --conf b=", {"a": "1", "b": ""}),
    ],
)
def test_one_conf_holds_several_settings(text: str, settings: dict[str, str]) -> None:
    assert JobArguments({"--conf": text}).spark_configuration == settings


def test_a_conf_without_a_value_is_refused() -> None:
    with pytest.raises(ArgumentError, match="name=value"):
        _ = JobArguments({"--conf": "a=1 --conf b"}).spark_configuration


def test_only_customer_variables_reach_the_environment() -> None:
    arguments = JobArguments({"--customer-driver-env-vars": "CUSTOMER_A=1=2, PATH=/evil"})
    assert arguments.environment == {"CUSTOMER_A": "1=2"}


def test_a_catalog_of_the_job_is_led_to_the_local_endpoint_unless_it_says_otherwise() -> None:
    configuration = {
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.s3.endpoint": "mine",
    }
    words = spark_launch(configuration, [Path("/jars/a.jar"), Path("/jars/b.jar")], ENDPOINT, {}).arguments
    given = dict(word.split("=", 1) for word in words if "=" in word)
    assert given["spark.sql.catalog.lake.s3.endpoint"] == "mine"
    assert given["spark.sql.catalog.lake.glue.endpoint"] == ENDPOINT
    assert given["spark.hadoop.fs.s3a.endpoint"] == ENDPOINT
    assert words[words.index("--driver-class-path") + 1] == "/jars/a.jar:/jars/b.jar"
    assert words[-1] == "pyspark-shell"


def test_options_are_resolved_by_name(options: Any) -> None:
    argv = ["s.py", "--JOB_NAME", "j", "--JOB_RUN_ID", "jr", "--my-day", "1", "--other", "x"]
    assert options.getResolvedOptions(argv, ["JOB_NAME", "my-day"]) == {
        "JOB_NAME": "j",
        "JOB_RUN_ID": "jr",
        "my_day": "1",
    }


def test_a_missing_option_is_an_error(options: Any) -> None:
    with pytest.raises(options.GlueArgumentError, match="bucket"):
        options.getResolvedOptions(["s.py", "--JOB_NAME", "j"], ["JOB_NAME", "bucket"])


def test_folders_are_the_scripts_own_arguments_that_are_uris_with_a_slash_at_the_end() -> None:
    values = {"--source": "s3://lake/raw/", "--file": "s3://lake/a.py", "--spark-event-logs-path": "s3://lake/logs/"}
    assert JobArguments(values).folders == ["s3://lake/raw/"]
