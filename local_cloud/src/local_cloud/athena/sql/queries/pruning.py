"""Keep conditions of WHERE on one table's columns alone with its scan, to leave out partitions, and files of Iceberg tables."""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Field, Scan, Scope, Typed
from local_cloud.athena.sql.queries.file_pruning import demand

# Conditions that are never true of NULL, so that an outer join's missing side cannot pass them.
_REJECTS_NULL = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like)


def prune(compiler: Compiler, condition: exp.Expr, scope: Scope) -> None:
    """Note each usable condition with its scan, as SQL over columns named as the partition keys."""
    for part in _conjuncts(condition):
        if isinstance(part, exp.Boolean) and not part.this:
            _leave_out_everything(scope)
        if part.find(exp.Query, exp.Anonymous, exp.Placeholder) or _demanded(part, scope) or not _rejects_null(part):
            continue
        scan = _scan(part, scope)
        if scan is None:
            continue
        if (found := demand(part, lambda column: _name(column, scope))) is not None:
            scan.demands.append(found)
        keys = {column.name for column in scan.table.partition_keys}
        if not all(_name(column, scope) in keys for column in part.find_all(exp.Column)):
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


def _leave_out_everything(scope: Scope) -> None:
    """Note with each scan that no row passes: Trino then reads no table."""
    for scan in {id(field.origin[0]): field.origin[0] for field in scope.fields if field.origin}.values():
        scan.conditions.append("false")


def _rejects_null(part: exp.Expr) -> bool:
    if isinstance(part, exp.Paren):
        return _rejects_null(part.this)
    if isinstance(part, exp.Or):
        return _rejects_null(part.this) and _rejects_null(part.expression)
    if isinstance(part, exp.And):
        return _rejects_null(part.this) or _rejects_null(part.expression)
    return isinstance(part, _REJECTS_NULL)


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return [node]


def _demanded(part: exp.Expr, scope: Scope) -> bool:
    """Say whether the condition is on an Iceberg table's columns alone; what it demands of one is noted with the scan."""
    scan = _scan(part, scope)
    if scan is None or not scan.table.is_iceberg:
        return False
    found = demand(part, lambda column: _name(column, scope))
    if found is not None:
        scan.demands.append(found)
    return True


def _name(column: exp.Column, scope: Scope) -> str | None:
    names = tuple(piece.name.lower() for piece in column.parts)
    (field,) = [field for field in scope.fields if field.is_meant_by(names)]
    return field.origin[1] if field.origin else None


def _scan(part: exp.Expr, scope: Scope) -> Scan | None:
    """Return the scan whose columns, with an origin, are the only columns of the condition."""
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
