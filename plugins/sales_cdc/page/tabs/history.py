"""Throughput and lag over time, below the picture of the tab Flow: from CloudWatch, and from the ledger of the batches."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response

from sales_cdc.page.answers import SLOW, Answers
from sales_cdc.page.reader import Reader
from sales_cdc.page.views.order_filter import FilterError
from sales_cdc.page.views.span import Span, span_of
from sales_cdc.page.views.texts import moment

LEDGER = "pipeline_ledger"
LAGS = ("p50", "p99", "max")


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the routes of what is drawn over time."""
    reader = answers.reader

    @app.get("/api/metrics/{name}")
    def answer_metrics(name: str, request: Request) -> Response:
        asked_span(name, request, reader)
        key = ("metrics", name, str(request.query_params))
        return answers.answer(key, lambda: metrics(reader, asked_span(name, request, reader)), SLOW / 3)

    @app.get("/api/lags/{name}")
    def answer_lags(name: str, request: Request) -> Response:
        asked_span(name, request, reader)
        key = ("lags", name, str(request.query_params))
        return answers.answer(key, lambda: lags(reader, asked_span(name, request, reader)), SLOW)


def asked_span(name: str, request: Request, reader: Reader) -> Span:
    """Return the span that a request asks for, or raise 422 with what would do."""
    try:
        return span_of(name, request.query_params, reader.now())
    except FilterError as error:
        raise HTTPException(422, str(error)) from error


def metrics(reader: Reader, span: Span) -> dict[str, Any]:
    """Return changes a minute, and how old the oldest change is that is not in S3."""
    series = reader.history(span)
    minutes = span.period_seconds / 60
    rates = {name: [[at.isoformat(), value / minutes] for at, value in series[name]] for name in ("piped", "delivered")}
    freshness = [[at.isoformat(), value] for at, value in series["freshness"]]
    reader_behind = [[at.isoformat(), value / 1000] for at, value in series["iterator_age"]]
    return {**_named(span), "rates": rates, "freshness": freshness, "behind": reader_behind}


def lags(reader: Reader, span: Span) -> dict[str, Any]:
    """Return the seconds from commit to S3 that the batches found, by minute, hour or day: of the slowest batch in each.

    ``has_ledger`` is False before the first batch has made the table.
    """
    if LEDGER not in reader.tables():
        return {**_named(span), "has_ledger": False, "points": []}
    times = {"from_time": span.since, "until_time": span.until}
    params = {"unit": span.unit, **{name: f"{at:%Y-%m-%d %H:%M:%S}" for name, at in times.items()}}
    rows = reader.ask("page/ledger_lags.sql", params).as_dicts()
    points = [
        {
            "at": moment(row["run_time"]),
            "runs": int(row["runs"] or 0),
            **{part: _seconds(row[f"lag_{part}"]) for part in LAGS},
        }
        for row in rows
    ]
    return {**_named(span), "has_ledger": True, "points": points}


def _seconds(text: str | None) -> float | None:
    """Return a lag; None without a sample: no change came."""
    return None if text is None else float(text)


def _named(span: Span) -> dict[str, Any]:
    times = {"from": span.since.isoformat(), "until": span.until.isoformat()}
    return {"unit": span.unit, "period_seconds": span.period_seconds, **times}
