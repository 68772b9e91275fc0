"""Wait for the curate job's run; return its counts, or raise its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, PokeReturnValue

from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.batch.changed import Changed
from sales_cdc.batch.iceberg import IcebergTableHook, Snapshot
from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.contract.declared import declared_contract
from sales_cdc.dag_page.links import JobRunLink

CURRENT_TABLE, CHANGES_TABLE = (declared_contract().table(name) for name in ("current", "changes"))
RUNS_LOOKED_AT = 50
SUCCEEDED_STATE = "SUCCEEDED"
FAILED_STATES = frozenset({"STOPPED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})
"""Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html"""


def _last_before(moment: datetime, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    return next((each for each in reversed(snapshots) if each.committed_at < moment), None)


class CurationFailedError(AirflowException):
    """Raised when the curate job's run failed; the message has the job's reason. A retry starts it again."""


class CurationSensor(GlueJobSensor):
    """Wait for a run of the curate job; a retry after a failed run starts the job again.

    The new run of the job continues where the failed one stopped.

    Args:
        bucket, ledger_key: where the job writes its counts.
        database: of the curated tables.

    Returns:
        The job's counts, and as ``time_travel`` the ids of snapshots: of the current state the last one ``before`` this DAG run began (None:
        there was none) and the latest one, ``after`` it; of the change log the last one before, ``log_before``; with the columns of
        both, ``columns_before`` and ``log_columns_before``. ``changed``: what has changed since the last batch
        whose gate passed, None when everything has to be asked; ``ended``: the keys of the notes which that is from, of ended runs;
        ``passed_by``: the run of that batch.

    Raises:
        CurationFailedError: the run failed, was stopped or ran out of time.
    """

    operator_extra_links = (JobRunLink(),)
    template_fields = aws_template_fields("job_name", "run_id", "bucket", "ledger_key", "database")

    def __init__(self, *, bucket: str, ledger_key: str, database: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.ledger_key = ledger_key
        self.database = database

    def execute(self, context: Any) -> Any:
        if newest := self._newest_own_run():
            self.run_id: str = newest
        is_rescheduled = context.get("task_reschedule_count", 0) > 0
        if context["ti"].try_number > 1 and not is_rescheduled:
            self._start_again_if_failed()
        return super(GlueJobSensor, self).execute(context)

    def _newest_own_run(self) -> str | None:
        """Return the newest run that writes our counts; a retry may have started it before the sensor was rescheduled."""
        runs = self.hook.conn.get_job_runs(JobName=self.job_name, MaxResults=RUNS_LOOKED_AT)["JobRuns"]
        own = (run for run in runs if run.get("Arguments", {}).get("--ledger_key") == self.ledger_key)
        return next((str(run["Id"]) for run in own), None)

    def _start_again_if_failed(self) -> None:
        run = self._job_run()
        if run["JobRunState"] in FAILED_STATES:
            started = self.hook.conn.start_job_run(JobName=self.job_name, Arguments=run.get("Arguments", {}))
            self.log.info("The run %s ended %s: started %s.", self.run_id, run["JobRunState"], started["JobRunId"])
            self.run_id = started["JobRunId"]

    def poke(self, context: Any) -> PokeReturnValue:
        run = self._job_run()
        state = run["JobRunState"]
        if state == SUCCEEDED_STATE:
            return PokeReturnValue(is_done=True, xcom_value=self._outcome(context["dag_run"].start_date))
        if state in FAILED_STATES:
            raise CurationFailedError(
                f"The Glue job '{self.job_name}' ended {state}: {run.get('ErrorMessage') or 'no reason given'}. Its log: "
                f"{run.get('LogGroupName', '/aws-glue/jobs')}, stream {self.run_id}. Nothing was lost: what it had committed "
                "stays, and the next run takes the rest. Fix what the reason names and clear this task."
            )
        return PokeReturnValue(is_done=False)

    def _job_run(self) -> dict[str, Any]:
        run: dict[str, Any] = self.hook.conn.get_job_run(JobName=self.job_name, RunId=self.run_id)["JobRun"]
        return run

    def _outcome(self, run_began: datetime) -> dict[str, Any]:
        counts = LandingZoneHook(bucket=self.bucket, **self._hook_parameters).document(self.ledger_key)
        if counts is None:
            raise CurationFailedError(
                f"The Glue job '{self.job_name}' succeeded, but s3://{self.bucket}/{self.ledger_key} with its counts does not "
                "exist. Run setup, which updates the job to this version, and clear the task that starts the job."
            )
        self.log.info("Curated: %s", counts)
        return {**counts, "time_travel": self._time_travel(run_began), **self._changed()}

    def _time_travel(self, run_began: datetime) -> dict[str, Any]:
        tables = IcebergTableHook(**self._hook_parameters)
        current = tables.snapshots(self.database, CURRENT_TABLE)
        log = tables.snapshots(self.database, CHANGES_TABLE) if tables.exists(self.database, CHANGES_TABLE) else []
        before, log_before = (_last_before(run_began, snapshots) for snapshots in (current, log))
        return {
            "before": str(before.snapshot_id) if before else None,
            "columns_before": before.columns if before else [],
            "log_before": str(log_before.snapshot_id) if log_before else None,
            "log_columns_before": log_before.columns if log_before else [],
            "after": str(current[-1].snapshot_id) if current else None,
        }

    def _changed(self) -> dict[str, Any]:
        ledger = WatermarkHook(bucket=self.bucket, **self._hook_parameters)
        notes = ledger.notes()
        watermark = ledger.watermark()
        changed = Changed.since_watermark(watermark, (note.document for note in notes))
        ended = [note.key for note in notes if note.ended]
        asked = {"changed": None if changed is None else changed.document(), "ended": ended}
        return asked | {"passed_by": watermark.passed_by if watermark else None}
