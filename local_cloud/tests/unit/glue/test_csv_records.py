"""The built-in and the custom CSV classifier (Built-in CSV classifier, Writing CSV custom classifiers, AWS Glue).

Sources: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html,
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
"""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.glue.schemas.csv_records import read


def columns(text: str, *, truncated: bool = False, **classifier: Any) -> dict[str, str] | None:
    table = read(text, classifier, truncated=truncated)
    return {name: str(kind) for name, kind in table.columns.items()} if table else None


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ";", "\x01"])
def test_each_documented_delimiter_is_found(delimiter: str) -> None:
    rows = [["name", "age"], ["ann", "3"], ["bob", "4"]]
    assert columns("\n".join(map(delimiter.join, rows))) == {"name": "string", "age": "bigint"}


def test_without_a_typed_value_the_first_row_is_no_header() -> None:
    assert columns("name,city\nann,bern\n") == {"col0": "string", "col1": "string"}


@pytest.mark.parametrize("text", ["a,b\n", "one\ntwo\n", "a,b\n1\n2,3,4,5\n", ""])
def test_fewer_than_two_rows_or_columns_or_ragged_rows_are_no_csv(text: str) -> None:
    assert columns(text) is None


def test_integers_decimals_and_missing_values_merge() -> None:
    assert columns("a,b,c\n1,,x\n2.5,,y\n") == {"a": "double", "b": "string", "c": "string"}


def test_a_cut_last_line_is_not_read() -> None:
    assert columns("a,b\n1,2\n3,4.5", truncated=True) == {"a": "bigint", "b": "bigint"}


def test_a_custom_header_of_another_width_does_not_match() -> None:
    assert columns("1,2\n", Header=["a"]) is None


def test_a_single_column_has_to_be_allowed() -> None:
    assert columns("a\n1\n", AllowSingleColumn=True, ContainsHeader="PRESENT") == {"a": "bigint"}
