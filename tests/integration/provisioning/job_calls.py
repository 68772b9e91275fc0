"""The calls of the curate job, made once with its role by a Python shell job."""

from __future__ import annotations

from typing import Any

from sales_cdc.contract import bucket_keys

from tests.integration.deployment import Deployment
from tests.waiting import wait_for

SCRIPT = """
import boto3, sys
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
bucket, database = arguments["--bucket"], arguments["--database"]
s3, glue = boto3.client("s3"), boto3.client("glue")
for prefix in ("raw/orders/", "curated/"):
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    for found in listed[:1]:
        s3.get_object(Bucket=bucket, Key=found["Key"])
glue.get_database(Name=database)
s3.put_object(Bucket=bucket, Key="curated/orders_trial/metadata/1.json", Body=b"{}")
glue.create_table(DatabaseName=database, TableInput={"Name": "orders_trial"})
glue.get_table(DatabaseName=database, Name="orders_trial")
glue.update_table(DatabaseName=database, TableInput={"Name": "orders_trial", "Parameters": {"metadata": "2"}})
s3.delete_object(Bucket=bucket, Key="curated/orders_trial/metadata/1.json")
s3.put_object(Bucket=bucket, Key="ledger/trial.json", Body=b"{}")
print("curated")
"""


def run_job(deployed: Deployment) -> dict[str, Any]:
    """Run the calls once, with the job's role."""
    glue, topology = deployed.client("glue"), deployed.topology
    name, key = f"{topology.job.name}-trial", f"{bucket_keys.ARTIFACTS_PREFIX}trial.py"
    if name not in glue.list_jobs()["JobNames"]:
        deployed.client("s3").put_object(Bucket=topology.bucket.name, Key=key, Body=SCRIPT.encode())
        glue.create_job(
            Name=name, Role=topology.role("job").arn, Command={"Name": "pythonshell", "ScriptLocation": topology.s3_uri(key)},
            DefaultArguments={"--bucket": topology.bucket.name, "--database": topology.database.name},
        )  # fmt: skip
    glue.batch_delete_table(DatabaseName=topology.database.name, TablesToDelete=["orders_trial"])
    run_id = glue.start_job_run(JobName=name)["JobRunId"]

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return run if run["JobRunState"] in {"SUCCEEDED", "FAILED"} else None

    return wait_for(ended, "the run's end") or {}


def job_log(deployed: Deployment, run: dict[str, Any]) -> list[str]:
    """Return what the run's script printed; empty without a log."""
    logs = deployed.client("logs")
    try:
        events = logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run["Id"])["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in events]
