"""Throughput and lag over any span: as CloudWatch and as the ledger of the batches have them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sales_cdc.page.reads.lake_query import Rows
from sales_cdc.page.views.span import Span
from sales_cdc.verdict.observation import Series


def history(span: Span) -> dict[str, Series]:
    """Return a point each period, with a gap in which nothing was measured."""
    drawn, step = random.Random(13), timedelta(seconds=span.period_seconds)
    times = [span.since + at * step for at in range(int((span.until - span.since) / step) + 1)]
    times = [at for number, at in enumerate(times) if not 20 <= number < 26]
    scale = span.period_seconds / 60
    counts = [(at, float(round(scale * (150 + 80 * drawn.random())))) for at in times]
    return {
        "piped": counts,
        "delivered": [(at, value * 0.98) for at, value in counts],
        "freshness": [(at, 1.2 + 2 * drawn.random()) for at in times],
        "iterator_age": [(at, 40.0 + 300 * drawn.random()) for at in times],
    }


def ledger_lags(params: Mapping[str, Any], _: Sequence[str]) -> Rows:
    """Return a batch each unit but minutes."""
    drawn = random.Random(17)
    step = {"minute": timedelta(minutes=20), "hour": timedelta(hours=1), "day": timedelta(days=1)}[params["unit"]]
    at, until = (datetime.fromisoformat(params[name]) for name in ("from_time", "until_time"))
    rows: list[list[str | None]] = []
    while at < until:
        rows.append([f"{at:%Y-%m-%d %H:%M:%S}.000", "1", f"{1.5 + drawn.random():.2f}", f"{3 + drawn.random():.2f}", f"{5 + 3 * drawn.random():.2f}"])  # fmt: skip
        at += step
    return Rows(["run_time", "runs", "lag_p50", "lag_p99", "lag_max"], ["timestamp", "bigint", *["double"] * 3], rows)
