"""Plan, make and record the touches of a backfill run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.backfill.ledger import BackfillLedger
from sales_cdc.backfill.run import BackfillIncompleteError, BackfillRefusedError, BackfillRun
from sales_cdc.backfill.touches import TouchableTable
from sales_cdc.cost.prices import REGION
from sales_cdc.generate.run_operator import WritingRunOperator, final_errors
from sales_cdc.generate.workload import require_rate

FINAL = (BackfillIncompleteError, BackfillRefusedError)


class BackfillOperator(WritingRunOperator):
    """Take one step of a backfill run."""

    def _backfill_run(self, context: Mapping[str, Any]) -> BackfillRun:
        ledger = self._ledger(BackfillLedger, context["run_id"])
        return BackfillRun(TouchableTable(self._dynamodb(), self.table), ledger, self.log.info, self._stop)


class PlanBackfillOperator(BackfillOperator):
    """Forecast what touching every order costs, and fail when that is more than the Params allow.

    Returns the segments to touch.

    Example::

        PlanBackfillOperator(task_id="plan_backfill", table=topology.table.name, bucket=topology.bucket.name)
    """

    def execute(self, context: Any) -> list[int]:
        params = context["params"]
        with final_errors(*FINAL):
            require_rate(params["rate_per_second"])
            run = self._backfill_run(context)
            return run.plan(params["segments"], params["confirm_cost_up_to_dollars"], self.region_name or REGION)


class TouchOrdersOperator(BackfillOperator):
    """Touch the orders of one scan segment; a retry continues after the last page that was kept.

    Returns counts: ``touched``, ``gone`` (deleted meanwhile) and ``too_large``.
    """

    template_fields = aws_template_fields("table", "bucket", "segment")

    def __init__(self, *, segment: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.segment = segment

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors(*FINAL):
            return self._backfill_run(context).touch(int(self.segment), context["params"]["rate_per_second"])


class RecordBackfillOperator(BackfillOperator):
    """Close the run's ledger, and return its counts.

    From then on an order whose first change is no insert is an error again.
    """

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors(*FINAL):
            summary = self._backfill_run(context).record()
        return {name: summary[name] for name in ("touched", "gone")}
