"""The tab Changes: inserts, updates and deletes over time, and the newest change events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request, Response

from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.contract.statement_names import SHOWN_FIELDS
from sales_cdc.page.answers import QUICK, SLOW, Answers
from sales_cdc.page.curated import CHANGE_LOG, QueryAnswer, answer_of_last_batch, changes_table
from sales_cdc.page.reader import Reader
from sales_cdc.page.tabs.history import asked_span
from sales_cdc.page.views.change_bars import summed
from sales_cdc.page.views.span import Span, begin_of, span_of
from sales_cdc.page.views.texts import moment, text_of
from sales_cdc.verdict.hop import by_minute

LIVE_CHANGES = 25
COUNTED = timedelta(days=30)
BARS = ("inserts", "updates", "deletes")
COUNTED_BY_HOUR = "change_mix_by_hour"


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/live")
    def answer_live() -> Response:
        return answers.answer(("live",), lambda: live(answers.reader), QUICK)

    @app.get("/api/changes/{name}")
    def answer_changes(name: str, request: Request, *, refresh: bool = False) -> Response:
        asked_span(name, request, answers.reader)
        key = ("changes", name, str(request.query_params))
        load = lambda: changes(answers.reader, asked_span(name, request, answers.reader), refresh=refresh)  # noqa: E731
        return answers.answer(key, load, SLOW)


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


def changes(reader: Reader, asked: Span | str, *, refresh: bool = False) -> dict[str, Any]:
    """Count inserts, updates and deletes by minute, hour or day, from the unit in which the span begins.

    Each batch counts the hours of the thirty days before it; its counts are shown if it has all of the span, unless ``refresh`` asks
    Athena again.
    """
    span = span_of(asked, {}, reader.now()) if isinstance(asked, str) else asked
    shown = {"unit": span.unit, "from": span.since.isoformat(), "until": span.until.isoformat()}
    counted = span.unit != "minute" and span.since >= begin_of("day", reader.now() - COUNTED)
    last = answer_of_last_batch(reader, COUNTED_BY_HOUR) if counted and not refresh else None
    if last:
        bars = summed(last.rows.as_dicts(), span.unit, span.since, span.until)
        return {**shown, **last.as_json(), "table": CHANGE_LOG, "bars": bars}
    table = changes_table(reader)
    params = {
        "table": table, "unit": span.unit, "from_time": f"{span.since:%Y-%m-%d %H:%M:%S}", "from_day": f"{span.since:%Y-%m-%d}",
        "until_time": f"{span.until:%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip
    rows = reader.ask("page/changes_over_time.sql", params)
    bars = [
        {"at": moment(row["change_time"]), **{kind: int(row[kind] or 0) for kind in BARS}} for row in rows.as_dicts()
    ]
    return {**shown, **QueryAnswer(rows).as_json(), "table": table, "bars": bars}
