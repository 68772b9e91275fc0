"""The tab Orders: search an order, and see its versions."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response

from sales_cdc.contract.order_keys import KEYS, NoOrderKeyError
from sales_cdc.page.answers import SLOW, Answers
from sales_cdc.page.curated import changes_table
from sales_cdc.page.entity import ENTITY
from sales_cdc.page.reader import Reader
from sales_cdc.page.views.order_versions import versions
from sales_cdc.page.views.texts import moment

MAX_ASKED, MAX_ID = 200, 2_000


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/orders")
    def answer_orders(q: Annotated[str, Query(max_length=MAX_ASKED)] = "") -> Response:
        text = _required(q.strip())
        return answers.answer(("orders", text), lambda: found_orders(answers.reader, text), SLOW)

    @app.get("/api/order")
    def answer_order(id: Annotated[str, Query(max_length=MAX_ID)]) -> Response:  # noqa: A002 (the name in the query)
        return answers.answer(("order", _of_an_order(id)), lambda: order(answers.reader, id), SLOW)


def _of_an_order(order_id: str) -> str:
    """Return the id, or raise 422 when it can be no order's."""
    try:
        KEYS.texts(order_id)
    except NoOrderKeyError as error:
        raise HTTPException(422, str(error)) from error
    return _required(order_id, MAX_ID)


def found_orders(reader: Reader, text: str) -> dict[str, Any]:
    """Return the orders whose id begins with the text, or whose product it names, with their last change."""
    table = changes_table(reader)
    rows = reader.ask("page/orders_found.sql", {"table": table}, (text,) * (len(KEYS.columns) + len(ENTITY.texts)))
    orders = [
        {
            "orderid": KEYS.of_texts([row[name] for name in KEYS.columns]),
            "values": ENTITY.values(row),
            "event_type": row["event_type"],
            "creation_time": moment(row["creation_time"]),
        }
        for row in rows.as_dicts()
    ]
    return {"asked": text, "orders": orders, "table": table}


def order(reader: Reader, order_id: str) -> dict[str, Any]:
    """Return the versions of one order."""
    table = changes_table(reader)
    rows = reader.ask("page/order_versions.sql", {"table": table}, KEYS.texts(order_id))
    return {"orderid": order_id, "versions": versions(rows.as_dicts()), "table": table}


def _required(text: str, longest: int = MAX_ASKED) -> str:
    """Return the text, or raise 422 when it can be neither an order's id nor a product's name."""
    if len(text) > longest or re.fullmatch(r"[^\x00-\x1f\x7f]+", text) is None:
        raise HTTPException(422, f"{ENTITY.search_label}: it has 1 to {longest} printable characters.")
    return text
