"""Say what a rebuild costs, and begin it or go on with it."""

from __future__ import annotations

import hashlib
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.cost.confirmation import CostNotConfirmedError, allowed_dollars
from sales_cdc.cost.forecast import Forecast
from sales_cdc.cost.prices import REGION, in_dollars
from sales_cdc.cost.rebuild import RawZone, rebuild_forecast, summary
from sales_cdc.deployment.topology import Topology
from sales_cdc.rebuild.operators.step import CONFIRM, RebuildOperator, RebuildRefusedError
from sales_cdc.rebuild.tables import OLD, PARTS, REBUILT, State


class PlanRebuildOperator(RebuildOperator):
    """Say what a rebuild costs, and begin it, or go on with one that stopped.

    It begins anew when the job or the contract is another version than that which began the tables. With the action ``restore_old`` it
    prepares to exchange the tables again.

    Returns:
        ``phase``, ``objects``, ``bytes``, ``dollars``; ``has_changes`` and ``has_streams``: whether there is a live change log
        with the contract's key, and whether it has the streams' labels.

    Raises:
        RebuildRefusedError: it costs more than confirmed, the former tables of an earlier rebuild are still kept, another version's
            build still runs, or there is nothing to restore.
    """

    def execute(self, context: Any) -> dict[str, Any]:
        action = context["params"]["action"]
        if action == "delete_old":
            raise AirflowSkipException("This run removes the former tables: see the task delete_old_tables.")
        state = self._state()
        if (
            state is None
            or state.phase == "building"
            or (state.phase == "exchanged" and state.run_id != context["run_id"])
        ):
            state = self._restoring(context["run_id"]) if action == "restore_old" else self._building(context, state)
        else:
            self.log.info("The rebuild that %s began is %s: this run goes on with it.", state.run_id, state.phase)
        raw, forecast = self._size()
        size = {"objects": raw.objects, "bytes": raw.size_bytes, "dollars": in_dollars(forecast.dollars)}
        return {"phase": state.phase, **size, **self._live_table()}

    def _building(self, context: Any, state: State | None) -> State:
        if kept := self._present(OLD):
            raise RebuildRefusedError(
                f"An earlier rebuild still keeps the former tables {', '.join(kept)}. {CONFIRM} Nothing was done."
            )
        self._confirm_cost(context["params"]["confirm_cost_up_to_dollars"])
        planned = State(context["run_id"], self._version())
        if state is not None and state.phase == "building" and state.version == planned.version:
            self.log.info("The tables that %s began to build are gone on with.", state.run_id)
            return state
        if building := [
            run["Id"] for run in self._active_runs() if run.get("Arguments", {}).get("--rebuild") == "true"
        ]:
            raise RebuildRefusedError(
                f"The job's run {building[0]} builds tables for another version of the job or the contract. Wait for its end, or "
                "stop it, and run this DAG again. Nothing was done."
            )
        self._remove(REBUILT)
        self._keep_state(planned)
        return planned

    def _restoring(self, run_id: str) -> State:
        kept = self._present(OLD)
        if len(kept) < len(PARTS):
            raise RebuildRefusedError(
                f"There are no former tables to restore: {len(kept)} of {len(PARTS)} are kept. Nothing was done."
            )
        state = State(run_id, self._version(), "exchanging", "old")
        self._keep_state(state)
        return state

    def _confirm_cost(self, text: str) -> None:
        raw, forecast = self._size()
        line = summary(raw, forecast)
        self.log.info(line)
        try:
            confirmed = allowed_dollars(text)
        except CostNotConfirmedError as error:
            raise RebuildRefusedError(str(error)) from error
        if forecast.dollars > confirmed:
            raise RebuildRefusedError(
                f"{line} That is more than confirm_cost_up_to_dollars, {confirmed}. Start a new run with a higher one. Nothing was done."
            )

    def _size(self) -> tuple[RawZone, Forecast]:
        pages = self._lake.get_conn().get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self.bucket, Prefix=bucket_keys.RAW_PREFIX)
        sizes = [found["Size"] for page in listed for found in page.get("Contents", [])]
        raw = RawZone(len(sizes), sum(sizes))
        return raw, rebuild_forecast(raw, self.region_name or REGION)

    def _version(self) -> str:
        """Name what the job is made of: its script, its parts, its contract, its arguments."""
        s3 = self._lake.get_conn()
        keys = (Topology.JOB_KEY, Topology.JOB_PARTS_KEY, Topology.CONTRACT_KEY)
        tags = [s3.head_object(Bucket=self.bucket, Key=key)["ETag"] for key in keys]
        arguments = self.hook.conn.get_job(JobName=self.job_name)["Job"].get("DefaultArguments", {})
        made_of = repr((tags, sorted(arguments.items())))
        return hashlib.sha256(made_of.encode()).hexdigest()

    def _live_table(self) -> dict[str, bool]:
        table = self.hook.find(declared_contract().table("changes"))
        columns = [each["Name"] for each in table.definition["StorageDescriptor"].get("Columns", [])] if table else []
        has_key = all(
            each.column in columns for each in declared_contract().key
        )  # a table of another key cannot be compared
        return {"has_changes": table is not None and has_key, "has_streams": "source_stream" in columns}
