"""The page's application: its routes, its headers, and who may use them."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import jinja2
from airflow.api_fastapi.core_api.security import GetUserDep
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse

from sales_cdc.deployment.settings import Settings
from sales_cdc.page import access, sections
from sales_cdc.page.cache import Cache, Snapshot
from sales_cdc.page.reader import DeploymentReader, Reader
from sales_cdc.page.redrive import RedriveError, StartedRun, trigger_redrive
from sales_cdc.page.static_files import FIRST_SCRIPTS, PLOTLY, modules, own_version, static_file

logger = logging.getLogger(__name__)
PREFIX = "/sales-cdc"
FIRST_ANSWER_SECONDS = 0.5
QUICK, SLOW = 5.0, 60.0  # how long an answer is fresh: of AWS's descriptions, of queries
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
    redrive: Callable[[str], StartedRun] = trigger_redrive,
) -> FastAPI:
    """The application that Airflow mounts; strangers get 401, users who may not read the batch DAG 403."""
    app = FastAPI(dependencies=[Depends(access.may_read)], openapi_url=None, docs_url=None, redoc_url=None)
    source = reader or DeploymentReader(settings)
    app.state.warm = lambda: _warm(source)
    app.middleware("http")(_with_headers)
    _add_page(app, settings)
    _add_answers(app, settings, source)

    @app.post("/api/redrive", dependencies=[Depends(access.may_redrive), Depends(access.asked_by_page)])
    def start_redrive(user: GetUserDep) -> Response:
        try:
            run = redrive(user.get_name())
        except RedriveError as error:
            raise HTTPException(409, str(error)) from error
        return _json({"dag_id": run.dag_id, "run_id": run.run_id, "is_paused": run.is_paused})

    return app


def _warm(reader: Reader) -> None:
    """Do what the first visitor would wait for otherwise. The cloud may not be there yet: then he waits, or is told."""
    PAGE.get_template("page.html")
    for name in (PLOTLY, "page.css", *FIRST_SCRIPTS, *modules()):
        static_file(name)
    try:
        reader.warm()
    except (BotoCoreError, ClientError) as error:
        logger.info("The Sales CDC page could not get its clients ready; it tries again when asked: %s", error)


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
            can_redrive=access.can_redrive(user),
            settings=settings,
            insights=sections.insight_names(),
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


def _add_answers(app: FastAPI, settings: Settings, reader: Reader) -> None:
    quick, queries = Cache(), Cache()  # threads of their own: no report waits behind Athena

    def answer(key: tuple[str, ...], load: Callable[[], Any], fresh_seconds: float) -> Response:
        cache = queries if fresh_seconds >= SLOW else quick
        return _told(cache.get(key, load, fresh_seconds=fresh_seconds, wait_seconds=FIRST_ANSWER_SECONDS))

    @app.get("/api/flow")
    def flow() -> Response:
        return answer(("flow",), lambda: sections.flow(reader, settings.firehose_interval_seconds), QUICK)

    @app.get("/api/live")
    def live() -> Response:
        return answer(("live",), lambda: sections.live(reader), QUICK)

    @app.get("/api/changes/{span}")
    def changes(span: str, *, anew: bool = False) -> Response:
        _known(span, sections.RANGES)
        return answer(("changes", span, str(anew)), lambda: sections.changes(reader, span, anew=anew), SLOW)

    @app.get("/api/orders")
    def orders(q: Annotated[str, Query(max_length=200)] = "") -> Response:
        asked = _order_id(q.strip())
        return answer(("orders", asked), lambda: sections.found_orders(reader, asked), SLOW)

    @app.get("/api/order")
    def order(id: Annotated[str, Query(max_length=200)]) -> Response:  # noqa: A002 (the query's own word)
        return answer(("order", _order_id(id)), lambda: sections.order(reader, id), SLOW)

    @app.get("/api/insights/{name}")
    def insight(name: str, *, anew: bool = False) -> Response:
        _known(name, {each["name"] for each in sections.insight_names()})
        load = partial(sections.insight, reader, name, anew=anew)
        return answer(("insight", name, str(anew)), load, 5 * SLOW if anew else SLOW)

    @app.get("/api/trust/{name}")
    def trust(name: str) -> Response:
        loads: dict[str, Callable[[], Any]] = {
            "failures": lambda: sections.failures(reader),
            "runs": lambda: sections.ledger_runs(reader),
            "cost": lambda: sections.cost(reader, settings),
            **{each: lambda: sections.report(reader, name) for each in sections.REPORTS},
        }
        _known(name, loads)
        return answer(("trust", name), loads[name], SLOW if name in ("runs", "cost") else 2 * QUICK)


def _known(name: str, names: Any) -> None:
    if name not in names:
        raise HTTPException(404, "There is no such thing.")


def _order_id(text: str) -> str:
    if not sections.is_order_id(text):
        raise HTTPException(422, "An order's id or a product's name has 1 to 200 printable characters.")
    return text


def _told(snapshot: Snapshot) -> Response:
    """202 while there is nothing to show yet: the page asks again."""
    document = {
        "value": snapshot.value,
        "trouble": snapshot.trouble.as_json() if snapshot.trouble else None,
        "age_seconds": None if snapshot.age_seconds is None else round(snapshot.age_seconds, 1),
        "is_loading": snapshot.is_loading,
    }
    waits = snapshot.value is None and snapshot.trouble is None
    return _json(document, 202 if waits else 200)


def _json(document: Any, status_code: int = 200) -> Response:
    """Exact decimals become text; nothing of it can be read as a script."""
    return Response(json.dumps(document, default=_plain), status_code, media_type="application/json")


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
