"""What the JVM of a Spark job is started with, and what each of its runs finds in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from local_cloud.glue.jobs.spark_environment import run_properties, spark_launch, write_worker_command

ENDPOINT = "http://127.0.0.1:4566"


def environment(run: str, region: str = "us-east-1") -> dict[str, str]:
    keys = {name: f"{run}-{name}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    return {"PATH": "/usr/bin:/bin", "AWS_REGION": region, "PYTHONPATH": f"/{run}/parts.zip", **keys}


def test_runs_that_differ_in_keys_and_folders_alone_are_started_alike() -> None:
    first, second = (spark_launch({"spark.a": "1"}, [], ENDPOINT, environment(run)) for run in ("first", "second"))
    assert first == second
    assert "first" not in repr(first)
    others = [
        spark_launch({"spark.a": "2"}, [], ENDPOINT, environment("first")),
        spark_launch({"spark.a": "1"}, [Path("/a.jar")], ENDPOINT, environment("first")),
        spark_launch({"spark.a": "1"}, [], ENDPOINT, environment("first", region="eu-central-1")),
        spark_launch({"spark.a": "1"}, [], ENDPOINT, environment("first") | {"CUSTOMER_MODE": "fast"}),
    ]
    assert first not in others


def test_a_run_has_its_own_keys_and_folders() -> None:
    properties = run_properties(Path("/run"), environment("first"), {})
    assert properties["aws.accessKeyId"] == "first-AWS_ACCESS_KEY_ID"
    assert properties["aws.secretAccessKey"] == properties["aws.secretKey"] == "first-AWS_SECRET_ACCESS_KEY"
    assert properties["aws.sessionToken"] == "first-AWS_SESSION_TOKEN"
    assert {properties[f"spark.{name}.dir"] for name in ("local", "sql.warehouse")} == {
        "/run/scratch",
        "/run/warehouse",
    }


def test_the_warehouse_that_the_job_names_is_the_runs() -> None:
    properties = run_properties(Path("/run"), environment("first"), {"spark.sql.warehouse.dir": "s3://lake/"})
    assert properties["spark.sql.warehouse.dir"] == "s3://lake/"


def test_a_worker_runs_in_its_runs_folder_and_environment_whatever_the_jvm_has(tmp_path: Path) -> None:
    folder = tmp_path / "a run's folder"
    folder.mkdir()
    command = write_worker_command(folder, environment("it's") | {"CUSTOMER_MODE": "$fast"})
    script = "import json, os; print(json.dumps({'cwd': os.getcwd(), **os.environ}))"
    of_the_jvm = {"AWS_ACCESS_KEY_ID": "another", "SPARK_HOME": "/spark", "PYTHONPATH": "/spark/python"}
    done = subprocess.run([command, "-c", script], env=of_the_jvm, cwd="/", capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert (found["cwd"], found["SPARK_HOME"], found["CUSTOMER_MODE"]) == (str(folder), "/spark", "$fast")
    assert found["AWS_ACCESS_KEY_ID"] == "it's-AWS_ACCESS_KEY_ID"
    assert found["PYTHONPATH"] == "/spark/python:/it's/parts.zip"
