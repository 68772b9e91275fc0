"""Values that fit no column: null there, whole in rescued_data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.include.transforming import (
    inserted,
    line_of,
    row_of,
)


def rescued_of(stream_record: Any) -> dict[str, Any]:
    """What the line rescues; its fields that are rescued have to be null."""
    row = row_of(stream_record)
    rescued: dict[str, Any] = json.loads(row.get("rescued_data", "{}"))
    assert all(row[name] is None for name in rescued)
    return rescued


@pytest.mark.parametrize("text", ["2.5", "1E-1", str(2**63), "1E+125", f"2.{'0' * 36}1"])
def test_quantity_that_is_no_integer_of_64_bits_is_rescued(text: str) -> None:
    assert rescued_of(inserted(quantity={"N": text})) == {"quantity": {"N": text}}


def test_rescued_values_stand_by_name_before_the_further_attributes_and_leave_the_rest_alone() -> None:
    line = line_of(inserted(quantity={"S": "5"}, price={"N": "1.50"}, product_name={"N": "7"}, zone={"S": "é"}))
    assert line.endswith(
        '"actor":"user","rescued_data":"{\\"product_name\\":{\\"N\\":\\"7\\"},\\"quantity\\":{\\"S\\":\\"5\\"}}","zone":"é"}\n'
    )
    assert '"product_name":null,"quantity":null,"price":1.50,' in line


NOT_NUMBERS = [
    *("", " 5", "5 ", "5\n", "+5", "1_000", "0x1", "٣", "²", "007", ".5", "5.", "1,5", "NaN", "Infinity", "-inf", "1e"),
    *("--1", "1E+126", "1E-131", "1E99999999999999999999", "9" * 39, "9" * 500_000),
]


@pytest.mark.parametrize("text", NOT_NUMBERS, ids=lambda text: text[:24])
@pytest.mark.parametrize("name", ["quantity", "price", "weight"])
def test_text_that_is_no_number_of_dynamodb_is_rescued(name: str, text: str) -> None:
    assert rescued_of(inserted(**{name: {"N": text}})) == {name: {"N": text}}


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("product_name", {"N": "5"}),
        ("product_name", {"SS": ["a"]}),
        ("quantity", {"S": "5"}),
        ("quantity", {"BOOL": True}),
        ("price", {"S": "10.50"}),
        ("price", {"L": []}),
    ],
)
def test_field_of_the_wrong_type_is_rescued(name: str, typed: Any) -> None:
    assert rescued_of(inserted(**{name: typed})) == {name: typed}


@pytest.mark.parametrize("name", ["product_name", "quantity", "price"])
def test_field_that_is_null_or_absent_is_null(name: str) -> None:
    assert row_of(inserted(**{name: {"NULL": True}})) == row_of(inserted())
    assert row_of(inserted())[name] is None


NOT_TYPED_VALUES = [
    *(None, "x", 5, [], {}, {"S": "x", "N": "1"}, {"X": "1"}, {"s": "x"}, {"S": 5}, {"S": None}, {"S": ["x"]}),
    *({"N": 5}, {"N": None}, {"BOOL": "true"}, {"BOOL": 1}, {"NULL": False}, {"NULL": "true"}, {"NULL": None}),
    *({"B": "a"}, {"B": "é==="}, {"B": "YQ==\n"}, {"B": 1}, {"M": []}, {"M": {"a": "b"}}, {"L": {}}, {"L": ["x"]}),
    *({"SS": "abc"}, {"SS": [1]}, {"NS": ["x"]}, {"NS": [1]}, {"BS": ["?"]}, {"BS": {}}),
]


@pytest.mark.parametrize("typed", NOT_TYPED_VALUES, ids=json.dumps)
def test_value_that_dynamodb_cannot_hold_is_rescued(typed: Any) -> None:
    assert rescued_of(inserted(weight=typed, price=typed)) == {"weight": typed, "price": typed}


def test_half_of_a_surrogate_pair_in_a_name_is_written_as_another_character() -> None:
    assert row_of(inserted(**{"a\udfff": {"S": "x"}}))["attr_a_"] == "x"


def test_half_of_a_surrogate_pair_is_rescued_in_a_text_that_utf_8_carries() -> None:
    line = line_of(inserted(note={"S": "a\ud800"}, product_name={"S": "laptop"}))
    assert line.isascii()
    assert rescued_of(inserted(note={"S": "a\ud800"})) == {"note": {"S": "a\ud800"}}
    assert '"product_name":"laptop"' in line


def test_value_that_is_nested_too_deeply_is_rescued() -> None:
    typed: Any = {"S": "x"}
    for _ in range(400):
        typed = {"L": [typed]}
    assert rescued_of(inserted(note=typed)) == {"note": typed}
