"""Answer a request from the cache, in the JSON that the page's scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from decimal import Decimal
from typing import Any

from fastapi import HTTPException, Response

from sales_cdc.deployment.settings import Settings
from sales_cdc.page.cache import Cache, Snapshot
from sales_cdc.page.reader import Reader
from sales_cdc.page.run_trigger import StartedRun, start_run

FIRST_ANSWER_SECONDS = 0.5
QUICK, SLOW = 5.0, 60.0  # how many seconds an answer is fresh: AWS's descriptions, and queries


class Answers:
    """What the tabs answer with: the reader, the settings, the cache, and what starts runs.

    Queries have a cache with threads of its own, so that no report waits for Athena.
    """

    def __init__(self, reader: Reader, settings: Settings, start: Callable[..., StartedRun] = start_run) -> None:
        self.reader = reader
        self.settings = settings
        self.start = start
        self._quick, self._queries = Cache(), Cache()

    def answer(self, key: tuple[str, ...], load: Callable[[], Any], fresh_seconds: float) -> Response:
        """Answer with what ``load`` returned at most ``fresh_seconds`` ago, or start to load it.

        Example::

            answers.answer(("flow",), lambda: flow(answers.reader, 60), QUICK)
        """
        cache = self._queries if fresh_seconds >= SLOW else self._quick
        return _response(cache.get(key, load, fresh_seconds=fresh_seconds, wait_seconds=FIRST_ANSWER_SECONDS))

    def forget(self, key: tuple[str, ...]) -> None:
        """Forget an answer that something done since has made untrue."""
        self._quick.forget(key)
        self._queries.forget(key)


def require_known(name: str, names: Container[str]) -> None:
    """Raise 404 unless the name is one of these."""
    if name not in names:
        raise HTTPException(404, "There is no such thing.")


def json_response(document: Any, status_code: int = 200) -> Response:
    """Return a response in JSON, with exact decimals as text."""
    return Response(json.dumps(document, default=_as_text), status_code, media_type="application/json")


def _response(snapshot: Snapshot) -> Response:
    """Return 202 while there is nothing to show yet, which makes the page ask again."""
    document = {
        "value": snapshot.value,
        "trouble": snapshot.trouble.as_json() if snapshot.trouble else None,
        "age_seconds": None if snapshot.age_seconds is None else round(snapshot.age_seconds, 1),
        "is_loading": snapshot.is_loading,
    }
    waits = snapshot.value is None and snapshot.trouble is None
    return json_response(document, 202 if waits else 200)


def _as_text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
