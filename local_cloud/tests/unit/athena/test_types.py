"""Types in Hive's and Trino's spelling, and the types that two are coerced to."""

from __future__ import annotations

import pytest

from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.types import duckdb_name, hive_name, parse_type, trino_name

SPELLINGS = [
    ("int", "integer"),
    ("string", "varchar"),
    ("varchar(10)", "varchar(10)"),
    ("decimal(12,2)", "decimal(12,2)"),
    ("array<struct<id:bigint,tags:array<string>>>", "array(row(id bigint, tags array(varchar)))"),
    ("map<string,double>", "map(varchar, double)"),
]


@pytest.mark.parametrize(("hive", "trino"), SPELLINGS)
def test_both_spellings_mean_one_type(hive: str, trino: str) -> None:
    assert trino_name(parse_type(hive)) == trino
    assert parse_type(trino) == parse_type(hive)
    assert hive_name(parse_type(trino)) == hive


@pytest.mark.parametrize("text", ["", "nope", "array<int", "decimal(39,2)", "map<int>", "int)"])
def test_other_text_is_no_type(text: str) -> None:
    with pytest.raises(QueryFailedError, match="TYPE_NOT_FOUND"):
        parse_type(text)


def test_timestamps_finer_than_the_engine_are_refused() -> None:
    with pytest.raises(QueryFailedError, match="NOT_SUPPORTED"):
        parse_type("timestamp(9)")


@pytest.mark.parametrize(
    ("left", "right", "common"),
    [
        ("tinyint", "bigint", "bigint"),
        ("integer", "decimal(5,2)", "decimal(12,2)"),
        ("decimal(10,2)", "decimal(5,4)", "decimal(12,4)"),
        ("decimal(10,2)", "double", "double"),
        ("varchar(3)", "varchar(5)", "varchar(5)"),
        ("date", "timestamp(3)", "timestamp(3)"),
        ("array(integer)", "array(bigint)", "array(bigint)"),
        ("varchar", "integer", None),
        ("date", "varchar", None),
    ],
)
def test_common_types_are_trinos(left: str, right: str, common: str | None) -> None:
    found = common_type(parse_type(left), parse_type(right))
    assert found == common_type(parse_type(right), parse_type(left))
    assert (None if found is None else trino_name(found)) == common


def test_row_fields_are_held_by_position() -> None:
    assert duckdb_name(parse_type("row(a integer, a varchar)")) == "STRUCT(f0 INTEGER, f1 VARCHAR)"
