"""The functions that DuckDB calls back for: decimals, regular expressions, formats."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.athena.sql.in_python import json_paths, time_formats
from local_cloud.athena.sql.in_python.register import quotient
from local_cloud.athena.sql.in_python.regular_expressions import extract, like, replaced
from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values import display
from local_cloud.athena.sql.values.display import floating_text

NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, places=4, allow_nan=False)


@given(NUMBERS, NUMBERS.filter(bool), st.integers(min_value=0, max_value=6))
def test_quotients_are_off_by_at_most_half_a_unit(dividend: Decimal, divisor: Decimal, scale: int) -> None:
    found = Decimal(quotient(str(dividend), str(divisor), scale))
    assert abs(found * divisor - dividend) <= abs(divisor) * Decimal(10) ** -scale / 2
    assert -found.as_tuple().exponent == scale


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_shown_are_read_back_the_same(number: float) -> None:
    assert float(display.floating(repr(number))) == number
    assert float(floating_text(repr(number))) == number


def test_regular_expressions_that_mean_something_else_in_java_are_refused() -> None:
    assert like("ab", "^a.$")
    assert extract("k=v", r"(?<key>\w)=", 1) == "k"
    assert replaced("ab", "(a)(b)", r"$2\$$1") == "b$a"
    for pattern in (r"\p{IsGreek}", "[a-z&&[^b]]", r"\R"):
        with pytest.raises(QueryError, match="NOT_SUPPORTED"):
            like("a", pattern)


def test_an_offset_in_a_text_is_the_zone_of_its_moment() -> None:
    moment = datetime(2020, 1, 2, 1, 4, 5)  # noqa: DTZ001
    assert time_formats.iso_timestamp("2020-01-02T03:04:05+02:00") == {"t": moment, "z": "+02:00"}


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [(r'{"a":"x\ud800"}', "$.a", "x?"), (r'{"a":"\uDE00y"}', "$.a", "?y"), (r'{"a":"\ud83d\ude00"}', "$.a", "😀"), (r'{"\ud800":1}', "$", None)],
)  # fmt: skip
def test_half_a_surrogate_in_json_is_a_question_mark(text: str, path: str, expected: str | None) -> None:
    assert json_paths.extract_scalar(text, path) == expected
    (json_paths.extract(text, path) or "").encode()
    json_paths.parse(text).encode()
