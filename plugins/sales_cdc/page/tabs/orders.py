"""The tab Orders: search an order, and see its versions."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response

from sales_cdc.page.answers import SLOW, Answers
from sales_cdc.page.curated import changes_table
from sales_cdc.page.reader import Reader
from sales_cdc.page.views.order_versions import versions
from sales_cdc.page.views.texts import moment


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/orders")
    def answer_orders(q: Annotated[str, Query(max_length=200)] = "") -> Response:
        text = _required(q.strip())
        return answers.answer(("orders", text), lambda: found_orders(answers.reader, text), SLOW)

    @app.get("/api/order")
    def answer_order(id: Annotated[str, Query(max_length=200)]) -> Response:  # noqa: A002 (the name in the query)
        return answers.answer(("order", _required(id)), lambda: order(answers.reader, id), SLOW)


def found_orders(reader: Reader, text: str) -> dict[str, Any]:
    """Return the orders whose id begins with the text, or whose product it names, with their last change."""
    table = changes_table(reader)
    rows = reader.ask("page/orders_found.sql", {"table": table}, (text, text))
    orders = [{**row, "creation_time": moment(row["creation_time"])} for row in rows.as_dicts()]
    return {"asked": text, "orders": orders, "table": table}


def order(reader: Reader, order_id: str) -> dict[str, Any]:
    """Return the versions of one order."""
    table = changes_table(reader)
    rows = reader.ask("page/order_versions.sql", {"table": table}, (order_id,))
    return {"orderid": order_id, "versions": versions(rows.as_dicts()), "table": table}


def _required(text: str) -> str:
    """Return the text, or raise 422 when it can be neither an order's id nor a product's name."""
    if re.fullmatch(r"[^\x00-\x1f\x7f]{1,200}", text) is None:
        raise HTTPException(422, "An order's id or a product's name has 1 to 200 printable characters.")
    return text
