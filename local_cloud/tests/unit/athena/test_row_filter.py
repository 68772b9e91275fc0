"""What a query demands of an Iceberg table's columns becomes a filter that every row passes that meets it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.conversions import to_bytes
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.visitors import _InclusiveMetricsEvaluator, expression_evaluator
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import IntegerType, NestedField, StringType
from sqlglot import exp, parse_one

from local_cloud.athena.iceberg.row_filter import row_filter
from local_cloud.athena.sql.parsing.chains import with_balanced_chains
from local_cloud.athena.sql.queries.file_pruning import demand

SCHEMA = Schema(
    NestedField(1, "k", StringType(), required=False), NestedField(2, "n", IntegerType(), required=False)
)  # fmt: skip
numbers = st.integers(-3, 300)
terms = st.one_of(
    numbers.map("n = {}".format),
    numbers.map("n < {}".format),
    st.tuples(numbers, numbers).map(lambda ends: "n BETWEEN {} AND {}".format(*ends)),
    st.lists(numbers, min_size=1, max_size=400).map(lambda found: f"n IN ({', '.join(map(str, found))})"),
)
conditions = st.recursive(
    terms,
    lambda inner: st.tuples(st.lists(inner, min_size=1, max_size=80), st.sampled_from([" AND ", " OR "])).map(
        lambda drawn: f"({drawn[1].join(drawn[0])})"
    ),
    max_leaves=100,
)


def filter_of(condition: str) -> BooleanExpression:
    tree = with_balanced_chains(parse_one(condition, dialect="trino"))
    found = demand(tree, lambda column: column.name if isinstance(column, exp.Column) else None)
    return row_filter(SCHEMA, [found] if found else [])


def passes(condition: str) -> Any:
    return expression_evaluator(SCHEMA, filter_of(condition), case_sensitive=True)


@pytest.mark.parametrize("joined", ["k IN ({})", "{}"])
def test_thousands_of_values_are_one_filter(joined: str) -> None:
    each = "'k{}'" if "IN" in joined else "k = 'k{}'"
    condition = joined.format((", " if "IN" in joined else " OR ").join(map(each.format, range(10_000))))
    meets = passes(condition)
    assert [meets(Record(text, None)) for text in ("k0", "k9999", "k10000", None)] == [True, True, False, False]


def test_thousands_of_values_leave_out_a_file_beyond_them() -> None:
    def file(least: int, most: int) -> DataFile:
        bounds = {
            "lower_bounds": {2: to_bytes(IntegerType(), least)},
            "upper_bounds": {2: to_bytes(IntegerType(), most)},
        }
        counts = {"record_count": 1, "value_counts": {2: 1}, "null_value_counts": {2: 0}}
        return DataFile.from_args(**bounds, **counts)

    found = filter_of(f"n IN ({', '.join(map(str, range(1_000, 2_000)))})")
    holds = _InclusiveMetricsEvaluator(SCHEMA, found).eval
    assert [holds(file(*ends)) for ends in ((0, 999), (500, 1_500), (2_000, 9_999))] == [False, True, False]


@settings(deadline=None)
@given(conditions, st.lists(numbers, min_size=1, max_size=20))
def test_no_row_that_meets_the_condition_is_left_out(condition: str, rows: list[int]) -> None:
    meets = passes(condition)
    for number in rows:
        assert meets(Record(None, number)) or not _is_met(parse_one(condition, dialect="trino"), number)


def _is_met(node: exp.Expr, number: int) -> bool:
    """Say by the parser's own tree whether the number meets the condition."""
    if isinstance(node, exp.Paren):
        return _is_met(node.this, number)
    if isinstance(node, exp.Or):
        return any(_is_met(term, number) for term in node.flatten())
    if isinstance(node, exp.And):
        return all(_is_met(term, number) for term in node.flatten())
    if isinstance(node, exp.In):
        return number in {_number(each) for each in node.expressions}
    if isinstance(node, exp.Between):
        return _number(node.args["low"]) <= number <= _number(node.args["high"])
    return number < _number(node.expression) if isinstance(node, exp.LT) else number == _number(node.expression)


def _number(node: exp.Expr) -> int:
    return -_number(node.this) if isinstance(node, exp.Neg) else int(node.name)
