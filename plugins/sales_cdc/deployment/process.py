"""Give DAG files and the plugin the deployment that this process belongs to."""

from __future__ import annotations

from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.declared import include_folder as include_folder
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

ACCOUNT = "{{ ti.xcom_pull(task_ids='find_account') }}"


def deployed_topology() -> Topology:
    """Return the topology of the environment's settings, and install the endpoint guard for our own sessions.

    Each DAG file calls this when it is imported, so no task runs without the guard. The account is Jinja, rendered from the XCom of
    the task ``find_account``.

    Raises:
        SettingsError: a setting is missing or cannot be used; Airflow shows it as the DAG's import error.
        ContractError: the contract's file declares none; likewise.

    Example::

        topology = deployed_topology()
        topology.table.name  # "sales-cdc-orders"
    """
    settings = Settings.from_environment()
    declared_contract()
    endpoint_guard.install(settings, only_own=True)
    return Topology(settings, ACCOUNT)
