"""Look up names as Trino does: columns, fields of rows and the variables of lambdas.

Source: https://trino.io/docs/current/language/reserved.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.model import Scope, Session, Typed


def _column(compiler: Compiler, node: exp.Column, scope: Scope) -> Typed:
    session = compiler.session
    parts = tuple(part.name.lower() for part in node.parts)
    if isinstance(node.this, exp.Star):
        raise session.unsupported(node, "A qualified * in an expression")
    if len(parts) == 1 and parts[0] in scope.variables:
        return scope.variables[parts[0]]
    found = _resolved(session, node, parts, scope)
    if found is None and parts[-1] in _OF_TRINO:
        raise session.unsupported(node, parts[-1])
    if found is None:
        raise _not_found(session, node, ".".join(part.name for part in node.parts))
    return found


_OF_TRINO = {"current_schema", "current_catalog", "current_path", "$file_size", "$file_modified_time", "$partition"}


def _not_found(session: Session, node: exp.Expr, shown: str) -> QueryFailedError:
    message = f"Column '{shown}' cannot be resolved or requester is not authorized to access requested resources"
    return session.invalid(node, message, "COLUMN_NOT_FOUND")


def _resolved(session: Session, node: exp.Expr, parts: tuple[str, ...], scope: Scope) -> Typed | None:
    """Return a field by its longest qualified name. Else the name before the last dot means a row, and the last part its field."""
    if len(parts) == 1 and parts[0] in scope.outputs:
        return scope.outputs[parts[0]] or _ambiguous(session, node, parts)
    level: Scope | None = scope
    while level is not None:
        found = _field(session, node, parts, level)
        if found is not None:
            return found
        level = level.parent
    if len(parts) > 1:
        base = scope.variables.get(parts[0]) if len(parts) == 2 else None
        base = base or _resolved(session, node, parts[:-1], scope)
        return None if base is None else _row_field(session, node, base, parts[-1])
    return None


def _field(session: Session, node: exp.Expr, parts: tuple[str, ...], level: Scope) -> Typed | None:
    """Return the field of one scope that the name means."""
    found = [field for field in level.fields if field.is_meant_by(parts)]
    if not found:
        return None
    if len(found) > 1:
        return _ambiguous(session, node, parts)
    if level.groups is not None and found[0].value.sql not in level.groups:
        message = f"'{'.'.join(parts)}' must be an aggregate expression or appear in GROUP BY clause"
        raise session.invalid(node, message, "EXPRESSION_NOT_AGGREGATE")
    session.resolve(node, found[0].value.sql)
    return found[0].value


def _ambiguous(session: Session, node: exp.Expr, parts: tuple[str, ...]) -> Typed:
    raise session.invalid(node, f"Column '{'.'.join(parts)}' is ambiguous", "AMBIGUOUS_NAME")


def _row_field(session: Session, node: exp.Expr, base: Typed, name: str) -> Typed:
    if base.type.name != "row":
        raise session.mismatch(node, f"Expression {node.sql('trino')} is not of type ROW")
    found = [index for index, field in enumerate(base.type.names) if field == name]
    if len(found) != 1:
        raise _not_found(session, node, node.sql("trino"))
    return Typed(f"({base.sql}).f{found[0]}", base.type.parts[found[0]])


def _variable(compiler: Compiler, node: exp.Identifier, scope: Scope) -> Typed:
    found = scope.variables.get(node.name.lower())
    if found is None:
        raise _not_found(compiler.session, node, node.name)
    return found


def _dot(compiler: Compiler, node: exp.Dot, scope: Scope) -> Typed:
    return _row_field(compiler.session, node, compiler.value(node.this, scope), node.expression.name.lower())


NAMES: dict[type[exp.Expr], ExpressionHandler] = {exp.Column: _column, exp.Identifier: _variable, exp.Dot: _dot}
