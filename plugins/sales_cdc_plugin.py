"""Registers Sales CDC with Airflow, and guards the endpoints of every Airflow process that loads plugins."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from sales_cdc.deployment import deployed_topology

topology = deployed_topology()


class PageWhenAsked:
    """The page's application, made at its first request: schedulers and workers load plugins too, and never serve it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = await asyncio.to_thread(lambda: self._application)
        await application(scope, receive, send)

    @cached_property
    def _application(self) -> Any:
        from sales_cdc.ui.app import create_app

        return create_app(topology.settings)


class SalesCdcPlugin(AirflowPlugin):
    """The page "Sales CDC", behind Airflow's login, in its navigation."""

    name = "sales_cdc"
    fastapi_apps = [{"app": PageWhenAsked(), "url_prefix": "/sales-cdc", "name": "Sales CDC"}]  # noqa: RUF012 (Airflow's form)
    external_views = [  # noqa: RUF012
        {
            "name": "Sales CDC",
            "href": "/sales-cdc/",
            "destination": "nav",
            "url_route": "sales-cdc",
            "icon": "/sales-cdc/static/icon.svg",
        }
    ]
