"""The Firehose transformer: golden events, numbers, names, maps and times."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sales_cdc.contract.change_contract import TOUCH

from tests.unit.include.transforming import (
    GOLDEN,
    inserted,
    line_of,
    row_of,
    transform,
)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_event_becomes_its_line_to_the_byte(path: Path) -> None:
    golden = json.loads(path.read_text())
    assert line_of(golden["stream_record"]) == golden["line"]


def test_attribute_order_within_the_item_does_not_change_the_line() -> None:
    attributes = {"Foo": {"N": "1"}, "foo": {"N": "2"}, "zone": {"S": "eu"}, "Actor": {"S": "me"}}
    turned = dict(reversed(attributes.items()))
    assert line_of(inserted(**attributes)) == line_of(inserted(**turned))


def test_touch_that_only_makes_an_item_emit_a_change_is_no_attribute() -> None:
    touched = inserted(zone={"S": "eu"}, **{TOUCH: {"S": "repair-1"}})
    assert line_of(touched) == line_of(inserted(zone={"S": "eu"}))


def test_one_poison_record_leaves_its_neighbours_alone() -> None:
    answers = transform(inserted(), b"\xff\xfe", inserted(), b"", inserted())
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed", "Ok", "ProcessingFailed", "Ok"]


PRICES = ["1e2", "1E+2", "10.50", "0", "0.00", "-0", "9" * 38, "1" + "0" * 60, f"0.{'0' * 129}1", "1E-130", "9.99E+125"]


@pytest.mark.parametrize("text", PRICES, ids=lambda text: text[:12])
def test_price_keeps_the_text_of_its_number(text: str) -> None:
    assert f'"price":{text},"event_type"' in line_of(inserted(price={"N": text}))


@pytest.mark.parametrize(
    ("text", "written"),
    [("2.0", "2"), ("2E0", "2"), ("-0", "0"), ("1.2E+3", "1200"), ("-7", "-7"), (f"-{2**63}", f"-{2**63}")],
)
def test_integral_quantity_is_written_as_an_integer(text: str, written: str) -> None:
    assert f'"quantity":{written},"price"' in line_of(inserted(quantity={"N": text}))


@pytest.mark.parametrize("number_text", ["1795354800", "1.7953548E9", "1795354800.0", "1795354800.000999"])
def test_change_time_always_has_milliseconds_and_is_floored(number_text: str) -> None:
    stream_record = json.dumps(inserted()).replace("1795354800", number_text).encode()
    assert row_of(stream_record)["creation_time"] == "2026-11-22T13:40:00.000Z"


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, "ttl"),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, "ttl"),
        ({"type": "User", "principalId": "AIDAEXAMPLE"}, "user"),
        ({"PrincipalId": {"a": 1}, "principalId": None}, "user"),
        ({}, "user"),
        (None, "user"),
        ("dynamodb.amazonaws.com", "user"),
    ],
)
def test_actor_is_ttl_only_when_dynamodb_itself_deleted(identity: Any, actor: str) -> None:
    assert row_of(inserted() | {"eventName": "REMOVE", "userIdentity": identity})["actor"] == actor


def test_value_at_the_deepest_nesting_that_dynamodb_allows_is_transformed() -> None:
    typed: dict[str, Any] = {"N": "1"}
    for _ in range(32):
        typed = {"L": [{"M": {"in": typed}}]}
    assert line_of(inserted(deep=typed)).endswith("1" + "}]" * 32 + "}\n")


@pytest.mark.parametrize("key", ["a:b", "a,b", "<", "a b", "1a", "😀", 'a"b', "x-y", ""])
def test_a_map_that_no_struct_type_can_name_becomes_its_json_text(key: str) -> None:
    row = row_of(inserted(note={"M": {key: {"N": "1.50"}}}))
    assert json.loads(row["note"], parse_float=Decimal) == {key: Decimal("1.50")}


def test_a_map_whose_keys_differ_in_case_alone_becomes_its_json_text() -> None:
    assert row_of(inserted(note={"M": {"A": {"S": "x"}, "a": {"S": "y"}}}))["note"] == '{"A":"x","a":"y"}'


def test_a_map_with_plain_keys_stays_an_object() -> None:
    assert row_of(inserted(note={"M": {"a": {"S": "x"}}}))["note"] == {"a": "x"}


def test_a_map_of_many_keys_is_a_dictionary_and_becomes_its_json_text() -> None:
    members = {f"k{number}": {"N": str(number)} for number in range(100)}
    row = row_of(inserted(note={"M": members}, short={"M": dict(list(members.items())[:30])}))
    assert json.loads(row["note"]) == {f"k{number}": number for number in range(100)}
    assert row["short"] == {f"k{number}": number for number in range(30)}


def test_a_map_whose_type_might_be_too_long_for_glue_becomes_its_json_text() -> None:
    typed: Any = {"N": "1"}
    for _ in range(3):
        typed = {"M": {f"name_of_a_member_{number}": typed for number in range(12)}}
    assert isinstance(row_of(inserted(note=typed))["note"], str)
    assert isinstance(row_of(inserted(note={"L": [{"S": "x" * 20_000}]}))["note"], list)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("$path", "attr_$path"),
        ("$PATH", "attr_$PATH"),
        ("a\tb", "attr_a_b"),
        ("a\nb", "attr_a_b"),
        ("\x00", "attr__"),
        ("source_stream", "attr_source_stream"),
        ("Rescued_Data", "attr_Rescued_Data"),
    ],
)
def test_a_name_that_athena_cannot_take_gets_a_prefix(name: str, member: str) -> None:
    row = row_of(inserted(**{name: {"S": "mine"}}))
    assert list(row)[9:] == [member]
    assert row[member] == "mine"


def test_names_that_are_too_long_stay_apart_within_the_data_catalog_s_limit() -> None:
    names = ["n" * 300, "n" * 301, "é" * 200, "n" * 255, "N" * 255]
    members = list(row_of(inserted(**{name: {"S": name} for name in names})))[9:]
    assert len({member.lower() for member in members}) == len(names)
    assert all(len(member.encode()) <= 255 for member in members)
    assert "N" * 255 in members


@pytest.mark.parametrize(
    ("arn", "label"),
    [
        ("arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-11-22T09:00:00.000", "2026-11-22T09:00:00.000"),
        (None, None),
        ("", None),
        (["arn"], None),
        ("arn/with\x00", None),
    ],
)
def test_the_stream_s_label_stands_in_the_event(arn: Any, label: str | None) -> None:
    row = row_of(inserted() | ({} if arn is None else {"eventSourceARN": arn}))
    assert row.get("source_stream") == label
    assert (list(row)[9:] == ["source_stream"]) is (label is not None)


@pytest.mark.parametrize("name", ["dt", "HR"])
def test_an_attribute_named_as_a_partition_column_keeps_its_value_under_another_name(name: str) -> None:
    assert row_of(inserted(**{name: {"S": "mine"}}))[f"attr_{name}"] == "mine"
