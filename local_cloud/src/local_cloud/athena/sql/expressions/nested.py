"""Compile arrays, rows and maps: their constructors and subscripts.

Sources: https://trino.io/docs/current/functions/array.html, https://trino.io/docs/current/functions/map.html,
https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.composite import row_of, unified
from local_cloud.athena.types import UNKNOWN, Type, array, duckdb_name, mapping


def _array(compiler: Compiler, node: exp.Array, scope: Scope) -> Typed:
    values = [compiler.value(item, scope) for item in node.expressions]
    kind = unified(compiler.session, node, values, "All ARRAY elements") if values else UNKNOWN
    listed = ", ".join(coerce(value, kind).sql for value in values)
    return Typed(f"CAST([{listed}] AS {duckdb_name(array(kind))})", array(kind))


def _row(compiler: Compiler, node: exp.Tuple, scope: Scope) -> Typed:
    return row_of([compiler.value(item, scope) for item in node.expressions])


def _subscript(compiler: Compiler, node: exp.Bracket, scope: Scope) -> Typed:
    base, index = compiler.value(node.this, scope), compiler.value(node.expressions[0], scope)
    if base.type.name == "array" and index.type.is_integer:
        return Typed(_array_element(base, index), base.type.element)
    if base.type.name == "map" and (kind := common_type(base.type.parts[0], index.type)) is not None:
        return _map_value(base, index, kind)
    if base.type.name == "row" and isinstance(node.expressions[0], exp.Literal) and index.type.is_integer:
        return _row_field(compiler.session, node, base)
    raise compiler.session.mismatch(node, f"Cannot use {index.type} for subscript of {base.type}")


def _array_element(base: Typed, index: Typed) -> str:
    kind = base.type.element
    position = f"CAST({index.sql} AS BIGINT)"
    return (
        f"(CASE WHEN {base.sql} IS NULL OR {position} IS NULL THEN NULL "
        f"WHEN {position} = 0 THEN {raising('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1', kind)} "
        f"WHEN {position} < 0 THEN {raising('INVALID_FUNCTION_ARGUMENT', 'Array subscript is negative', kind)} "
        f"WHEN {position} > len({base.sql}) THEN {raising('INVALID_FUNCTION_ARGUMENT', 'Array subscript must be less than or equal to array length', kind)} "
        f"ELSE ({base.sql})[{position}] END)"
    )


def _map_value(base: Typed, index: Typed, kind: Type) -> Typed:
    base = coerce(base, mapping(kind, base.type.parts[1]))
    key = coerce(index, kind).sql
    missing = raising(
        "INVALID_FUNCTION_ARGUMENT",
        f"Key not present in map: ' || coalesce(CAST({key} AS VARCHAR), 'NULL') || '",
        base.type.parts[1],
    )
    value = f"({base.sql})[{key}]"
    return Typed(
        f"(CASE WHEN {base.sql} IS NULL OR {key} IS NULL THEN NULL WHEN map_contains({base.sql}, {key}) THEN {value} ELSE {missing} END)",
        base.type.parts[1],
    )


def _row_field(session: Session, node: exp.Bracket, base: Typed) -> Typed:
    number = int(node.expressions[0].this)
    if not 1 <= number <= len(base.type.parts):
        raise session.invalid(node, f"ROW index {number} is out of bounds", "INVALID_FUNCTION_ARGUMENT")
    return Typed(f"({base.sql}).f{number - 1}", base.type.parts[number - 1])


NESTED: dict[type[exp.Expr], ExpressionHandler] = {exp.Array: _array, exp.Tuple: _row, exp.Bracket: _subscript}
