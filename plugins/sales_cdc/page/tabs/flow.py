"""The tab Flow: whether the pipeline moves, how much, how late, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Response

from sales_cdc.deployment.settings import Settings
from sales_cdc.page.answers import QUICK, Answers
from sales_cdc.page.reader import Reader
from sales_cdc.page.views.alarm_states import alarm_states
from sales_cdc.page.views.batch_starts import batch_starts
from sales_cdc.verdict.hop import Seen
from sales_cdc.verdict.pipeline_state import hops_of
from sales_cdc.verdict.reading import BATCH_REPORTS

Found = TypeVar("Found")


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/flow")
    def answer_flow() -> Response:
        return answers.answer(("flow",), lambda: flow(answers.reader, answers.settings), QUICK)


def flow(reader: Reader, settings: Settings) -> dict[str, Any]:
    """Return the state of every hop, the batch that failed last, and what starts batches."""
    observation = reader.observe()
    raw, failed = _or_none(reader.newest_changes), _or_none(reader.failed_records)
    report = _or_none(lambda: reader.newest_report(*BATCH_REPORTS))
    seen = Seen(observation, raw, failed, settings.firehose_interval_seconds, has_report=report is not None)
    runs = reader.batch_runs()
    return {
        "at": seen.now.isoformat(),
        "hops": [asdict(hop) for hop in hops_of(seen)],
        "alarms": alarm_states(seen.answer("alarms"), settings.prefix),
        "starts": batch_starts(seen.answer("rule"), runs, setting=settings.event_driven),
        "batch": {"failed_at": runs.failed_at.isoformat(), "run_id": runs.run_id, "link": runs.link}
        if runs and runs.failed_at
        else None,
    }


def _or_none(read: Callable[[], Found]) -> Found | None:
    try:
        return read()
    except (ClientError, BotoCoreError):
        return None
