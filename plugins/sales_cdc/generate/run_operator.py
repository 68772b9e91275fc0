"""What operators share that write a run into the orders table and into its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.config import Config

from sales_cdc.aws.errors import DeniedError, ResourceMissingError
from sales_cdc.aws.ledger_folder import ForeignPlanError, LedgerFolder
from sales_cdc.generate.transactional_table import CLIENT_CONFIG
from sales_cdc.generate.workload import WorkloadError

NO_RETRY = (DeniedError, ForeignPlanError, ResourceMissingError, WorkloadError)
Ledger = TypeVar("Ledger", bound=LedgerFolder)


class WritingRunOperator(AwsBaseOperator[AwsGenericHook[Any]]):
    """One step of a run that writes orders: ``table`` and ``bucket`` by name, clients for both, and an end when killed.

    Raises:
        AirflowFailException: trying again would not help; the message says what to do.
        UnreachableError, StalledError: trying again may help, and goes on where this attempt stopped.
    """

    aws_hook_class = AwsGenericHook
    template_fields = aws_template_fields("table", "bucket")

    def __init__(self, *, table: str, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.bucket = bucket
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    def _dynamodb(self) -> Any:
        parameters = {**self._hook_parameters, "config": Config(**CLIENT_CONFIG)}
        return AwsGenericHook(**parameters, client_type="dynamodb").conn

    def _ledger(self, kind: type[Ledger], run_id: str) -> Ledger:
        client = AwsGenericHook(**self._hook_parameters, client_type="s3").conn
        return kind(client, self.bucket, run_id, lambda: datetime.now(UTC).isoformat())


@contextmanager
def final_errors(*also: type[Exception]) -> Iterator[None]:
    """Fail the task at once, without a retry, on errors that would come again the same way; ``also`` names more of them."""
    final: tuple[type[Exception], ...] = (*NO_RETRY, *also)
    try:
        yield
    except final as error:
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
