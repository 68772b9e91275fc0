"""Merging the types that a crawler finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.glue.schemas.column_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INT,
    NULL,
    STRING,
    Array,
    Struct,
    Type,
    columns_of,
    integer_type,
    merge,
    parsed,
)

SCALARS = [NULL, INT, BIGINT, DOUBLE, STRING, BOOLEAN]
TYPES: st.SearchStrategy[Type] = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        inner.map(Array), st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(lambda fields: Struct(fields))
    ),
    max_leaves=6,
)


def canonical(kind: Type) -> str:
    """The type as text, a struct's fields by name: their order is that of appearance."""
    if isinstance(kind, Struct):
        return "{" + ",".join(f"{name}:{canonical(part)}" for name, part in sorted(kind.fields.items())) + "}"
    return f"[{canonical(kind.element)}]" if isinstance(kind, Array) else kind.name


@given(TYPES, TYPES)
def test_the_order_of_files_does_not_matter(left: Type, right: Type) -> None:
    assert canonical(merge(left, right)) == canonical(merge(right, left))


@given(TYPES)
def test_a_type_merged_with_itself_or_with_null_stays(kind: Type) -> None:
    assert merge(kind, kind) == kind
    assert merge(kind, NULL) == merge(NULL, kind) == kind


@given(TYPES, TYPES, TYPES)
def test_merging_is_associative(a: Type, b: Type, c: Type) -> None:
    assert canonical(merge(merge(a, b), c)) == canonical(merge(a, merge(b, c)))


@given(TYPES)
def test_the_text_of_a_type_is_read_as_that_type(kind: Type) -> None:
    assert str(parsed(str(kind))) == str(kind)


def test_a_type_that_somebody_else_gave_is_kept_as_it_is() -> None:
    assert str(parsed("map<string,decimal(12,2)>")) == "map<string,decimal(12,2)>"
    assert str(parsed("struct<p:decimal(12,2),q:map<string,int>>")) == "struct<p:decimal(12,2),q:map<string,int>>"


@pytest.mark.parametrize(
    ("left", "right", "merged"),
    [
        (INT, DOUBLE, "double"),
        (INT, BIGINT, "bigint"),
        (BIGINT, DOUBLE, "double"),
        (INT, STRING, "string"),
        (BOOLEAN, INT, "string"),
        (Array(INT), STRING, "string"),
        (Array(NULL), Array(INT), "array<int>"),
        (Struct({"a": INT}), Struct({"b": NULL, "a": DOUBLE}), "struct<a:double,b:string>"),
        (Struct({}), NULL, "string"),
        (NULL, NULL, "string"),
    ],
)
def test_a_merged_type_holds_both(left: Type, right: Type, merged: str) -> None:
    assert str(merge(left, right)) == merged


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        ("0", INT), ("-2147483648", INT), ("2147483647", INT), ("2147483648", BIGINT), ("-2147483649", BIGINT),
        ("9223372036854775807", BIGINT), ("-9223372036854775808", BIGINT), ("9223372036854775808", DOUBLE), ("9" * 38, DOUBLE),
    ],
)  # fmt: skip
def test_an_integer_has_the_smallest_type_that_holds_it(literal: str, kind: Type) -> None:
    assert integer_type(literal) is kind


def test_columns_that_differ_in_case_only_are_one() -> None:
    assert columns_of({"Price": INT, "price": DOUBLE, "Id": STRING}) == {"price": DOUBLE, "id": STRING}
