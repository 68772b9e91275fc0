"""Registers Sales CDC with Airflow, and guards the endpoints of every Airflow process that loads plugins."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin
from sales_cdc.deployment import deployed_topology

deployed_topology()


class SalesCdcPlugin(AirflowPlugin):
    """The project's place in Airflow's interface."""

    name = "sales_cdc"
