"""The Firehose transformer: properties over random items and random garbage."""

from __future__ import annotations

import base64
import json
import string
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.include.transforming import (
    MEMBERS,
    TAKEN_NAMES,
    inserted,
    line_of,
    row_of,
    transform,
)

numbers = st.one_of(
    st.integers(-(10**37), 10**37).map(str),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.builds(
        "{}{}.{}E{:+d}".format,
        st.sampled_from(["", "-"]),
        st.integers(1, 9),
        st.integers(0, 10**9),
        st.integers(-130, 125),
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.one_of(
    st.text(string.ascii_letters, min_size=1, max_size=3),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    st.sampled_from(
        ["orderID", "ORDERID", "Price", "PRICE", "event_id", "Actor", "attr_price", "ATTR_Price", "attr_attr_price"]
    ),
)
in_base64 = st.binary(max_size=9).map(lambda raw: base64.b64encode(raw).decode())
scalars = st.one_of(
    texts.map(lambda text: ({"S": text}, text)),
    numbers.map(lambda text: ({"N": text}, Decimal(text))),
    in_base64.map(lambda text: ({"B": text}, text)),
    st.booleans().map(lambda flag: ({"BOOL": flag}, flag)),
    st.just(({"NULL": True}, None)),
    st.lists(texts, max_size=3).map(lambda values: ({"SS": values}, values)),
    st.lists(numbers, max_size=3).map(lambda values: ({"NS": values}, [Decimal(value) for value in values])),
    st.lists(in_base64, max_size=3).map(lambda values: ({"BS": values}, values)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(
            lambda pairs: ({"L": [pair[0] for pair in pairs]}, [pair[1] for pair in pairs])
        ),
        st.dictionaries(names, inner, max_size=3).map(
            lambda members: (
                {"M": {name: pair[0] for name, pair in members.items()}},
                {name: pair[1] for name, pair in members.items()},
            )
        ),
    ),
    max_leaves=8,
)
own_names = {"orderid", "product_name", "quantity", "price"}
orders = st.fixed_dictionaries(
    {},
    optional={
        "product_name": texts.map(lambda text: ({"S": text}, text)),
        "quantity": st.integers(-(2**63), 2**63 - 1).map(lambda number: ({"N": str(number)}, Decimal(number))),
        "price": numbers.map(lambda text: ({"N": text}, Decimal(text))),
    },
)
further_attributes = st.dictionaries(names.filter(lambda name: name not in own_names), values, max_size=6)


def readable(name: str) -> str:
    """A name with another character for each that Athena cannot take."""
    return "".join("_" if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name)


def own_name(column: str, attributes: dict[str, Any]) -> str:
    """The attribute behind a column: the column's name less the fewest prefixes."""
    while column not in attributes:
        if found := sorted(name for name in attributes if readable(name) == column):
            return found[0]
        assert column.startswith("attr_")
        column = column.removeprefix("attr_")
    return column


@given(order=orders, further=further_attributes)
@example(order={}, further={"HR": ({"NULL": True}, None)})
def test_random_item_becomes_a_row_that_holds_all_of_it_exactly(order: dict[str, Any], further: dict[str, Any]) -> None:
    row = row_of(inserted(**{name: typed for name, (typed, _) in (order | further).items()}))

    assert tuple(row)[:9] == MEMBERS
    for name in ("product_name", "quantity", "price"):
        assert row[name] == order.get(name, (None, None))[1]
    columns = list(row)[9:]
    assert len(columns) == len(further)
    assert len({column.lower() for column in row}) == len(row)
    free = {name for name in further if name.lower() not in TAKEN_NAMES and name == readable(name) and name[:1] != "$"}
    for name in free:
        if sum(other.lower() == name.lower() for other in further) == 1:
            assert same_value(row[name], further[name][1])
    unclaimed = dict(further)
    for column in sorted(columns, key=len):
        source = own_name(column, unclaimed)
        assert same_value(row[column], unclaimed.pop(source)[1])
    assert unclaimed == {}


def same_value(shown: Any, expected: Any) -> bool:
    """Equal, where a map whose keys are no names of struct fields is shown as its JSON text."""
    if isinstance(expected, dict):
        plain = all(key.isascii() and key.isidentifier() for key in expected)
        plain = plain and len({key.lower() for key in expected}) == len(expected)
        found = shown if plain else json.loads(shown, parse_float=Decimal, parse_int=Decimal)
        return found.keys() == expected.keys() and all(same_value(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(shown) == len(expected) and all(map(same_value, shown, expected))
    return bool(shown == expected)


@given(order=orders, further=further_attributes)
def test_line_is_one_line_for_every_reader(order: dict[str, Any], further: dict[str, Any]) -> None:
    line = line_of(inserted(**{name: typed for name, (typed, _) in (order | further).items()}))
    assert line.endswith("}\n")
    assert len(line.splitlines()) == 1


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(["S", "N", "M", "L", "NS", "BOOL", "NULL"]), st.text(max_size=4)),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
places = st.sampled_from(
    [
        ("eventID",),
        ("eventName",),
        ("userIdentity",),
        ("dynamodb",),
        ("dynamodb", "Keys"),
        ("dynamodb", "Keys", "orderid"),
        ("dynamodb", "NewImage"),
        ("dynamodb", "NewImage", "orderid"),
        ("dynamodb", "NewImage", "quantity"),
        ("dynamodb", "NewImage", "price"),
        ("dynamodb", "NewImage", "note"),
        ("dynamodb", "SequenceNumber"),
        ("dynamodb", "ApproximateCreationDateTime"),
    ]
)


@given(place=places, value=json_values)
def test_any_json_in_any_place_is_answered_with_a_valid_line_or_the_original(
    place: tuple[str, ...], value: Any
) -> None:
    stream_record = inserted(quantity={"N": "1"}, price={"N": "2"})
    holder: dict[str, Any] = stream_record
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    (answer,) = transform(stream_record)
    if answer["result"] == "Ok":
        event = json.loads(base64.b64decode(answer["data"], validate=True), parse_constant=pytest.fail)
        assert tuple(event)[:9] == MEMBERS
        assert place[-1] not in {"Keys", "SequenceNumber"}
        assert place[-1] != "ApproximateCreationDateTime" or type(value) in (int, float), "a number of seconds"
    else:
        assert place[-1] not in {"quantity", "price", "note", "userIdentity"}, (
            "a change with its identity is never refused"
        )


@given(data=st.lists(st.binary(max_size=60), max_size=4))
@example(data=[b"{}"] * 3)
def test_any_bytes_are_answered(data: list[bytes]) -> None:
    assert all(answer["result"] == "ProcessingFailed" for answer in transform(*data))
