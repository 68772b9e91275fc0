"""The deployment that this process belongs to, for DAG files and the plugin: settings read, guard installed."""

from __future__ import annotations

from sales_cdc.contract.declared import include_folder as include_folder
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

ACCOUNT = "{{ ti.xcom_pull(task_ids='find_account') }}"


def deployed_topology() -> Topology:
    """The topology of the environment's settings; its account is Jinja, rendered from the task ``find_account``.

    Importing a DAG file calls this, so no task runs without the endpoint guard.

    Raises:
        SettingsError: a setting is missing or cannot be used; Airflow shows it as the DAG's import error.
    """
    settings = Settings.from_environment()
    endpoint_guard.install(settings)
    return Topology(settings, ACCOUNT)
