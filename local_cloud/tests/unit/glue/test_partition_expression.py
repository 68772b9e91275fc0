"""Filters of partitions (GetPartitions, AWS Glue).

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html. What keys of each type keep and refuse: moto's Glue,
https://github.com/getmoto/moto/blob/master/tests/test_glue/test_partition_filter.py
"""

from __future__ import annotations

import pytest

from local_cloud.glue.catalog.partition_expression import ExpressionError, parse
from local_cloud.glue.catalog.partition_types import StoredValueError

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


TYPED = {
    "int": ("int", ["1", "2", "3"]),
    "decimal": ("decimal(20,1)", ["1.2", "2.6", "3e14"]),
    "string": ("string", ["one", "two", "three"]),
    "date": ("date", ["2022-01-01", "2022-02-01", "2022-03-01"]),
    "at": ("timestamp", ["2022-01-01 12:34:56.789", "2022-02-01 00:00:00.000000", "2022-03-01 21:00:12.3456789"]),
}


@pytest.mark.parametrize(
    "expression",
    [
        "int = '2'",
        "int in (6, '4', 2)",
        "(int) = ((2)) (OR) (((int))) = (2)",
        "int not IN (1, 3)",
        "int NOT BETWEEN 1 AND 1 and int NOT BETWEEN 3 AND 3",
        "int = 4 OR int = 5 AND int = '-1' OR int = 0 OR int = '2'",
        "decimal = 2.6",
        "decimal = '2.60'",
        "decimal in (6, '4', 2.6)",
        "decimal between 2 AND 3e10",
        "decimal >= 2 and decimal <> '3e14'",
        "string between 'twn' AND 'twp'",
        "string LIKE 't_o'",
        "date in ('2024-02-29', '2022-02-01')",
        "date > '2022-01-15' AND date < '2022-02-15'",
        "at = '2022-02-01 00:00:00'",
        "at = '2022-02-01 00:00:00.000000000'",
        "at between '2022-01-15 00:00:00' AND '2022-02-15 00:00:00'",
        "at > '2022-01-31 23:59:59.999999999' AND at < '2022-02-01 00:00:00.000000001'",
    ],
)
def test_a_literal_is_compared_as_its_keys_type(expression: str) -> None:
    passes = parse(expression, {name: kind for name, (kind, _) in TYPED.items()})
    rows = [{name: values[number] for name, (_, values) in TYPED.items()} for number in range(3)]
    assert [number for number, row in enumerate(rows) if passes(row)] == [1]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("int = 'test'", '"test" is not an integer'),
        ("int in (2.5)", '"2.5" is not an integer'),
        ("(int LIKE '2')", "Integral data type doesn't support operation 'LIKE'"),
        ("decimal = 'test'", "test is not a decimal"),
        ("decimal = 'NaN'", "NaN is not a decimal"),
        ("decimal LIKE '2'", "Decimal data type doesn't support operation 'LIKE'"),
        ("date = '2022-02-32'", "is not a date"),
        ("date LIKE '2022-02-01'", "Date data type doesn't support operation 'LIKE'"),
        ("at = '2022-02-01'", "is not a timestamp"),
        ("at = '2022-02-15 00:00:00.'", "is not a timestamp"),
        ("at = '2022-02-32 00:00:00'", "is not a timestamp"),
        ("at LIKE '2022-02-01 00:00:00'", "Timestamp data type doesn't support operation 'LIKE'"),
        ("float = 3.14", "Unknown type : 'float'"),
        ("unknown IS NULL", "Invalid partition expression!"),
        ("string IS test' AND not parsable", "Unsupported expression"),
        ("1 = 1", "Unsupported expression"),
    ],
)
def test_what_its_type_does_not_allow_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        parse(expression, {name: kind for name, (kind, _) in TYPED.items()} | {"float": "float"})


def test_a_partition_whose_value_is_none_of_its_type_is_said_apart() -> None:
    with pytest.raises(StoredValueError, match='"int" is not an integer'):
        parse("hr = 2", KEYS)({"hr": "int"})
