"""Statements whose answers a real Trino 476 gave (``trino/``), asked here without a running cloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.athena.supported_sql import PAGE, page
from tests.unit.athena.trino_answers import RIGHT, UNSUPPORTED, Answer, answers, is_honest, recorded, verdict

RECORDINGS = sorted((Path(__file__).parent / "trino").glob("*.jsonl"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_answers_are_those_of_trino(path: Path, tmp_path: Path) -> None:
    cases = recorded(path)
    found = zip(cases, answers([case["sql"] for case in cases], tmp_path), strict=True)
    assert [(case["sql"], answer) for case, answer in found if verdict(case, answer) != RIGHT] == []


def test_a_subquery_that_trino_cannot_join_is_refused_in_its_words_and_at_its_place(tmp_path: Path) -> None:
    cases = [case for case in recorded(RECORDINGS[0].with_stem("subqueries")) if "error" in case]
    found = zip(cases, answers([case["sql"] for case in cases], tmp_path), strict=True)
    assert [(case["sql"], answer.error) for case, answer in found if answer.error != case["error"]] == []


def test_what_trino_answers_and_the_local_cloud_does_not_is_refused_by_its_name(tmp_path: Path) -> None:
    cases = recorded(RECORDINGS[0].parents[1] / "trino_refused" / "statements.jsonl")
    found = zip(cases, answers([case["sql"] for case in cases], tmp_path), strict=True)
    assert [(case["sql"], answer) for case, answer in found if verdict(case, answer) not in {RIGHT, UNSUPPORTED}] == []


def test_the_page_of_supported_sql_is_that_of_the_recordings() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_difference_is_seen() -> None:
    case = {"sql": "SELECT 1", "names": ["_col0"], "types": ["integer"], "rows": [["1"]]}
    assert verdict(case, Answer(["_col0"], ["integer"], [["1"]])) == RIGHT
    for other in (
        Answer(["a"], ["integer"], [["1"]]),
        Answer(["_col0"], ["bigint"], [["1"]]),
        Answer(["_col0"], ["integer"], [["2"]]),
        Answer(["_col0"], ["integer"], [["1"], ["1"]]),
    ):
        assert verdict(case, other) == "wrong"


def test_only_a_refusal_that_names_the_local_cloud_is_honest() -> None:
    assert is_honest("NOT_SUPPORTED: line 1:8: The type char is not supported by the local cloud's Athena.")
    assert not is_honest("FUNCTION_NOT_FOUND: line 1:8: Function 'x' not registered")
    assert not is_honest("NOT_SUPPORTED: FILTER is not yet supported for window functions")
