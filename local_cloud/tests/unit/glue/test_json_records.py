"""Reading records out of JSON objects (Writing JSON custom classifiers, Built-in classifiers, AWS Glue).

Sources: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html,
https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
"""

from __future__ import annotations

import json

import pytest

from local_cloud.glue.schemas.json_records import PathError, parse_path, record_types


def types(text: str, path: str | None = None, *, truncated: bool = False) -> dict[str, str] | None:
    found = record_types(text, parse_path(path) if path else None, truncated=truncated)
    return {name: str(kind) for name, kind in found.fields.items()} if found else None


@pytest.mark.parametrize(
    "path", ["$.a,$.b", "$.orderID,$.product_name,$.quantity", "a.b", "$..a", "$[?(@.a)]", "$.a b"]
)
def test_a_path_outside_the_subset_is_no_path(path: str) -> None:
    with pytest.raises(PathError):
        parse_path(path)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", []),
        ("$[*]", [None]),
        ("$.a.b", ["a", "b"]),
        ("$['a b'][2]", ["a b", 2]),
        ("$.places[*].*", ["places", None, None]),
    ],
)
def test_a_path_of_the_subset_is_read(path: str, steps: list[object]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize("separator", ["\n", "\r\n", "", " ", "\n\n"])
def test_documents_may_follow_each_other_in_any_way(separator: str) -> None:
    assert types(separator.join(['{"a": 1}', '{"a": 1.5, "b": "x"}'])) == {"a": "double", "b": "string"}


def test_a_document_may_span_lines() -> None:
    assert types(json.dumps([{"a": {"b": 1}}], indent=2), "$[*].a") == {"b": "int"}


def test_a_malformed_line_is_passed_over() -> None:
    assert types('{"a": 1}\n{broken\n{"b": null}\n') == {"a": "int", "b": "string"}


def test_the_cut_last_line_is_not_read() -> None:
    assert types('{"a": 1}\n{"b": 1}', truncated=True) == {"a": "int"}


def test_no_record_is_no_schema() -> None:
    assert types("") is None
    assert types("{broken") is None
    assert types('{"a": 1}', "$.nowhere") is None
    assert types("1\n2\n") is None


def test_records_of_one_shape_count_each() -> None:
    found = record_types('{"a": [1]}\n{"a": [2.5]}\n{"a": [3]}\n{"a": []}\n', None, truncated=False)
    assert found is not None
    assert (found.count, str(found.fields["a"])) == (4, "array<double>")
