"""Make the page's application: its tabs, its files, its headers, and who may use them."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import jinja2
from airflow.api_fastapi.core_api.security import GetUserDep
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from sales_cdc.deployment.settings import Settings
from sales_cdc.page import access
from sales_cdc.page.answers import Answers
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.reader import DeploymentReader, Reader
from sales_cdc.page.reads.shared_reads import shared_reads
from sales_cdc.page.run_trigger import StartedRun, start_run
from sales_cdc.page.static_files import FIRST_SCRIPTS, PLOTLY, modules, own_version, static_file
from sales_cdc.page.tabs import changes, flow, history, insights, older, orders, runs, trust, verdict

logger = logging.getLogger(__name__)
PREFIX = "/sales-cdc"
TABS = (
    verdict,
    flow,
    history,
    orders,
    older,
    changes,
    insights,
    trust,
    runs,
)  # the verdict, then the navigation of page.html
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGE = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)


def create_app(
    settings: Settings,
    reader: Reader | None = None,
    start: Callable[..., StartedRun] = start_run,
) -> FastAPI:
    """Make the application that Airflow mounts.

    A request without a login gets 401, a user who may not read the batch DAG gets 403.

    Example::

        app = create_app(Settings.from_environment())
    """
    app = FastAPI(dependencies=[Depends(access.may_read)], openapi_url=None, docs_url=None, redoc_url=None)
    source = reader or DeploymentReader(settings)
    app.state.warm = lambda: _warm(source, settings)
    app.middleware("http")(_with_headers)
    _add_page(app, settings)
    answers = Answers(shared_reads(source), settings, start)
    for tab in TABS:
        tab.add_routes(app, answers)
    return app


def _warm(reader: Reader, settings: Settings) -> None:
    """Load files, make clients and read for a verdict once, before the first visitor has to wait for what that loads.

    A cloud that does not answer yet, or a document that cannot be read, is no failure: the page tries again when somebody asks, and says so.
    """
    PAGE.get_template("page.html")
    for name in (PLOTLY, "page.css", *FIRST_SCRIPTS, *modules()):
        static_file(name)
    try:
        reader.warm()
        verdict.current(reader, settings)
    except (BotoCoreError, ClientError, ValueError) as error:
        logger.info(
            "The Sales CDC page could not read the deployment ahead. It tries again when somebody opens the page: %s",
            error,
        )


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _add_page(app: FastAPI, settings: Settings) -> None:
    @app.get("/", response_class=HTMLResponse)
    def page(request: Request, user: GetUserDep) -> str:
        return PAGE.get_template("page.html").render(
            root=request.scope.get("root_path", ""),
            files=f"static/{own_version()}",
            modules=modules(),
            plotly=f"static/{plotly.version}/{PLOTLY}" if (plotly := static_file(PLOTLY)) else "",
            token=access.page_token(user.get_id()),
            can_run_batch=access.can_run(access.READ_DAG, user),
            settings=settings,
            insights=insights.insight_names(),
            entity=ENTITY,
            described=json.dumps({**ENTITY.as_json(), "currency": settings.currency or ""}),
        )

    @app.get("/static/{name}")
    @app.get("/static/{version}/{name}")
    def static(request: Request, name: str, version: str = "") -> Response:
        file = static_file(name)
        if file is None:
            raise HTTPException(404, "There is no such file.")
        is_current = version in (file.version, own_version())
        keeps = "private, max-age=31536000, immutable" if is_current else "no-cache"
        headers = {"Cache-Control": keeps, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(file.compressed, media_type=file.media_type, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)
