"""Job definitions and what reaches their scripts. Each test names the AWS page it follows."""

from __future__ import annotations

import json

import pytest
from tests.integration.glue.lake import error_code
from tests.integration.glue.workshop import ARGUMENTS, Workshop

pytestmark = pytest.mark.integration


def test_definitions_are_kept_replaced_and_listed(workshop: Workshop) -> None:
    """Jobs API: an update replaces the whole definition; deleting a job that is not there is no error.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
    """
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
    """JobCommand structure.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
    """
    command = {"Name": "glueray", "ScriptLocation": "s3://b/s.py"}
    assert error_code(workshop.glue.create_job, Name="x", Role="r", Command=command) == "InvalidInputException"
    whole = {"Name": "x", "Role": "r", "Command": {**command, "Name": "glueetl"}}
    both = {"MaxCapacity": 2.0, "WorkerType": "G.1X", "NumberOfWorkers": 2}  # *Job structure*: MaxCapacity
    assert error_code(workshop.glue.create_job, **whole, **both) == "InvalidInputException"
    assert error_code(workshop.glue.create_job, **whole, Timeout=10081) == "InvalidInputException"
    job = workshop.job("print('never')\n")
    assert error_code(workshop.glue.start_job_run, JobName=job, Timeout=10081) == "InvalidInputException"


def test_arguments_reach_the_script_as_argv(workshop: Workshop) -> None:
    """Using job parameters in AWS Glue jobs; Job structure: the run's arguments over the defaults, the fixed ones over both.

    Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html,
    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
    """
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
    """JobRun structure: ``ErrorMessage``; *Logging for AWS Glue jobs*: the error stream holds the traceback.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
    """
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
