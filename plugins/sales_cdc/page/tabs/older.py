"""What the lists of the tab Orders did not look at: how many older rows there are, and what it costs to look at them too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi import FastAPI, Response

from sales_cdc.contract.declared import declared_contract
from sales_cdc.cost.prices import in_dollars, prices_of
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.answers import SLOW, Answers, require_known
from sales_cdc.page.curated import CHANGE_LOG, CURRENT_STATE
from sales_cdc.page.reader import Reader
from sales_cdc.page.views.lookback import objects_since
from sales_cdc.page.views.order_filter import MONTH, WEEK, first_day, texted

QUARANTINE = declared_contract().table("quarantine")
LEAST_BYTES = 10 * 2**20
"""What Athena charges for a query at least. Source: https://aws.amazon.com/athena/pricing/"""


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the route to the application."""
    reader, settings = answers.reader, answers.settings
    loads: dict[str, Callable[[], dict[str, Any]]] = {
        "week": lambda: older_changes(reader, settings, WEEK),
        "month": lambda: older_changes(reader, settings, MONTH),
        "quarantined": lambda: older_lines(reader, settings),
    }

    @app.get("/api/older/{name}")
    def answer_older(name: str) -> Response:
        require_known(name, loads)
        return answers.answer(("older", name), loads[name], SLOW)


def older_changes(reader: Reader, settings: Settings, back: timedelta = MONTH) -> dict[str, Any]:
    """Return how many changes are older than those of the last week or month; ``rows`` is None before there is a change log."""
    since = first_day(reader.now(), back)
    asked = ("page/changes_counted.sql", {"from_time": texted(since)})
    return _older(reader, settings, since, (CHANGE_LOG, CURRENT_STATE), asked)


def older_lines(reader: Reader, settings: Settings) -> dict[str, Any]:
    """Return how many quarantined lines are of older objects than those of the last month."""
    since = first_day(reader.now())
    return _older(
        reader, settings, since, (QUARANTINE,), ("page/lines_counted.sql", {"from_object": objects_since(since)})
    )


def _older(
    reader: Reader, settings: Settings, since: datetime, tables: Sequence[str], asked: tuple[str, dict[str, str]]
) -> dict[str, Any]:
    """Return how many rows of the first table are older, and what a query on all of these tables costs, about.

    The rows in all are read after the newer ones were counted: if they are as many, there was none besides them.
    """
    known = {"since": since.isoformat(), "is_local": settings.target == "local"}
    if tables[0] not in reader.tables():
        return {**known, "rows": None, "bytes": None, "cost": None}
    newer = int(reader.ask(*asked).rows[0][0] or 0)
    extents = [found for table in tables if (found := reader.extent(table))]
    sizes = [each.bytes for each in extents if each.bytes is not None]
    size = sum(sizes) if len(sizes) == len(extents) else None
    price = prices_of(settings.region)[1]["athena_scan"]
    dollars = None if size is None else Decimal(max(size, LEAST_BYTES)) * price.dollars / price.per
    rows = max(0, extents[0].rows - newer) if extents else None
    return {**known, "rows": rows, "bytes": size, "cost": None if dollars is None else in_dollars(dollars)}
