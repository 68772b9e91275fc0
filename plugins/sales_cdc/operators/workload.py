"""Plans, writes and records the changes of a generate run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.config import Config

from sales_cdc.generate_run import GenerateRun
from sales_cdc.hooks.ledger_folder import ForeignPlanError
from sales_cdc.hooks.orders import CLIENT_CONFIG, OrdersTable
from sales_cdc.hooks.refusals import DeniedError, ResourceMissingError
from sales_cdc.hooks.run_ledger import RunLedger
from sales_cdc.workload import EventType, Workload, WorkloadError

NO_RETRY = (WorkloadError, ForeignPlanError, ResourceMissingError, DeniedError)


class GenerateRunOperator(AwsBaseOperator[AwsGenericHook[Any]]):
    """What the operators of a generate run have in common: ``table`` and ``bucket``, by name, and the run's ledger.

    ``run_name``: the run's name in the ledger; the run's id when it is empty.

    Raises:
        AirflowFailException: trying again would not help; the message says what to do.
        UnreachableError, StalledError: trying again may help, and goes on where this attempt stopped.
    """

    aws_hook_class = AwsGenericHook
    template_fields = aws_template_fields("table", "bucket", "run_name")

    def __init__(self, *, table: str, bucket: str, run_name: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.bucket = bucket
        self.run_name = run_name
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    def _generate_run(self, context: Mapping[str, Any]) -> GenerateRun:
        table = OrdersTable(self._client("dynamodb", Config(**CLIENT_CONFIG)), self.table)
        name = self.run_name or context["run_id"]
        ledger = RunLedger(self._client("s3"), self.bucket, name, lambda: datetime.now(UTC).isoformat())
        return GenerateRun(table, ledger, self.log.info, self._stop)

    def _client(self, service: str, config: Config | None = None) -> Any:
        parameters = self._hook_parameters | ({"config": config} if config else {})
        return AwsGenericHook(**parameters, client_type=service).conn


class PlanChangesOperator(GenerateRunOperator):
    """Plan the changes that the run's Params ask for, against the table as it is, and keep the plan in the ledger.

    A Param that the DAG does not have is refused before anything is read or written. Returns the run's ledger (an S3 URI).
    """

    def execute(self, context: Any) -> str:
        with final_errors():
            require_known_params(self.dag, context["dag_run"].conf or {})
            params = context["params"]
            workload = Workload(params["seed"], params["inserts"], params["updates"], params["deletes"])
            run = self._generate_run(context)
            run.plan(workload, params["rate_per_second"])
        return run.ledger_uri


class WriteChangesOperator(GenerateRunOperator):
    """Write the plan's changes of one event type; a retry goes on after the last part that was kept.

    Returns counts: ``settled_before`` (by earlier attempts), ``written`` and ``skipped`` (by this one).
    """

    def __init__(self, *, event_type: EventType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_type = event_type

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors():
            return self._generate_run(context).write(self.event_type)


class RecordLedgerOperator(GenerateRunOperator):
    """Close the run's ledger: from then on the batch waits for its changes. Returns the changes written, by event type."""

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors():
            return dict(self._generate_run(context).record()["written"])


@contextmanager
def final_errors() -> Iterator[None]:
    """Errors that would come again the same way fail the task at once, without a retry."""
    try:
        yield
    except NO_RETRY as error:
        raise AirflowFailException(str(error)) from error


def require_known_params(dag: Any, conf: Mapping[str, Any]) -> None:
    """Airflow takes any key of a run's configuration; a misspelt one would silently leave the default in force.

    Raises:
        WorkloadError: names the keys that the DAG does not have.
    """
    known = sorted(dag.params.keys())
    if unknown := sorted(conf.keys() - set(known)):
        raise WorkloadError(
            f"Unknown Param {', '.join(unknown)} in the run's configuration; known are {', '.join(known)}. "
            "Nothing was written. Start a new run with the right names."
        )
