"""Hold what the steps of a rebuild share: its state, its tables, the job's runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.rebuild.catalog import CuratedCatalogHook
from sales_cdc.rebuild.tables import PARTS, Side, State, beside

ACTIVE = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
"""Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html"""
CONFIRM = 'Run sales_cdc_rebuild with {"action": "delete_old"} to remove them, or {"action": "restore_old"} to go back to them.'


class RebuildRefusedError(AirflowFailException):
    """Raised when the rebuild cannot be done as asked for; the live tables are as they were."""


class RebuildOperator(AwsBaseOperator[CuratedCatalogHook]):
    """Take one step of a rebuild of the curated tables.

    Args:
        bucket, database, job_name: of the deployment.
    """

    aws_hook_class = CuratedCatalogHook
    template_fields = aws_template_fields("bucket", "database", "job_name")

    def __init__(self, *, bucket: str, database: str, job_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.database = database
        self.job_name = job_name

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "database": self.database, "bucket": self.bucket}

    @property
    def _lake(self) -> LandingZoneHook:
        return LandingZoneHook(**super()._hook_parameters, bucket=self.bucket)

    def _state(self) -> State | None:
        return State.of(self._lake.document(bucket_keys.REBUILD_STATE))

    def _keep_state(self, state: State) -> None:
        self._lake.put_json(bucket_keys.REBUILD_STATE, state.document())

    def _names(self, side: Side) -> Iterator[tuple[str, str]]:
        """Yield each table's live name, and its name beside it."""
        contract = declared_contract()
        aside = beside(contract, side)
        return ((contract.table(part), aside.table(part)) for part in PARTS)

    def _present(self, side: Side) -> list[str]:
        return [name for _, name in self._names(side) if self.hook.find(name)]

    def _remove(self, side: Side) -> dict[str, int]:
        """Remove the tables of a side with their files; return how many files each had."""
        return {name: self.hook.remove(name, live) for live, name in self._names(side) if self.hook.find(name)}

    def _active_runs(self) -> list[dict[str, Any]]:
        runs = self.hook.conn.get_job_runs(JobName=self.job_name, MaxResults=50)["JobRuns"]
        return [run for run in runs if run["JobRunState"] in ACTIVE]


def skip_unless_building(context: Any) -> None:
    plan: dict[str, Any] = context["ti"].xcom_pull(task_ids="plan_rebuild") or {}
    if plan.get("phase") != "building":
        raise AirflowSkipException(f"The rebuild is {plan.get('phase')}: its tables are built and checked.")
