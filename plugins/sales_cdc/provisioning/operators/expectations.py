"""Build the tasks of setup that look before it changes anything, and the one that adopts a table."""

from __future__ import annotations

from typing import Any

from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.adoption import ENABLE_STREAM
from sales_cdc.provisioning.operators.adopt import AdoptTableOperator, ExpectTableFitsOperator
from sales_cdc.provisioning.operators.contract_fits import REBUILD_FOLLOWS, ExpectContractFitsOperator


def expectations(topology: Topology) -> list[ExpectContractFitsOperator | ExpectTableFitsOperator]:
    """Return the tasks that refuse a contract, and an adopted table, that do not fit."""
    contract = ExpectContractFitsOperator(
        task_id="expect_contract_fits",
        database=topology.database.name,
        bucket=topology.bucket.name,
        contract_key=topology.CONTRACT_KEY,
        rebuild_follows=f"{{{{ params.{REBUILD_FOLLOWS} }}}}",
    )
    if not topology.adopts_table:
        return [contract]
    return [contract, ExpectTableFitsOperator(task_id="expect_table_fits", **_table(topology))]


def adopt_table(topology: Topology) -> AdoptTableOperator:
    """Return the task that makes sure of the adopted table's stream."""
    view_type, bucket = topology.settings.stream_view_type, topology.bucket.name
    return AdoptTableOperator(task_id="adopt_table", view_type=view_type, bucket=bucket, **_table(topology))


def _table(topology: Topology) -> dict[str, Any]:
    may = f"{{{{ params.{ENABLE_STREAM} }}}}"
    return {"table": topology.table.name, "region": topology.settings.region, "may_enable_stream": may}
