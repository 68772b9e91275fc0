"""Registers Sales CDC with Airflow, and guards the endpoints of every Airflow process that loads plugins."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from sales_cdc.batch.timetable import DailyTimetable
from sales_cdc.deployment.process import deployed_topology

topology = deployed_topology()


class PageWhenServed:
    """The page's application, made where it is served: schedulers and workers load plugins too, and never serve it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._application: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = self._application or await asyncio.to_thread(self._made)
        await application(scope, receive, send)

    def begin(self, airflow: Any) -> Any:
        """Make the page while the api-server starts, behind it. A root middleware to Airflow, which keeps out of all requests."""
        threading.Thread(target=lambda: self._made().state.warm(), name="sales-cdc-page-warms", daemon=True).start()
        return airflow

    def _made(self) -> Any:
        with self._lock:
            if self._application is None:
                from sales_cdc.page.app import create_app

                self._application = create_app(topology.settings)
            return self._application


page = PageWhenServed()


class SalesCdcPlugin(AirflowPlugin):
    """The page "Sales CDC", behind Airflow's login, in its navigation; and the batch's timetable."""

    name = "sales_cdc"
    timetables = [DailyTimetable]  # noqa: RUF012 (Airflow's form)
    fastapi_apps = [{"app": page, "url_prefix": "/sales-cdc", "name": "Sales CDC"}]  # noqa: RUF012 (Airflow's form)
    fastapi_root_middlewares = [{"middleware": page.begin, "name": "Sales CDC, made at the start"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Sales CDC",
            "href": "/sales-cdc/",
            "destination": "nav",
            "url_route": "sales-cdc",
            "icon": "/sales-cdc/static/icon.svg",
        }
    ]
