"""The tab Insights: what the last thirty days of changes mean, one query file each."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import FastAPI, Response

from sales_cdc.aws.athena import MAX_ROWS
from sales_cdc.contract.declared import holds_orders
from sales_cdc.page.answers import SLOW, Answers, require_known
from sales_cdc.page.curated import answer_of_last_batch, ask_insight
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.lake_query import SQL

FIRST_INSIGHT = "revenue_by_product_and_day"
TITLES = {
    "revenue_by_product_and_day": "Value of current orders",
    "demand_and_prices_by_day": "Units ordered",
    "cancellation_rate": "Cancelled orders",
    "change_mix_by_hour": "Changes by hour",
    "most_changed_orders": "Most changed orders",
}


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/insights/{name}")
    def answer_insight(name: str, *, refresh: bool = False) -> Response:
        require_known(name, {each["name"] for each in insight_names()})
        load = partial(insight, answers.reader, name, refresh=refresh)
        return answers.answer(("insight", name, str(refresh)), load, 5 * SLOW if refresh else SLOW)


def insight_names() -> list[dict[str, str]]:
    """Return the names of the insight files, each with a title and the question in its first line; none when the contract is not that of orders."""
    if not holds_orders():
        return []
    return [
        {
            "name": path.stem,
            "title": TITLES.get(path.stem, path.stem.replace("_", " ").capitalize()),
            "question": path.read_text().splitlines()[0].removeprefix("-- "),
        }
        for path in sorted((SQL / "insights").glob("*.sql"), key=lambda path: (path.stem != FIRST_INSIGHT, path.stem))
    ]


def insight(reader: Reader, name: str, *, refresh: bool = False) -> dict[str, Any]:
    """Return one insight's rows over thirty days: the last batch's answer, or with ``refresh`` an answer of now."""
    answer = (None if refresh else answer_of_last_batch(reader, name)) or ask_insight(reader, name)
    rows = answer.rows
    return {
        "name": name,
        "columns": rows.columns,
        "types": rows.types,
        "rows": rows.rows,
        "sql": rows.sql,
        "scanned_bytes": rows.scanned_bytes,
        "is_cut": len(rows.rows) == MAX_ROWS,
        **answer.as_json(),
    }
