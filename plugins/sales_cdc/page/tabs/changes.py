"""The tab Changes: inserts, updates and deletes over time, and the newest change events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Response

from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.contract.statement_names import SHOWN_FIELDS
from sales_cdc.page.answers import QUICK, SLOW, Answers, require_known
from sales_cdc.page.curated import CHANGE_LOG, QueryAnswer, answer_of_last_batch, changes_table
from sales_cdc.page.reader import Reader
from sales_cdc.page.views.change_bars import begin_of, summed
from sales_cdc.page.views.texts import moment, text_of
from sales_cdc.verdict.hop import by_minute

LIVE_CHANGES = 25
RANGES = {  # name: how far back, and the unit of a bar
    "hour": (timedelta(hours=1), "minute"),
    "day": (timedelta(days=1), "hour"),
    "month": (timedelta(days=30), "day"),
}
BARS = ("inserts", "updates", "deletes")
COUNTED_BY_HOUR = "change_mix_by_hour"


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/live")
    def answer_live() -> Response:
        return answers.answer(("live",), lambda: live(answers.reader), QUICK)

    @app.get("/api/changes/{span}")
    def answer_changes(span: str, *, refresh: bool = False) -> Response:
        require_known(span, RANGES)
        key = ("changes", span, str(refresh))
        return answers.answer(key, lambda: changes(answers.reader, span, refresh=refresh), SLOW)


def live(reader: Reader) -> dict[str, Any]:
    """Return the newest change events, read from the raw objects without a query or a crawl."""
    tail = reader.newest_changes()
    series = reader.observe().series
    events = [
        {
            "orderid": KEYS.of_event(line),
            "event_type": str(line["event_type"]),
            "values": _values(line),
            "at": moment(str(line.get("creation_time", ""))),
            "stored_at": stored.at.isoformat(),
        }
        for line, stored in tail.lines
        if "event_type" in line and KEYS.names_event(line) and not KEYS.is_probe(KEYS.of_event(line))
    ]
    return {
        "events": events[:LIVE_CHANGES],
        "minutes": by_minute(list(series.get("piped", [])), reader.now()),
        "until": reader.now().isoformat(),
    }


def _values(line: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the texts of a change event's first fields, by column."""
    return {each.column: text_of(line.get(each.member)) for each in declared_contract().fields[:SHOWN_FIELDS]}


def changes(reader: Reader, span: str, *, refresh: bool = False) -> dict[str, Any]:
    """Count inserts, updates and deletes by minute, hour or day, from the unit in which the span begins.

    Each batch counts hours and days; its counts are shown unless ``refresh`` asks Athena again.
    """
    back, unit = RANGES[span]
    since = begin_of(unit, reader.now() - back)
    shown = {"unit": unit, "from": since.isoformat(), "until": reader.now().isoformat()}
    last = None if refresh or unit == "minute" else answer_of_last_batch(reader, COUNTED_BY_HOUR)
    if last:
        return {**shown, **last.as_json(), "table": CHANGE_LOG, "bars": summed(last.rows.as_dicts(), unit, since)}
    table = changes_table(reader)
    params = {
        "table": table, "unit": unit, "from_time": f"{since:%Y-%m-%d %H:%M:%S}", "from_day": f"{since:%Y-%m-%d}",
    }  # fmt: skip
    rows = reader.ask("page/changes_over_time.sql", params)
    bars = [
        {"at": moment(row["change_time"]), **{kind: int(row[kind] or 0) for kind in BARS}} for row in rows.as_dicts()
    ]
    return {**shown, **QueryAnswer(rows).as_json(), "table": table, "bars": bars}
