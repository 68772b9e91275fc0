"""Glue jobs of the local cloud through unmodified boto3. Each test names the AWS page it follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.context import Context
from local_cloud.glue.jobs.jobs import Jobs
from local_cloud.glue.jobs.runs import JobRuns
from local_cloud.store import Store
from local_cloud.wire import JsonService, Request

pytestmark = pytest.mark.integration

ENDED = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"}
ARGUMENTS = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
SLEEP = "import time\ntime.sleep(60)\n"


@dataclass(frozen=True)
class Workshop:
    """A bucket with scripts and a role of a test's own, with the clients to use them."""

    name: str
    role: str
    s3: Any
    glue: Any
    iam: Any
    logs: Any

    def job(self, script: str, command: str = "pythonshell", **settings: Any) -> str:
        name = f"{self.name}-{uuid.uuid4().hex[:6]}"
        location = f"s3://{self.name}/{name}.py"
        self.s3.put_object(Bucket=self.name, Key=f"{name}.py", Body=script.encode())
        settings.setdefault("Role", self.role)
        self.glue.create_job(
            Name=name, Command={"Name": command, "ScriptLocation": location, "PythonVersion": "3"}, **settings
        )
        return name

    def start(self, job: str, **arguments: str) -> str:
        given = {f"--{name}": value for name, value in arguments.items()}
        return str(self.glue.start_job_run(JobName=job, Arguments=given)["JobRunId"])

    def wait(self, job: str, run_id: str, states: set[str] = ENDED) -> Any:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            run = self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            if run["JobRunState"] in states:
                return run
            time.sleep(0.1)
        raise AssertionError(f"run {run_id} of {job} did not reach {states}")

    def run(self, job: str, **arguments: str) -> Any:
        return self.wait(job, self.start(job, **arguments))

    def log(self, run: Any, stream: str) -> list[str]:
        group = f"{run['LogGroupName']}/{stream}"
        events = self.logs.get_log_events(logGroupName=group, logStreamName=run["Id"], limit=1000)["events"]
        return [event["message"] for event in events]

    def allow(self, *actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Statement": [statement]})
        self.iam.put_role_policy(RoleName=self.name, PolicyName="all", PolicyDocument=policy)


@pytest.fixture
def workshop(cloud: Any) -> Iterator[Workshop]:
    name = f"jobs-{uuid.uuid4().hex[:8]}"
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    made = Workshop(name, role, cloud.client("s3"), cloud.client("glue"), iam, cloud.client("logs"))
    made.allow("s3:*", "glue:*", "logs:*")
    made.s3.create_bucket(Bucket=name)
    yield made
    for job in made.glue.list_jobs()["JobNames"]:
        if job.startswith(name):
            made.glue.delete_job(JobName=job)


def error_code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


def test_definitions_are_kept_replaced_and_listed(workshop: Workshop) -> None:
    """*Jobs API*: an update replaces the whole definition; deleting a job that is not there is no error."""
    glue = workshop.glue
    name = workshop.job(ARGUMENTS, Description="first", MaxRetries=2, Timeout=5, DefaultArguments={"--a": "1"})
    kept = glue.get_job(JobName=name)["Job"]
    assert (kept["Description"], kept["MaxRetries"], kept["Timeout"], kept["DefaultArguments"]) == (
        "first",
        2,
        5,
        {"--a": "1"},
    )
    again = {"Name": name, "Role": workshop.role, "Command": kept["Command"]}
    assert error_code(glue.create_job, **again) == "AlreadyExistsException"
    glue.update_job(JobName=name, JobUpdate={"Role": workshop.role, "Command": kept["Command"], "GlueVersion": "5.1"})
    replaced = glue.get_job(JobName=name)["Job"]
    assert ("Description" in replaced, replaced["MaxRetries"], replaced["DefaultArguments"]) == (False, 0, {})
    assert (replaced["GlueVersion"], replaced["CreatedOn"]) == ("5.1", kept["CreatedOn"])
    assert name in glue.list_jobs()["JobNames"]
    assert name in [job["Name"] for job in glue.get_jobs()["Jobs"]]
    both = glue.batch_get_jobs(JobNames=[name, "nobody"])
    assert ([job["Name"] for job in both["Jobs"]], both["JobsNotFound"]) == ([name], ["nobody"])
    assert glue.delete_job(JobName=name)["JobName"] == name
    assert glue.delete_job(JobName=name)["JobName"] == name
    assert error_code(glue.get_job, JobName=name) == "EntityNotFoundException"
    assert error_code(glue.start_job_run, JobName=name) == "EntityNotFoundException"


def test_a_command_that_cannot_run_here_is_refused(workshop: Workshop) -> None:
    """*JobCommand structure*."""
    command = {"Name": "glueray", "ScriptLocation": "s3://b/s.py"}
    assert error_code(workshop.glue.create_job, Name="x", Role="r", Command=command) == "InvalidInputException"
    whole = {"Name": "x", "Role": "r", "Command": {**command, "Name": "glueetl"}}
    both = {"MaxCapacity": 2.0, "WorkerType": "G.1X", "NumberOfWorkers": 2}  # *Job structure*: MaxCapacity
    assert error_code(workshop.glue.create_job, **whole, **both) == "InvalidInputException"
    assert error_code(workshop.glue.create_job, **whole, Timeout=10081) == "InvalidInputException"
    job = workshop.job("print('never')\n")
    assert error_code(workshop.glue.start_job_run, JobName=job, Timeout=10081) == "InvalidInputException"


def test_arguments_reach_the_script_as_argv(workshop: Workshop) -> None:
    """*Using job parameters in AWS Glue jobs*; *Job structure*: the run's arguments over the defaults, the fixed ones over both."""
    job = workshop.job(
        ARGUMENTS,
        DefaultArguments={"--day": "1", "--bucket": "default", "--enable-metrics": "true", "--TempDir": "s3://b/tmp/"},
        NonOverridableArguments={"--fixed": "yes"},
    )
    run = workshop.run(job, bucket="mine", fixed="no")
    assert run["JobRunState"] == "SUCCEEDED"
    assert run["Arguments"] == {"--bucket": "mine", "--fixed": "no"}
    argv = json.loads(workshop.log(run, "output")[0])
    given = dict(zip(argv[::2], argv[1::2], strict=True))
    assert given == {
        "--JOB_NAME": job, "--JOB_ID": given["--JOB_ID"], "--JOB_RUN_ID": run["Id"], "--day": "1", "--bucket": "mine",
        "--TempDir": "s3://b/tmp/", "--fixed": "yes",
    }  # fmt: skip


def test_a_script_acts_as_the_job_s_role(workshop: Workshop) -> None:
    """*Step 2: Create an IAM role for AWS Glue*: the job's calls carry the role's permissions."""
    job = workshop.job(
        "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\nboto3.client('sqs').list_queues()\n"
    )
    run = workshop.run(job)
    assert f":assumed-role/{workshop.name}/" in workshop.log(run, "output")[0]
    assert run["JobRunState"] == "FAILED"
    assert "AccessDenied" in run["ErrorMessage"]


def test_a_failed_script_names_its_exception(workshop: Workshop) -> None:
    """*JobRun structure*: ``ErrorMessage``; *Logging for AWS Glue jobs*: the error stream holds the traceback."""
    run = workshop.run(workshop.job("import sys\nprint('began')\nraise ValueError('no orders')\n"))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: no orders")
    assert workshop.log(run, "output") == ["began"]
    assert workshop.log(run, "error")[-1] == "ValueError: no orders"
    silent = workshop.run(workshop.job("import os\nos._exit(3)\n"))
    assert silent["ErrorMessage"] == "Command failed with exit code 3"
    unreadable = workshop.run(workshop.job("def (:\n"))
    assert unreadable["ErrorMessage"] == "SyntaxError: invalid syntax"


def test_a_script_that_cannot_be_read_fails_the_run(workshop: Workshop) -> None:
    """*Troubleshooting AWS Glue*: access to the script is the role's."""
    job = workshop.job(ARGUMENTS)
    workshop.allow("logs:*")
    denied = workshop.run(job)
    assert (denied["JobRunState"], "AccessDenied" in denied["ErrorMessage"]) == ("FAILED", True)
    workshop.allow("s3:*")
    workshop.s3.delete_object(Bucket=workshop.name, Key=f"{job}.py")
    missing = workshop.run(job)
    assert (missing["JobRunState"], "NoSuchKey" in missing["ErrorMessage"]) == ("FAILED", True)


def test_a_job_runs_at_most_as_often_at_once_as_it_may(workshop: Workshop) -> None:
    """*ExecutionProperty structure*: MaxConcurrentRuns; *StartJobRun*: ConcurrentRunsExceededException."""
    job = workshop.job(SLEEP, ExecutionProperty={"MaxConcurrentRuns": 2})
    runs = [workshop.start(job), workshop.start(job)]
    assert error_code(workshop.glue.start_job_run, JobName=job) == "ConcurrentRunsExceededException"
    stopped = workshop.glue.batch_stop_job_run(JobName=job, JobRunIds=runs)
    assert [submitted["JobRunId"] for submitted in stopped["SuccessfulSubmissions"]] == runs
    assert [workshop.wait(job, run)["JobRunState"] for run in runs] == ["STOPPED", "STOPPED"]


def test_a_stopped_run_ends_with_everything_it_started(workshop: Workshop) -> None:
    """*BatchStopJobRun*."""
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
    """*Job structure*: MaxRetries; *JobRun structure*: Attempt and PreviousRunId."""
    job = workshop.job("raise SystemExit(1)\n", MaxRetries=1)
    first = workshop.start(job)
    workshop.wait(job, first)
    second = workshop.wait(job, f"{first}_attempt_1")
    assert (second["Attempt"], second["PreviousRunId"], second["JobRunState"]) == (1, first, "FAILED")
    assert [run["Id"] for run in workshop.glue.get_job_runs(JobName=job)["JobRuns"]] == [f"{first}_attempt_1", first]


def test_files_and_modules_that_a_job_asks_for_are_there(workshop: Workshop) -> None:
    """*Using job parameters in AWS Glue jobs*: --extra-py-files, --extra-files, --additional-python-modules, --customer-driver-env-vars."""
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
    """*Accessing parameters using getResolvedOptions*, *GlueContext class*, *Job class*; ``--conf`` reaches Spark."""
    job = workshop.job(SPARK, command="glueetl", GlueVersion="5.1", DefaultArguments={"--bucket": "mine"})
    run = workshop.run(job, conf="spark.sql.ansi.enabled=true --conf spark.sql.session.timeZone=UTC")
    assert run["JobRunState"] == "SUCCEEDED", run
    assert workshop.log(run, "output")[-1] == "3.5.6 true [Row(n=1, b='mine')]"
    assert run["ExecutionTime"] > 0


def test_a_lake_format_the_local_cloud_lacks_fails_the_run(workshop: Workshop) -> None:
    """*Using data lake frameworks with AWS Glue ETL jobs*: iceberg is here, hudi and delta are not."""
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
    """*AWS Glue job run statuses*: TIMEOUT. A minute lasts half a second here."""
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
