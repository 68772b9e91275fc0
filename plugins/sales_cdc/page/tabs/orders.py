"""The tab Orders: list orders by filters, see an order's versions and how it stands now, and see records that became no row."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response

from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS, NoOrderKeyError
from sales_cdc.page.answers import QUICK, SLOW, Answers, require_known
from sales_cdc.page.curated import CHANGE_LOG, CURRENT_STATE, RUN_BATCH, changes_table
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.reader import Reader
from sales_cdc.page.trouble import NothingYetError
from sales_cdc.page.views.order_filter import MAX_PAGE, PAGE_SIZE, FilterError, OrderFilter, bounded, pieces
from sales_cdc.page.views.order_now import standing
from sales_cdc.page.views.order_versions import TOTAL, total_of, versions
from sales_cdc.page.views.reports import failed_list, quarantined_list
from sales_cdc.page.views.texts import moment

MAX_NUMBER = 10**12
VIEW, QUARANTINE = declared_contract().view, declared_contract().table("quarantine")


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""
    reader = answers.reader
    records = {"failed": failed, "quarantined": quarantined}

    @app.get("/api/orders")
    def answer_orders(request: Request) -> Response:
        try:
            asked = OrderFilter.of(request.query_params)
        except FilterError as error:
            raise HTTPException(422, str(error)) from error
        return answers.answer(("orders", repr(asked)), lambda: found_orders(reader, asked), SLOW)

    @app.get("/api/order")
    def answer_order(id: str, until: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0) -> Response:  # noqa: A002 (in the query)
        return answers.answer(("order", _of_an_order(id), str(until)), lambda: order(reader, id, until), SLOW)

    @app.get("/api/order/now")
    def answer_now(id: str) -> Response:  # noqa: A002
        return answers.answer(("now", _of_an_order(id)), lambda: now(reader, id), 2 * QUICK)

    @app.get("/api/records/{kind}")
    def answer_records(kind: str, page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1) -> Response:
        require_known(kind, records)
        return answers.answer(("records", kind, str(page)), lambda: records[kind](reader, page), 2 * QUICK)


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
    """Return one page of the orders that a filter lets through, each with its last change, and how many there are in all."""
    chosen = OrderFilter(text=asked) if isinstance(asked, str) else asked
    changes = changes_table(reader)
    table = CURRENT_STATE if changes == CHANGE_LOG and CURRENT_STATE in reader.tables() else changes
    if chosen.state == "rescued" and table != CURRENT_STATE:
        raise NothingYetError("The curated tables are not there", f"{RUN_BATCH} Only they hold rescued values.")
    params = {"table": table, "changes": changes, **chosen.params()}
    rows = reader.ask("page/orders_listed.sql", params, chosen.values()).as_dicts()
    return {
        "orders": [_listed(row) for row in rows],
        "total": total_of(rows),
        "page": chosen.page,
        "size": PAGE_SIZE,
        "table": table,
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


def order(reader: Reader, order_id: str, until: int = 0) -> dict[str, Any]:
    """Return a page of an order's versions, newest first: those up to number ``until``, or the newest."""
    table = changes_table(reader)
    texts = [pieces(text) for text in KEYS.texts(order_id)]
    params = {"table": table, "until": until, "size": PAGE_SIZE, "pieces": [len(each) for each in texts]}
    rows = reader.ask("page/order_versions.sql", params, [piece for each in texts for piece in each]).as_dicts()
    return {"orderid": order_id, "versions": versions(rows), "total": total_of(rows), "size": PAGE_SIZE, "table": table}


def now(reader: Reader, order_id: str) -> dict[str, Any]:
    """Return an order as DynamoDB has it now, beside its row in the current state."""
    item = reader.item(order_id)
    has_view = VIEW in reader.tables()
    texts = [pieces(text) for text in KEYS.texts(order_id)]
    params = {"pieces": [len(each) for each in texts]}
    rows = (
        reader.ask("page/order_now.sql", params, [piece for each in texts for piece in each]).as_dicts()
        if has_view
        else []
    )
    found = standing(item, rows[0] if rows else None, has_view=has_view)
    return {"orderid": order_id, "at": reader.now().isoformat(), "view": VIEW, **found}


def failed(reader: Reader, page: int) -> dict[str, Any]:
    """Return failed records with their reasons: of some objects of errors/, the newest first."""
    return failed_list(reader.failed_records, page)


def quarantined(reader: Reader, page: int) -> dict[str, Any]:
    """Return lines of raw objects that are no change event, with their reasons."""
    if QUARANTINE not in reader.tables():
        raise NothingYetError("There is no table of quarantined lines", f"{RUN_BATCH} Its Glue job makes the table.")
    rows = reader.ask("page/quarantined_lines.sql", {"skip": (page - 1) * PAGE_SIZE, "size": PAGE_SIZE}).as_dicts()
    return quarantined_list(rows, page, PAGE_SIZE, int(rows[0][TOTAL] or 0) if rows else 0)
