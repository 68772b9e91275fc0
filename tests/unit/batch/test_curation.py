"""Test that the sensor of the curate job follows the run that a retry started, also when it is rescheduled."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowRescheduleException
from botocore.stub import Stubber
from sales_cdc.batch.sensors.curation import CurationFailedError, CurationSensor

KEY = "ledger/curate/run-1.json"
OWN = {"--ledger_key": KEY}


def run(run_id: str, state: str, arguments: dict[str, str] = OWN) -> dict[str, Any]:
    return {"Id": run_id, "JobRunState": state, "Arguments": arguments}


@pytest.fixture
def sensor() -> CurationSensor:
    made = CurationSensor(
        task_id="await_curation", job_name="j", run_id="jr_1", bucket="b", ledger_key=KEY, database="d",
        mode="reschedule", poke_interval=30, timeout=60, aws_conn_id=None, region_name="eu-central-1",
    )  # fmt: skip
    place = {"aws_access_key_id": "t", "aws_secret_access_key": "t", "region_name": "eu-central-1"}
    made.hook.conn = boto3.client("glue", **place)
    return made


def context(attempt: int, reschedules: int = 0) -> dict[str, Any]:
    ti = SimpleNamespace(try_number=attempt, get_first_reschedule_date=lambda _: None)
    return {"ti": ti, "task_reschedule_count": reschedules}


def test_a_retry_starts_the_job_again_once(sensor: CurationSensor) -> None:
    with Stubber(sensor.hook.conn) as glue:
        others = run("jr_9", "RUNNING", {"--ledger_key": "another"})
        glue.add_response("get_job_runs", {"JobRuns": [others, run("jr_1", "FAILED")]})
        glue.add_response("get_job_run", {"JobRun": run("jr_1", "FAILED")}, {"JobName": "j", "RunId": "jr_1"})
        glue.add_response("start_job_run", {"JobRunId": "jr_2"}, {"JobName": "j", "Arguments": OWN})
        glue.add_response("get_job_run", {"JobRun": run("jr_2", "RUNNING")}, {"JobName": "j", "RunId": "jr_2"})
        with pytest.raises(AirflowRescheduleException):
            sensor.execute(context(2))
        glue.assert_no_pending_responses()


def test_after_a_reschedule_the_retry_s_own_run_is_looked_at(sensor: CurationSensor) -> None:
    with Stubber(sensor.hook.conn) as glue:
        glue.add_response("get_job_runs", {"JobRuns": [run("jr_2", "FAILED"), run("jr_1", "FAILED")]})
        glue.add_response("get_job_run", {"JobRun": run("jr_2", "FAILED")}, {"JobName": "j", "RunId": "jr_2"})
        with pytest.raises(CurationFailedError, match="ended FAILED"):
            sensor.execute(context(2, reschedules=3))
        glue.assert_no_pending_responses()
