"""Test that two types of a column become one that reads the values of both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.batch.raw_types import united

SCALARS = ["int", "bigint", "double", "string", "boolean", "decimal(12,2)", "map<string,int>"]
TYPES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        inner.map(lambda kind: f"array<{kind}>"),
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3).map(
            lambda members: f"struct<{','.join(f'{name}:{kind}' for name, kind in members.items())}>"
        ),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        ("int", "bigint", "bigint"),
        ("int", "double", "double"),
        ("tinyint", "float", "double"),
        ("boolean", "int", "string"),
        ("struct<a:int>", "string", "string"),
        ("struct<a:int>", "array<int>", "string"),
        ("array<int>", "array<double>", "array<double>"),
        ("struct<a:int,s:struct<b:int,c:decimal(12,2)>>", "struct<s:struct<b:double>,d:array<string>>",
         "struct<a:int,s:struct<b:double,c:decimal(12,2)>,d:array<string>>"),
    ],
)  # fmt: skip
def test_both_values_are_read(left: str, right: str, both: str) -> None:
    assert united(left, right) == both


@given(TYPES, TYPES)
def test_a_type_that_holds_both_stays_when_either_comes_again(left: str, right: str) -> None:
    both = united(left, right)
    assert united(both, left) == united(both, right) == both
    assert united(left, left) == left
