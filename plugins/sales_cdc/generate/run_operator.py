"""Hold what the operators share that write orders and keep a ledger of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from botocore.config import Config

from sales_cdc.aws import task_errors
from sales_cdc.aws.ledger_folder import ForeignPlanError, LedgerFolder
from sales_cdc.cost.confirmation import CostNotConfirmedError
from sales_cdc.generate.transactional_table import CLIENT_CONFIG
from sales_cdc.generate.workload import WorkloadError

Ledger = TypeVar("Ledger", bound=LedgerFolder)


class WritingRunOperator(AwsBaseOperator[AwsGenericHook[Any]]):
    """Take one step of a run that writes orders; stop when the task is killed.

    Args:
        table: the orders table's name.
        bucket: the name of the bucket that holds the ledger.

    Raises:
        AirflowFailException: a retry would not help; the message says what to do.
        UnreachableError, StalledError: a retry may help; it continues where this attempt stopped.
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
    """Fail the task without a retry on errors that a retry would repeat; ``also`` names more of them."""
    with task_errors.final_errors(ForeignPlanError, WorkloadError, CostNotConfirmedError, *also):
        yield
