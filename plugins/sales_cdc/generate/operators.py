"""Plan, write and record the changes of a generate run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.contract.change_contract import EventType
from sales_cdc.cost.confirmation import PARAM
from sales_cdc.cost.prices import REGION
from sales_cdc.generate.ledger import RunLedger
from sales_cdc.generate.run import GenerateRun, require_own_table
from sales_cdc.generate.run_operator import WritingRunOperator, final_errors
from sales_cdc.generate.transactional_table import OrdersTable
from sales_cdc.generate.workload import Workload


class GenerateRunOperator(WritingRunOperator):
    """Take one step of a generate run.

    ``run_name`` is the run's name in the ledger; the run's id when it is empty. ``adopted``: the table is somebody's, and every step
    is refused.
    """

    template_fields = aws_template_fields("table", "bucket", "run_name")

    def __init__(self, *, run_name: str = "", adopted: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run_name = run_name
        self.adopted = adopted

    def _generate_run(self, context: Mapping[str, Any]) -> GenerateRun:
        require_own_table(self.table, adopted=self.adopted)
        ledger = self._ledger(RunLedger, self.run_name or context["run_id"])
        return GenerateRun(OrdersTable(self._dynamodb(), self.table), ledger, self.log.info, self._stop)


class PlanChangesOperator(GenerateRunOperator):
    """Plan the changes that the run's Params ask for, and keep the plan in the ledger.

    The plan is made against the table as it is now. The operator refuses a run whose forecast is above what its Params confirm, before
    it reads or writes anything. Returns the run's ledger (an S3 URI).

    Example::

        PlanChangesOperator(task_id="plan_changes", table=topology.table.name, bucket=topology.bucket.name)
    """

    def execute(self, context: Any) -> str:
        with final_errors():
            params = context["params"]
            workload = Workload(params["seed"], params["inserts"], params["updates"], params["deletes"])
            run = self._generate_run(context)
            run.plan(
                workload, params["rate_per_second"], confirmed_dollars=params[PARAM], region=self.region_name or REGION
            )
        return run.ledger_uri


class WriteChangesOperator(GenerateRunOperator):
    """Write the plan's changes of one event type; a retry continues after the last part that was kept.

    Returns counts: ``settled_before`` (by earlier attempts), ``written`` and ``skipped`` (by this one).
    """

    def __init__(self, *, event_type: EventType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_type = event_type

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors():
            return self._generate_run(context).write(self.event_type)


class RecordLedgerOperator(GenerateRunOperator):
    """Close the run's ledger, so that the batch waits for its changes; return their number by event type."""

    def execute(self, context: Any) -> dict[str, int]:
        with final_errors():
            return dict(self._generate_run(context).record()["written"])
