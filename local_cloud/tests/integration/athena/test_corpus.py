"""Statements and the rows that Trino gives for them (``corpus/``), through boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.athena.client import Athena, Outcome

pytestmark = pytest.mark.integration

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="module")
def shared(cloud: Any) -> Athena:
    return Athena(cloud, f"corpus{time.time_ns() % 10**9}")


def corpus() -> list[Any]:
    files = [(path, json.loads(path.read_text())) for path in sorted(CORPUS.glob("*.json"))]
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}") for path, document in files for case in document["cases"]
    ]


@pytest.fixture(scope="module")
def answers(shared: Athena) -> Callable[[str], Outcome | str]:
    """Every statement of the corpus, started at once; a statement that is refused at the start answers with the refusal."""
    started: dict[str, str | ClientError] = {}
    for parameter in corpus():
        sql = parameter.values[0]["sql"]
        try:
            started[sql] = shared.start(sql)
        except ClientError as error:
            started[sql] = error

    def answer(sql: str) -> Outcome | str:
        found = started[sql]
        return found.response["Error"]["Message"] if isinstance(found, ClientError) else shared.finish(found)

    return answer


@pytest.mark.parametrize("case", corpus())
def test_corpus(case: dict[str, Any], answers: Callable[[str], Outcome | str]) -> None:
    answer = answers(case["sql"])
    if "error" in case:
        reason = answer if isinstance(answer, str) else answer.reason
        assert case["error"] in reason, answer
        return
    assert isinstance(answer, Outcome), answer
    assert answer.state == "SUCCEEDED", answer.reason
    assert answer.rows == case["rows"]
    if "types" in case:
        assert answer.types == case["types"]
