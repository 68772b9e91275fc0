"""Filters of partitions (GetPartitions, AWS Glue).

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
"""

from __future__ import annotations

import pytest

from local_cloud.glue.catalog.partition_expression import ExpressionError, parse

KEYS = {"dt": "string", "hr": "int", "Region": "string"}
ROWS: list[dict[str, str | None]] = [
    {"dt": "2026-11-21", "hr": "9", "region": "eu"},
    {"dt": "2026-11-22", "hr": "10", "region": "us"},
    {"dt": "2026-11-23", "hr": "11", "region": None},
]


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("dt = '2026-11-22'", [1]),
        ("dt='2026-11-22' AND hr=10", [1]),
        ("dt >= '2026-11-22' and hr < 11", [1]),
        ("dt <> '2026-11-22'", [0, 2]),
        ("hr > 9", [1, 2]),
        ("hr > '9'", [1, 2]),
        ("hr = 09", [0]),
        ("10 <= hr", [1, 2]),
        ("dt IN ('2026-11-21', '2026-11-23')", [0, 2]),
        ("hr NOT IN (9, 10)", [2]),
        ("hr BETWEEN 9 AND 10 AND region = 'eu'", [0]),
        ("dt LIKE '%-2_' AND NOT hr = 9", [1, 2]),
        ("dt NOT LIKE '%22'", [0, 2]),
        ("region IS NULL", [2]),
        ("`region` IS NOT NULL", [0, 1]),
        ("region = 'eu' OR hr = 11", [0, 2]),
        ("NOT region = 'eu'", [1]),
        ("region <> 'eu' OR region = 'eu'", [0, 1]),
        ("hr = 9 OR hr = 10 AND dt = 'x'", [0]),
        ("(hr = 9 OR hr = 10) AND (dt = '2026-11-22')", [1]),
        ("DT = date '2026-11-22'", [1]),
        ("dt = 'it''s'", []),
        ("dt = 'AND'", []),
    ],
)
def test_an_expression_keeps_its_partitions(expression: str, kept: list[int]) -> None:
    passes = parse(expression, KEYS)
    assert [number for number, row in enumerate(ROWS) if passes(row)] == kept


@pytest.mark.parametrize(
    "expression",
    [
        "dt",
        "dt =",
        "price = 1",
        "dt = 'a' AND",
        "(dt = 'a'",
        "dt = 'a' hr = 1",
        "dt ~ 'a'",
        "dt IN 'a'",
        "= 'a'",
        "dt = 'a",
    ],
)
def test_what_is_no_filter_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        parse(expression, KEYS)


def test_a_number_key_is_not_compared_with_text() -> None:
    with pytest.raises(ExpressionError, match="no number"):
        parse("hr = 'ten'", KEYS)(ROWS[0])
