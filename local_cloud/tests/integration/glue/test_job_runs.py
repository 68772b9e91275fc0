"""Runs of jobs: limits, ends, retries, Spark. Each test names the AWS page it follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.glue.lake import error_code
from tests.integration.glue.workshop import ENDED, SLEEP, Workshop

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.context import Context
from local_cloud.glue.jobs.jobs import Jobs
from local_cloud.glue.jobs.runs import JobRuns
from local_cloud.store import Store
from local_cloud.wire import JsonService, Request

pytestmark = pytest.mark.integration


def test_a_job_runs_at_most_as_often_at_once_as_it_may(workshop: Workshop) -> None:
    """ExecutionProperty structure: MaxConcurrentRuns; StartJobRun: ConcurrentRunsExceededException.

    Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html
    """
    job = workshop.job(SLEEP, ExecutionProperty={"MaxConcurrentRuns": 2})
    runs = [workshop.start(job), workshop.start(job)]
    assert error_code(workshop.glue.start_job_run, JobName=job) == "ConcurrentRunsExceededException"
    stopped = workshop.glue.batch_stop_job_run(JobName=job, JobRunIds=runs)
    assert [submitted["JobRunId"] for submitted in stopped["SuccessfulSubmissions"]] == runs
    assert [workshop.wait(job, run)["JobRunState"] for run in runs] == ["STOPPED", "STOPPED"]


def test_a_stopped_run_ends_with_everything_it_started(workshop: Workshop) -> None:
    """BatchStopJobRun.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html
    """
    child = "import subprocess, sys, time\nprint(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)\ntime.sleep(60)\n"
    job = workshop.job(child)
    run_id = workshop.start(job)
    workshop.wait(job, run_id, {"RUNNING"})
    output = _job_folder(run_id) / "output.log"
    while not output.exists() or not output.read_text().strip():
        time.sleep(0.05)
    process_id = int(output.read_text())
    workshop.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    assert workshop.wait(job, run_id)["JobRunState"] == "STOPPED"
    assert not _alive(process_id)
    errors = workshop.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id, "jr_none"])["Errors"]
    assert [error["ErrorDetail"]["ErrorCode"] for error in errors] == [
        "InvalidInputException",
        "EntityNotFoundException",
    ]


def test_a_failed_run_is_retried(workshop: Workshop) -> None:
    """Job structure: MaxRetries; JobRun structure: Attempt and PreviousRunId.

    Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html,
    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
    """
    job = workshop.job("raise SystemExit(1)\n", MaxRetries=1)
    first = workshop.start(job)
    workshop.wait(job, first)
    second = workshop.wait(job, f"{first}_attempt_1")
    assert (second["Attempt"], second["PreviousRunId"], second["JobRunState"]) == (1, first, "FAILED")
    assert [run["Id"] for run in workshop.glue.get_job_runs(JobName=job)["JobRuns"]] == [f"{first}_attempt_1", first]


def test_files_and_modules_that_a_job_asks_for_are_there(workshop: Workshop) -> None:
    """Using job parameters in AWS Glue jobs: --extra-py-files, --extra-files, --additional-python-modules, --customer-driver-env-vars.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
    """
    for key, body in (("lib/rates.py", b"RATE = 7\n"), ("conf/x.json", b"{}")):
        workshop.s3.put_object(Bucket=workshop.name, Key=key, Body=body)
    job = workshop.job(
        "import os, rates\nprint(rates.RATE, os.path.exists('x.json'), os.environ['CUSTOMER_MODE'])\n",
        DefaultArguments={
            "--extra-py-files": f"s3://{workshop.name}/lib/rates.py",
            "--extra-files": f"s3://{workshop.name}/conf/x.json",
            "--additional-python-modules": "boto3>=1",
            "--customer-driver-env-vars": "CUSTOMER_MODE=fast",
        },
    )
    assert workshop.log(workshop.run(job), "output") == ["7 True fast"]
    missing = workshop.run(job, **{"additional-python-modules": "no-such-module==1"})
    assert (missing["JobRunState"], "no-such-module" in missing["ErrorMessage"]) == ("FAILED", True)


SPARK = """
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

options = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket"])
context = GlueContext(SparkContext.getOrCreate())
job = Job(context)
job.init(options["JOB_NAME"], options)
spark = context.spark_session
rows = [(1, options["bucket"])]
print(spark.version, spark.conf.get("spark.sql.ansi.enabled"), spark.createDataFrame(rows, "n int, b string").collect())
job.commit()
"""


def test_a_spark_job_really_runs(workshop: Workshop) -> None:
    """Accessing parameters using getResolvedOptions, GlueContext class, *Job class*; ``--conf`` reaches Spark.

    Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html,
    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-glue-context.html
    """
    job = workshop.job(SPARK, command="glueetl", GlueVersion="5.1", DefaultArguments={"--bucket": "mine"})
    run = workshop.run(job, conf="spark.sql.ansi.enabled=true --conf spark.sql.session.timeZone=UTC")
    assert run["JobRunState"] == "SUCCEEDED", run
    assert workshop.log(run, "output")[-1] == "3.5.6 true [Row(n=1, b='mine')]"
    assert run["ExecutionTime"] > 0


def test_a_lake_format_the_local_cloud_lacks_fails_the_run(workshop: Workshop) -> None:
    """Using data lake frameworks with AWS Glue ETL jobs: iceberg is here, hudi and delta are not.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-datalake-native-frameworks.html
    """
    job = workshop.job(SPARK, command="glueetl", DefaultArguments={"--datalake-formats": "iceberg,hudi"})
    run = workshop.run(job)
    assert (run["JobRunState"], "hudi" in run["ErrorMessage"]) == ("FAILED", True)


@pytest.fixture
def context(cloud: Any, tmp_path: Path) -> Iterator[Context]:
    """Services of a test's own beside the cloud's: for what a client cannot bring about, or not within a minute."""
    config = CloudConfig.from_environment()
    store = Store(tmp_path / "services.db")
    own = CloudConfig(config.port, config.region, tmp_path, config.enforce_iam)
    yield Context(own, Clients(config.endpoint, config.region), store)
    store.close()


def ask(service: JsonService, action: str, **params: Any) -> Any:
    headers = {"x-amz-target": f"AWSGlue.{action}"}
    request = Request("glue", "POST", "/", headers, {}, json.dumps(params).encode(), "us-east-1", "000000000000")
    response = service.handle(request)
    assert response.status == 200, response.body
    return json.loads(response.body)


def make_job(context: Context, workshop: Workshop, script: str) -> None:
    workshop.s3.put_object(Bucket=workshop.name, Key="script.py", Body=script.encode())
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{workshop.name}/script.py"}
    ask(Jobs(context), "CreateJob", Name="job", Role=workshop.role, Command=command, Timeout=1)


def follow(runs: JobRuns, run_id: str, states: set[str]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = ask(runs, "GetJobRun", JobName="job", RunId=run_id)["JobRun"]
        if run["JobRunState"] in states:
            return run
        time.sleep(0.02)
    raise AssertionError(f"run {run_id} did not reach {states}")


def test_a_run_beyond_its_timeout_is_ended(context: Context, workshop: Workshop) -> None:
    """AWS Glue job run statuses: TIMEOUT. A minute lasts half a second here.

    Source: https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
    """
    make_job(context, workshop, SLEEP)
    runs = JobRuns(context, minute_seconds=0.5)
    run = follow(runs, ask(runs, "StartJobRun", JobName="job")["JobRunId"], ENDED)
    assert (run["JobRunState"], "timeout" in run["ErrorMessage"]) == ("TIMEOUT", True)


def test_a_run_that_the_cloud_left_behind_has_failed(context: Context, workshop: Workshop) -> None:
    """A restart after a crash finds the run, ends what is left of it and says so."""
    make_job(context, workshop, SLEEP)
    left = subprocess.Popen([sys.executable, "-c", SLEEP, "jr_1"], start_new_session=True)
    run = {"Id": "jr_1", "JobName": "job", "JobRunState": "RUNNING", "StartedOn": time.time(), "ProcessId": left.pid}
    context.store.collection("glue.jobrun").put("us-east-1/job/jr_1", run)
    runs = JobRuns(context)
    runs.start()
    assert left.wait(10) != 0
    found = follow(runs, "jr_1", ENDED)
    assert (found["JobRunState"], found["ErrorMessage"]) == ("FAILED", "The local cloud ended while the job ran.")


def _job_folder(run_id: str) -> Path:
    return Path(os.environ["LOCAL_CLOUD_HOME"]).resolve() / "cloud" / "glue" / "jobs" / run_id


def _alive(process_id: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


FRAMES = """
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from pyspark.context import SparkContext

context = GlueContext(SparkContext.getOrCreate())
products = context.create_dynamic_frame.from_catalog(database="{name}", table_name="products")
print(products.count(), sorted(tuple(row) for row in products.toDF().collect()))
kept = context.create_dynamic_frame.from_catalog(database="{name}", table_name="products", push_down_predicate="category = 'fresh'")
named = kept.apply_mapping([("product", "string", "name", "string"), ("value", "double", "cents", "long")])
output = {{"path": "s3://{name}/output"}}
context.write_dynamic_frame.from_options(frame=named, connection_type="s3", connection_options=output, format="csv")
again = context.create_dynamic_frame.from_options("s3", {{"paths": ["s3://{name}/output"]}}, "csv", {{"withHeader": True}})
again.show()
"""


def test_dynamic_frames_read_the_catalog_and_write_to_s3(workshop: Workshop) -> None:
    """As the system test ``example_glue`` of Airflow's Amazon provider reads a crawled table.

    Sources: https://github.com/apache/airflow/blob/main/providers/amazon/tests/system/amazon/aws/example_glue.py,
    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame-reader.html,
    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame-writer.html
    """
    workshop.allow("s3:*", "glue:*", "logs:*")
    name = workshop.name
    for category, rows in {"mixed": "apple,0.5\n", "fresh": "milk,2.5\n"}.items():
        workshop.s3.put_object(
            Bucket=name, Key=f"input/category={category}/input.csv", Body=f"product,value\n{rows}".encode()
        )
    columns = [{"Name": "product", "Type": "string"}, {"Name": "value", "Type": "double"}]
    serde = {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"field.delim": ","},
    }
    place = {"Columns": columns, "Location": f"s3://{name}/input/", "SerdeInfo": serde}
    workshop.glue.create_database(DatabaseInput={"Name": name})
    workshop.glue.create_table(
        DatabaseName=name,
        TableInput={
            "Name": "products", "StorageDescriptor": place, "PartitionKeys": [{"Name": "category", "Type": "string"}],
            "Parameters": {"skip.header.line.count": "1"},
        },
    )  # fmt: skip
    for category in ("mixed", "fresh"):
        partition = {
            "Values": [category], "StorageDescriptor": {**place, "Location": f"s3://{name}/input/category={category}/"},
        }  # fmt: skip
        workshop.glue.create_partition(DatabaseName=name, TableName="products", PartitionInput=partition)
    run = workshop.run(workshop.job(FRAMES.format(name=name), command="glueetl", GlueVersion="5.1"))
    assert run["JobRunState"] == "SUCCEEDED", run
    assert workshop.log(run, "output") == [
        "2 [('apple', 0.5, 'mixed'), ('milk', 2.5, 'fresh')]",
        '{"name":"milk","cents":"2"}',
    ]
