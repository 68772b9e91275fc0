"""Compile GROUP BY.

Source: https://trino.io/docs/current/sql/select.html#group-by-clause
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Scope, Session
from local_cloud.athena.sql.queries.items import is_star
from local_cloud.athena.sql.values.zones import is_zoned
from local_cloud.athena.types import Type


def group_by(compiler: Compiler, node: exp.Select, scope: Scope) -> tuple[frozenset[str], str]:
    """Return the SQL of every grouping key, and `` GROUP BY …``. Both are empty when the query has no such clause."""
    clause = node.args.get("group")
    if clause is None:
        return frozenset(), ""
    keys: set[str] = set()
    parts = [_part(compiler, part, node, scope, keys) for part in clause.expressions]
    return frozenset(keys), " GROUP BY " + ", ".join(parts)


_SETS: dict[type[exp.Expr], str] = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}


def _part(compiler: Compiler, part: exp.Expr, node: exp.Select, scope: Scope, keys: set[str]) -> str:
    if isinstance(part, (exp.GroupingSets, exp.Rollup, exp.Cube, exp.Tuple)):
        listed = ", ".join(_part(compiler, item, node, scope, keys) for item in part.expressions)
        return f"({listed})" if isinstance(part, exp.Tuple) else f"{_SETS[type(part)]} ({listed})"
    if isinstance(part, exp.Literal) and not part.is_string:
        part = _ordinal(compiler.session, part, node)
    key = compiler.value(part, scope)
    check_distinct(compiler.session, part, [key.type])
    keys.add(key.sql)
    return key.sql


def _ordinal(session: Session, part: exp.Literal, node: exp.Select) -> exp.Expr:
    chosen = node.expressions
    number = int(part.this)
    if any(is_star(item) for item in chosen):
        raise session.unsupported(part, "GROUP BY a position of a SELECT with *")
    if not 1 <= number <= len(chosen):
        raise session.invalid(part, f"GROUP BY position {number} is not in select list", "INVALID_COLUMN_REFERENCE")
    named: exp.Expr = chosen[number - 1].unalias()
    return named


def check_distinct(session: Session, node: exp.Expr, kinds: list[Type], *, maps: bool = False) -> None:
    """Refuse values that are not told apart here as Trino does: maps, unless ``maps``, and moments of different zones."""
    if not maps and any(kind.holds_map for kind in kinds):
        raise session.unsupported(node, "Telling maps apart, as GROUP BY and set operations do,")
    if any(map(_has_own_zones, kinds)):
        raise session.unsupported(
            node, "Telling timestamps of different zones apart, as GROUP BY, DISTINCT and set operations do,"
        )


def _has_own_zones(kind: Type) -> bool:
    return (is_zoned(kind) and not kind.zone) or any(map(_has_own_zones, kind.parts))
