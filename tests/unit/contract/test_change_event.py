"""The change event as our own Python reads it from the raw zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sales_cdc.contract import change_event
from sales_cdc.contract.change_contract import PROBE
from sales_cdc.contract.change_event import Actor, ChangeEvent, ChangeEventError, foreign_types

LINE = (
    '{"orderID":"order-1","product_name":"laptop","quantity":5,"price":10.50,"event_type":"INSERT",'
    '"creation_time":"2026-11-22T13:40:00.000Z","event_id":"c4ca4238","sequence_number":"' + "7".zfill(40) + '",'
    '"actor":"user","discount":0.10,"shipping":{"city":"Lyon","weights":[1,2.50]}}\n'
)


def line_with(**members: Any) -> str:
    return json.dumps(json.loads(LINE) | members)


def test_line_is_read_exactly() -> None:
    assert change_event.parse(LINE) == ChangeEvent(
        order_id="order-1",
        product_name="laptop",
        quantity=5,
        price=Decimal("10.50"),
        event_type="INSERT",
        creation_time=datetime(2026, 11, 22, 13, 40, tzinfo=UTC),
        event_id="c4ca4238",
        sequence_number="7".zfill(40),
        actor=Actor.USER,
        further={"discount": Decimal("0.10"), "shipping": {"city": "Lyon", "weights": [1, Decimal("2.50")]}},
    )
    assert change_event.parse(LINE.encode()) == change_event.parse(LINE)


@pytest.mark.parametrize("text", ["10.50", "10", "1E+2", "0.00", "12345678901234567890.123456789012345678", "1e-130"])
def test_price_is_the_decimal_that_the_line_spells(text: str) -> None:
    price = change_event.parse(LINE.replace("10.50", text)).price
    assert price is not None
    assert price.as_tuple() == Decimal(text).as_tuple()


def test_remove_has_only_its_key() -> None:
    event = change_event.parse(line_with(event_type="REMOVE", product_name=None, quantity=None, price=None))
    assert (event.product_name, event.quantity, event.price) == (None, None, None)
    assert event.event_type == "REMOVE"


def test_events_of_one_second_are_ordered_by_sequence_number() -> None:
    late, early = (
        change_event.parse(line_with(sequence_number=change_event.pad_sequence_number(number)))
        for number in ("1" + "0" * 21, "9" * 21)
    )
    assert sorted([late, early]) == [early, late]
    assert max(early, late) is late
    assert min(early, late) is early
    assert late > early


def test_redelivered_change_has_the_same_identity() -> None:
    event = change_event.parse(LINE)
    assert event.identity == change_event.parse(line_with(event_id="another")).identity
    assert event.identity != change_event.parse(line_with(sequence_number="8".zfill(40))).identity
    assert event.identity != change_event.parse(line_with(orderID="order-2")).identity


def test_probe_is_known_by_its_order_id() -> None:
    assert change_event.parse(line_with(orderID=f"{PROBE}-2026-11-22")).is_probe
    assert not change_event.parse(LINE).is_probe


@given(st.integers(0, 10**40 - 1), st.integers(0, 10**40 - 1))
@example(10**21 - 1, 10**21)
def test_padded_sequence_numbers_sort_as_numbers(one: int, other: int) -> None:
    padded = [change_event.pad_sequence_number(str(number)) for number in (one, other)]
    assert {len(text) for text in padded} == {40}
    assert (padded[0] < padded[1]) == (one < other)


@pytest.mark.parametrize("text", ["", "1" * 41, "-1", "1.0", "٣", " 1", "abc"])
def test_other_text_is_no_sequence_number(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 40 digits"):
        change_event.pad_sequence_number(text)


@pytest.mark.parametrize("name", change_event.FIELDS)
def test_line_that_lacks_a_field_is_refused_by_name(name: str) -> None:
    members = json.loads(LINE)
    del members[name]
    with pytest.raises(ChangeEventError, match=f"it lacks {name}"):
        change_event.parse(json.dumps(members))


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"orderID": None}, "orderID is not a text"),
        ({"orderID": ""}, "orderID is not a text, or is empty"),
        ({"product_name": 5}, "product_name is not a text"),
        ({"quantity": "5"}, "quantity is neither"),
        ({"quantity": 2.0}, "quantity is neither"),
        ({"quantity": True}, "quantity is neither"),
        ({"price": "10.50"}, "price is neither"),
        ({"price": False}, "price is neither"),
        ({"price": float("nan")}, "NaN is not a JSON number"),
        ({"event_type": "UPSERT"}, "UPSERT"),
        ({"actor": "root"}, "root"),
        ({"creation_time": "yesterday"}, "yesterday"),
        ({"creation_time": "2026-11-22T13:40:00"}, "no time zone"),
        ({"event_id": 7}, "event_id is not a text"),
        ({"sequence_number": "7"}, "sequence_number is not 40 digits"),
        ({"sequence_number": "x" * 40}, "1 to 40 digits"),
        ({"sequence_number": 7}, "sequence_number is not a text"),
    ],
    ids=str,
)
def test_field_that_breaks_the_contract_is_refused(members: dict[str, Any], problem: str) -> None:
    with pytest.raises(ChangeEventError, match=problem):
        change_event.parse(line_with(**members))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "not one JSON document"),
        ("{", "not one JSON document"),
        (LINE + LINE, "not one JSON document"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        (b"\xff", "utf-8"),
        ("[" * 100_000, "nested too deeply"),
        (LINE.replace('"quantity":5', '"quantity":5,"quantity":6'), "names a member of an object twice"),
    ],
    ids=lambda value: ascii(value[:16]),
)
def test_text_that_is_no_event_is_refused_and_kept(line: str | bytes, problem: str) -> None:
    with pytest.raises(ChangeEventError, match=problem) as refused:
        change_event.parse(line)
    assert refused.value.line is line
    assert refused.value.problem in str(refused.value)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    with pytest.raises(ChangeEventError):
        change_event.parse(line)


OURS = {
    "orderid": "string", "product_name": "string", "quantity": "int", "price": "double", "event_type": "string",
    "creation_time": "string", "event_id": "string", "sequence_number": "string", "actor": "string", "gift": "struct<to:string>",
}  # fmt: skip


@pytest.mark.parametrize("types", [{}, {"quantity": "bigint"}, {"price": "int"}, {"price": "decimal(12,2)"}])
def test_raw_columns_that_the_pipeline_s_own_lines_explain_are_not_foreign(types: dict[str, str]) -> None:
    assert foreign_types(OURS | types) == {}


@pytest.mark.parametrize(
    "types", [{"price": "string"}, {"quantity": "double"}, {"orderid": "bigint", "product_name": "array<string>"}]
)
def test_raw_columns_of_another_type_are_foreign(types: dict[str, str]) -> None:
    assert foreign_types(OURS | types) == types
