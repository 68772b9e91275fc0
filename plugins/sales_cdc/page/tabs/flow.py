"""The tab Flow: whether the pipeline moves, how much, how late, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Response

from sales_cdc.page.answers import QUICK, Answers
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.lake_reader import Tail
from sales_cdc.page.views.hop import Seen
from sales_cdc.page.views.pipeline_state import flow_view


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
    return flow_view(Seen(observation, raw, failed, interval_seconds))


def _or_none(read: Callable[[], Tail]) -> Tail | None:
    try:
        return read()
    except (ClientError, BotoCoreError):
        return None
