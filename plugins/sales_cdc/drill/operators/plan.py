"""Plan a drill's changes, on orders of its own."""

from __future__ import annotations

from typing import Any

from sales_cdc.cost.confirmation import PARAM
from sales_cdc.cost.prices import REGION
from sales_cdc.drill.drill_ledger import DrillLedger
from sales_cdc.drill.keys import curate_key
from sales_cdc.drill.plan import change_counts, seed_of
from sales_cdc.generate.operators import GenerateRunOperator
from sales_cdc.generate.run_operator import final_errors
from sales_cdc.generate.workload import Workload
from sales_cdc.redrive.error_zone import ErrorZoneHook


class PlanDrillOperator(GenerateRunOperator):
    """Plan the drill's changes, on orders of its own alone, and keep the plan in the ledger.

    Returns:
        ``ledger``, the ledger's URI; ``since``, the time before which no change of the drill can have been committed, as Athena
        writes times; ``curate_key``, where the Glue job counts what it read.
    """

    def execute(self, context: Any) -> dict[str, str]:
        params = context["params"]
        with final_errors():
            run = self._generate_run(context)
            workload = Workload(seed_of(self.run_name, params["seed"]), **change_counts(params["changes"]))
            run.plan(workload, own_orders_only=True, confirmed_dollars=params[PARAM], region=self.region_name or REGION)
        zone = ErrorZoneHook(bucket=self.bucket, **self._hook_parameters)
        since = DrillLedger(zone, self.run_name).since
        return {"ledger": run.ledger_uri, "since": since, "curate_key": curate_key(self.run_name)}
