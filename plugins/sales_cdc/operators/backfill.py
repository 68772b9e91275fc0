"""Plans, makes and records the touches of a backfill run."""

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

from sales_cdc.backfill_run import BackfillIncompleteError, BackfillRefusedError, BackfillRun
from sales_cdc.cost import REGION
from sales_cdc.hooks.backfill_ledger import BackfillLedger
from sales_cdc.hooks.ledger_folder import ForeignPlanError
from sales_cdc.hooks.orders import CLIENT_CONFIG
from sales_cdc.hooks.refusals import DeniedError, ResourceMissingError
from sales_cdc.hooks.touches import TouchableTable
from sales_cdc.operators.workload import require_known_params
from sales_cdc.workload import WorkloadError, require_rate

NO_RETRY = (
    BackfillIncompleteError, BackfillRefusedError, DeniedError, ForeignPlanError, ResourceMissingError, WorkloadError,
)  # fmt: skip


class BackfillOperator(AwsBaseOperator[AwsGenericHook[Any]]):
    """What the operators of a backfill run have in common: ``table`` and ``bucket``, by name, and the run's ledger.

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

    def _backfill_run(self, context: Mapping[str, Any]) -> BackfillRun:
        table = TouchableTable(self._client("dynamodb", Config(**CLIENT_CONFIG)), self.table)
        ledger = BackfillLedger(
            self._client("s3"), self.bucket, context["run_id"], lambda: datetime.now(UTC).isoformat()
        )
        return BackfillRun(table, ledger, self.log.info, self._stop)

    def _client(self, service: str, config: Config | None = None) -> Any:
        parameters = self._hook_parameters | ({"config": config} if config else {})
        return AwsGenericHook(**parameters, client_type=service).conn


class PlanBackfillOperator(BackfillOperator):
    """Forecast what touching every order costs, and refuse when that is more than the Params allow.

    Returns the segments to touch.
    """

    def execute(self, context: Any) -> list[int]:
        params = context["params"]
        with final_errors():
            require_known_params(self.dag, context["dag_run"].conf or {})
            require_rate(params["rate_per_second"])
            run = self._backfill_run(context)
            return run.plan(params["segments"], params["confirm_cost_up_to_dollars"], self.region_name or REGION)


class TouchOrdersOperator(BackfillOperator):
    """Touch the orders of one scan segment; a retry goes on after the last page that was kept.

    Returns counts: ``touched``, ``gone`` (deleted meanwhile) and ``too_large``.
    """

    template_fields = aws_template_fields("table", "bucket", "segment")

    def __init__(self, *, segment: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.segment = segment

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors():
            return self._backfill_run(context).touch(int(self.segment), context["params"]["rate_per_second"])


class RecordBackfillOperator(BackfillOperator):
    """Close the run's ledger: from then on an order that begins with no insert is an error again. Returns the counts."""

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors():
            summary = self._backfill_run(context).record()
        return {name: summary[name] for name in ("touched", "gone")}


@contextmanager
def final_errors() -> Iterator[None]:
    """Errors that would come again the same way fail the task at once, without a retry."""
    try:
        yield
    except NO_RETRY as error:
        raise AirflowFailException(str(error)) from error
