"""The faster functions return what MiniStack's own return."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from local_cloud.emulator.hot_paths import cache_texts, encode_fast, measure_once, patch_hot_paths
from local_cloud.emulator.seams import SeamMovedError

RECORD = {
    "SequenceNumber": "4959",
    "At": 1795646660.313,
    "Data": 'Gerät "für"\n',
    "Keys": {"n": {"N": "1.50"}},
    "none": None,
}


def respond(
    document: dict[str, Any], status: int = 200, *, content_type: str = "a/json"
) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": content_type}, json.dumps(document).encode()


def test_an_answer_has_the_same_content() -> None:
    fast = encode_fast(respond)({"Records": [RECORD]}, 201, content_type="b/json")
    assert (fast[0], fast[1], json.loads(fast[2])) == (201, {"Content-Type": "b/json"}, {"Records": [RECORD]})


def test_an_answer_that_cannot_be_encoded_fast_is_left_to_the_emulator() -> None:
    half_a_pair = {"Data": "\ud83d"}
    assert encode_fast(respond)(half_a_pair) == respond(half_a_pair)


def test_a_text_is_read_once_and_other_values_every_time() -> None:
    read: list[Any] = []

    def refuses_lists(value: Any) -> str | None:
        read.append(value)
        return None if isinstance(value, str) else "no number"

    remembering = cache_texts(refuses_lists)
    assert [remembering(value) for value in ("1.50", "1.50", ["1"], ["1"])] == [None, None, "no number", "no number"]
    assert read == ["1.50", ["1"], ["1"]]


@pytest.mark.parametrize(
    ("text", "records", "kept"), [("a" * 100, 5, 5), ("a" * 100, 20, 1), ("ä" * 100, 6, 1), ("\ud800", 5, 1)]
)
def test_only_a_page_that_could_be_too_large_is_measured_record_by_record(text: str, records: int, kept: int) -> None:
    capped = measure_once(lambda page: page[:1], 2_000)
    assert len(capped([{"S": text}] * records)) == kept


def test_a_missing_function_is_an_error() -> None:
    with pytest.raises(SeamMovedError, match="_ddb_canonicalize_number"):
        patch_hot_paths(ModuleType("dynamodb"), ModuleType("dynamodb_streams"), ModuleType("kinesis"))
