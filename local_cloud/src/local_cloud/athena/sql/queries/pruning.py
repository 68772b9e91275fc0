"""Keep conditions of WHERE on one table's partition columns alone with its scan, to leave out partitions."""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Field, Scan, Scope, Typed

# Conditions that are never true of NULL, so that an outer join's missing side cannot pass them.
_REJECTS_NULL = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like)


def prune(compiler: Compiler, condition: exp.Expr, scope: Scope) -> None:
    """Note each usable condition with its scan, as SQL over columns named as the partition keys."""
    for part in _conjuncts(condition):
        if not isinstance(part, _REJECTS_NULL) or part.find(exp.Query, exp.Anonymous, exp.Placeholder):
            continue
        scan = _scan(part, scope)
        if scan is None:
            continue
        fields = tuple(
            Field(field.name, Typed(f'"{field.origin[1]}"', field.value.type), field.qualifier)
            for field in scope.fields
            if field.origin and field.origin[0] is scan
        )
        try:
            scan.conditions.append(compiler.value(part, Scope(fields=fields)).sql)
        except QueryFailedError:
            continue


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    if isinstance(node, exp.Or):
        return []
    return [node]


def _scan(part: exp.Expr, scope: Scope) -> Scan | None:
    """Return the scan whose partition columns are the only columns of the condition."""
    scans: set[int] = set()
    found: Scan | None = None
    for column in part.find_all(exp.Column):
        names = tuple(piece.name.lower() for piece in column.parts)
        fields = [field for field in scope.fields if field.is_meant_by(names)]
        if len(fields) != 1 or fields[0].origin is None:
            return None
        found = fields[0].origin[0]
        scans.add(id(found))
    return found if len(scans) == 1 else None
