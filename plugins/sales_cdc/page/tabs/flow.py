"""The tab Flow: whether the pipeline moves, how much, how late, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Response

from sales_cdc.page.answers import QUICK, Answers
from sales_cdc.page.reader import Reader
from sales_cdc.verdict.hop import Seen
from sales_cdc.verdict.lake_reader import Tail
from sales_cdc.verdict.pipeline_state import hops_of


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the tab's routes to the application."""

    @app.get("/api/flow")
    def answer_flow() -> Response:
        interval_seconds = answers.settings.firehose_interval_seconds
        return answers.answer(("flow",), lambda: flow(answers.reader, interval_seconds), QUICK)


def flow(reader: Reader, interval_seconds: int) -> dict[str, Any]:
    """Return the state of every hop; ``interval_seconds`` is Firehose's buffer interval."""
    observation = reader.observe()
    raw, failed = _or_none(reader.newest_changes), _or_none(reader.failed_records)
    seen = Seen(observation, raw, failed, interval_seconds)
    runs = reader.batch_runs()
    return {
        "at": seen.now.isoformat(),
        "hops": [asdict(hop) for hop in hops_of(seen)],
        "batch": {"failed_at": runs.failed_at.isoformat(), "run_id": runs.run_id, "link": runs.link}
        if runs and runs.failed_at
        else None,
    }


def _or_none(read: Callable[[], Tail]) -> Tail | None:
    try:
        return read()
    except (ClientError, BotoCoreError):
        return None
