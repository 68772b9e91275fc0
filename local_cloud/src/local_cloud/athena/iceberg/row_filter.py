"""Turn what a query demands of an Iceberg table's columns into a filter of PyIceberg, which leaves out data files by it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyiceberg import expressions as ice
from pyiceberg.expressions import BooleanExpression
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
    if demand.parts:
        parts = [_expression(schema, part) for part in demand.parts]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return reduce(ice.Or if demand.sign == "any" else ice.And, known)
    field = schema.find_field(demand.column, case_sensitive=False)
    if _KINDS.get(type(field.field_type)) != demand.kind or (value := _value(demand)) is None:
        return None
    compare: BooleanExpression = _SIGNS[demand.sign](field.name, value)
    return compare


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
