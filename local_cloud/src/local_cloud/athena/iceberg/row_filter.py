"""Turn what a query demands of an Iceberg table's columns into a filter of PyIceberg, which leaves out data files by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from pyiceberg import expressions as ice
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.visitors import IN_PREDICATE_LIMIT
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestampType

from local_cloud.athena.sql.model import Demand

_KINDS = {
    StringType: "varchar",
    IntegerType: "number",
    LongType: "number",
    TimestampType: "timestamp",
    DateType: "date",
}
_SIGNS = {
    "=": ice.EqualTo,
    "<": ice.LessThan,
    "<=": ice.LessThanOrEqual,
    ">": ice.GreaterThan,
    ">=": ice.GreaterThanOrEqual,
}


def row_filter(schema: Schema, demands: Iterable[Demand]) -> BooleanExpression:
    """Return a filter that every row passes that meets the demands; one of a type that is not compared as it is written is left out."""
    known = [found for each in demands if (found := _expression(schema, each)) is not None]
    return reduce(ice.And, known, ice.AlwaysTrue())


def _expression(schema: Schema, demand: Demand) -> BooleanExpression | None:
    if demand.sign == "all":
        return _joined(ice.And, [_expression(schema, part) for part in demand.parts])
    if demand.sign == "any":
        values = [part for part in demand.parts if part.sign == "="]
        others = [_expression(schema, part) for part in demand.parts if part.sign != "="]
        return _joined(ice.Or, [*([_one_of(schema, values)] if values else []), *others])
    return _compared(schema, demand)


def _joined(how: type[ice.And | ice.Or], parts: Sequence[BooleanExpression | None]) -> BooleanExpression | None:
    """Join expressions in a tree of little depth: PyIceberg's visitors call themselves. None if one is not known."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else how(*known)


def _compared(schema: Schema, demand: Demand) -> BooleanExpression | None:
    field = schema.find_field(demand.column, case_sensitive=False)
    if _KINDS.get(type(field.field_type)) != demand.kind or (value := _value(demand)) is None:
        return None
    compare: BooleanExpression = _SIGNS[demand.sign](field.name, value)
    return compare


def _one_of(schema: Schema, demands: Sequence[Demand]) -> BooleanExpression | None:
    """Return the filter of equality with one of the values. Of many, Iceberg compares none with a file's bounds: so their range is named.

    Trino makes the same of them, without the range.
    Source: https://github.com/trinodb/trino/blob/master/plugin/trino-iceberg/src/main/java/io/trino/plugin/iceberg/ExpressionConverter.java
    """
    if any(_compared(schema, each) is None for each in demands):
        return None
    name = schema.find_field(demands[0].column, case_sensitive=False).name
    values = {value for each in demands if (value := _value(each)) is not None}
    found: BooleanExpression = ice.In(name, values)
    if len(values) <= IN_PREDICATE_LIMIT:
        return found
    return ice.And(ice.GreaterThanOrEqual(name, min(values)), ice.LessThanOrEqual(name, max(values)), found)


def _value(demand: Demand) -> str | int | None:
    """Return the constant as PyIceberg reads it; None for a number that is not whole, or a time that is written otherwise."""
    if demand.kind == "varchar":
        return demand.text
    if demand.kind == "number":
        return int(demand.text) if demand.text.isdigit() else None
    text = demand.text.replace(" ", "T")
    if demand.kind == "date":
        return text if len(text) == len("2026-01-01") else None
    day_and_time = len("2026-01-01T00:00:00")
    return (
        text
        if len(text) == day_and_time or (text[day_and_time : day_and_time + 1] == "." and len(text) <= 26)
        else None
    )
