"""The tab Orders: list orders by filters, see an order's versions and how it stands now, and see records that became no row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response

from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS, NoOrderKeyError
from sales_cdc.page.answers import QUICK, SLOW, Answers, require_known
from sales_cdc.page.curated import CHANGE_LOG, CURRENT_STATE, RUN_BATCH, changes_table
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.lake_query import Rows
from sales_cdc.page.trouble import NothingYetError
from sales_cdc.page.views.lookback import Lookback, objects_since
from sales_cdc.page.views.order_filter import (
    MAX_PAGE,
    PAGE_SIZE,
    FilterError,
    OrderFilter,
    bounded,
    moment_of,
    pieces,
    texted,
)
from sales_cdc.page.views.order_now import standing
from sales_cdc.page.views.order_versions import TOTAL, total_of, versions
from sales_cdc.page.views.reports import failed_list, quarantined_list
from sales_cdc.page.views.texts import moment

MAX_NUMBER = 10**12
VIEW, QUARANTINE = declared_contract().view, declared_contract().table("quarantine")


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""
    reader = answers.reader
    records: dict[str, Callable[[Reader, int, Lookback], dict[str, Any]]] = {
        "failed": failed,
        "quarantined": quarantined,
    }

    @app.get("/api/orders")
    def answer_orders(request: Request) -> Response:
        try:
            asked = OrderFilter.of(request.query_params)
        except FilterError as error:
            raise HTTPException(422, str(error)) from error
        return answers.answer(("orders", repr(asked)), lambda: found_orders(reader, asked), SLOW)

    @app.get("/api/order")
    def answer_order(id: str, request: Request, until: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0) -> Response:  # noqa: A002 (in the query)
        _of_an_order(id)
        span = asked_span(request, reader) if {"range", "since", "before"} & set(request.query_params) else None
        return answers.answer(("order", str(request.query_params)), lambda: order(reader, id, until, span), SLOW)

    @app.get("/api/order/now")
    def answer_now(id: str) -> Response:  # noqa: A002
        return answers.answer(("now", _of_an_order(id)), lambda: now(reader, id), 2 * QUICK)

    @app.get("/api/records/{kind}")
    def answer_records(kind: str, request: Request, page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1) -> Response:
        require_known(kind, records)
        span = asked_span(request, reader)
        key = ("records", kind, str(request.query_params))
        return answers.answer(key, lambda: records[kind](reader, page, span), 2 * QUICK)


def asked_span(request: Request, reader: Reader) -> Lookback:
    """Return the time in which a request looks, or raise 422 with what would do."""
    try:
        return Lookback.of(request.query_params, reader.now())
    except FilterError as error:
        raise HTTPException(422, str(error)) from error


def _of_an_order(order_id: str) -> str:
    """Return the id, or raise 422 when it can be no order's."""
    try:
        if not order_id:
            raise FilterError(f"{ENTITY.search_label}: it has at least one character.")
        bounded("id", order_id)
        KEYS.texts(order_id)
    except (NoOrderKeyError, FilterError) as error:
        raise HTTPException(422, str(error)) from error
    return order_id


def found_orders(reader: Reader, asked: OrderFilter | str) -> dict[str, Any]:
    """Return one page of the orders that a filter lets through, each with its last change, and how many there are in all.

    They are those that changed in the last week or month, from the partitions of these days; or all, from the current state and the
    whole change log: ``since`` is None then.
    """
    chosen = OrderFilter(text=asked) if isinstance(asked, str) else asked
    changes, since = changes_table(reader), chosen.first_moment(reader.now())
    if chosen.state == "rescued" and changes != CHANGE_LOG:
        raise NothingYetError("The curated tables are not there", f"{RUN_BATCH} Only they hold rescued values.")
    if since is None:
        table = CURRENT_STATE if changes == CHANGE_LOG and CURRENT_STATE in reader.tables() else changes
        params = {"table": table, "changes": changes, **chosen.params()}
        rows = reader.ask("page/orders_listed.sql", params, chosen.values()).as_dicts()
    else:
        table = changes
        params = {"table": table, "from_time": texted(since), **chosen.params()}
        rows = reader.ask("page/orders_changed.sql", params, chosen.values()).as_dicts()
    return {
        "orders": [_listed(row) for row in rows],
        "total": total_of(rows),
        "page": chosen.page,
        "size": PAGE_SIZE,
        "table": table,
        "since": since and since.isoformat(),
        "items": _counted_items(reader) if not rows else None,
    }


def _listed(row: dict[str, str | None]) -> dict[str, Any]:
    return {
        "orderid": KEYS.of_texts([row[name] for name in KEYS.columns]),
        "values": ENTITY.values(row),
        "event_type": row["event_type"],
        "creation_time": moment(row["creation_time"]),
        "rescued": row.get("rescued_data"),
    }


def _counted_items(reader: Reader) -> int | None:
    """Return how many items DynamoDB last counted, so that an empty list does not say that there are none; None when unread."""
    table = reader.observe().answers["table"]
    return None if table.refusal else int(table.description.get("ItemCount", 0))


def order(reader: Reader, order_id: str, until: int = 0, span: Lookback | None = None) -> dict[str, Any]:
    """Return a page of an order's versions, newest first: those up to number ``until``, or the newest.

    Without a ``span`` they are those of the last thirty days; if there are none, those of the thirty days that end with its last change,
    whenever that was. ``since`` and ``before`` say in which time was looked.
    """
    table, looked = changes_table(reader), span or Lookback.of({}, reader.now())
    params = {"table": table, "until": until, "size": PAGE_SIZE}
    rows = _ask_of(reader, "page/order_versions.sql", order_id, {**params, **looked.params()}).as_dicts()
    if not rows and span is None and table == CHANGE_LOG and (last := _last_change(reader, order_id)):
        looked = Lookback.until(last)
        rows = _ask_of(reader, "page/order_versions.sql", order_id, {**params, **looked.params()}).as_dicts()
    found = {"versions": versions(rows), "total": total_of(rows), "size": PAGE_SIZE, "table": table}
    return {"orderid": order_id, **found, **looked.as_json()}


def _last_change(reader: Reader, order_id: str) -> datetime | None:
    """Return when an order changed last, as the current state has it: it is read where the order's key can be."""
    if CURRENT_STATE not in reader.tables():
        return None
    rows = _ask_of(reader, "page/order_last_change.sql", order_id, {}).as_dicts()
    return moment_of("creation_time", moment(rows[0]["creation_time"]) or "") if rows else None


def _ask_of(reader: Reader, file: str, order_id: str, params: Mapping[str, Any]) -> Rows:
    """Return the rows of a statement that looks for one order."""
    texts: Sequence[list[str]] = [pieces(text) for text in KEYS.texts(order_id)]
    values = [piece for each in texts for piece in each]
    return reader.ask(file, {**params, "pieces": [len(each) for each in texts]}, values)


def now(reader: Reader, order_id: str) -> dict[str, Any]:
    """Return an order as DynamoDB has it now, beside its row in the current state."""
    item = reader.item(order_id)
    has_view = VIEW in reader.tables()
    rows = _ask_of(reader, "page/order_now.sql", order_id, {}).as_dicts() if has_view else []
    found = standing(item, rows[0] if rows else None, has_view=has_view)
    return {"orderid": order_id, "at": reader.now().isoformat(), "view": VIEW, **found}


def failed(reader: Reader, page: int, _: Lookback | None = None) -> dict[str, Any]:
    """Return failed records with their reasons: of some objects of errors/, the newest first."""
    return failed_list(reader.failed_records, page)


def quarantined(reader: Reader, page: int, span: Lookback | None = None) -> dict[str, Any]:
    """Return lines of raw objects that are no change event, with their reasons: of objects that came in the last thirty days, or in ``span``."""
    if QUARANTINE not in reader.tables():
        raise NothingYetError("There is no table of quarantined lines", f"{RUN_BATCH} Its Glue job makes the table.")
    looked = span or Lookback.of({}, reader.now())
    params = {"skip": (page - 1) * PAGE_SIZE, "size": PAGE_SIZE, "from_object": objects_since(looked.since)}
    rows = reader.ask("page/quarantined_lines.sql", params).as_dicts()
    found = quarantined_list(rows, page, PAGE_SIZE, int(rows[0][TOTAL] or 0) if rows else 0)
    return {**found, **looked.as_json()}
