"""Write a view's query as SHOW CREATE VIEW shows it: a clause a line, operators in parentheses, as Trino formats statements.

Athena keeps the query in that form. It is shown as it was written where it has a node that is not named here.
Sources: https://docs.aws.amazon.com/athena/latest/ug/show-create-view.html,
https://github.com/trinodb/trino/blob/476/core/trino-parser/src/main/java/io/trino/sql/SqlFormatter.java
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp

from local_cloud.athena.errors import MalformedQueryError, QueryFailedError
from local_cloud.athena.sql.parsing.grammar import parse_query

INDENT = "   "
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.Like: "LIKE",
}  # fmt: skip
_OWN_SYNTAX = frozenset({"COALESCE", "NULLIF", "TRY"})  # in Trino's grammar these are no functions


class _UnknownNodeError(Exception):
    """The query has a node that is not formatted."""


def formatted(sql: str) -> str:
    """Return the query as Trino writes it, or as it was written."""
    try:
        return _query(parse_query(sql), 0).rstrip("\n")
    except (_UnknownNodeError, MalformedQueryError, QueryFailedError):
        return sql


def _query(query: exp.Expr, depth: int) -> str:
    indent = INDENT * depth
    parts = [_with(query.args.get("with_"), depth), _body(query, depth)]
    if order := query.args.get("order"):
        parts.append(f"{indent}ORDER BY {_sorted(order)}\n")
    if offset := query.args.get("offset"):
        parts.append(f"{indent}OFFSET {_expression(offset.expression)} ROWS\n")
    if limit := query.args.get("limit"):
        _require(limit, exp.Limit)
        parts.append(f"{indent}LIMIT {_expression(limit.expression)}\n")
    return "".join(parts)


def _with(clause: exp.Expr | None, depth: int) -> str:
    if clause is None:
        return ""
    indent = INDENT * depth
    tables = [f"{_alias(each.args['alias'])} AS {_subquery(each.this, depth)}\n" for each in clause.expressions]
    return f"{indent}WITH{' RECURSIVE' if clause.args.get('recursive') else ''}\n{indent}  " + f"{indent}, ".join(
        tables
    )


def _body(query: exp.Expr, depth: int) -> str:
    indent = INDENT * depth
    if isinstance(query, exp.SetOperation):
        every = "" if query.args.get("distinct") else "ALL "
        left, right = (_body(_side(each), depth) for each in (query.this, query.expression))
        return f"{left}{indent}{type(query).__name__.upper()} {every}{right}"
    _require(query, exp.Select)
    parts = [_select(query, indent)]
    if source := query.args.get("from_"):
        parts.append(f"{indent}FROM\n{indent}  {_joined(source.this, query.args.get('joins') or [], depth)}\n")
    if where := query.args.get("where"):
        parts.append(f"{indent}WHERE {_expression(where.this)}\n")
    if group := query.args.get("group"):
        parts.append(f"{indent}GROUP BY {_grouping(group)}\n")
    if having := query.args.get("having"):
        parts.append(f"{indent}HAVING {_expression(having.this)}\n")
    if query.args.get("windows"):
        raise _UnknownNodeError
    return "".join(parts)


def _side(query: exp.Expr) -> exp.Expr:
    """Return a side of a set operation that is a plain SELECT or another operation."""
    if query.args.get("with_") or query.args.get("order") or query.args.get("limit"):
        raise _UnknownNodeError
    return query


def _select(query: exp.Expr, indent: str) -> str:
    distinct = query.args.get("distinct")
    opening = f"{indent}SELECT{' DISTINCT' if distinct else ''}"
    items = [_item(each) for each in query.expressions]
    if len(items) == 1:
        return f"{opening} {items[0]}\n"
    return opening + "".join(f"\n{indent}{', ' if number else '  '}{item}" for number, item in enumerate(items)) + "\n"


def _item(item: exp.Expr) -> str:
    if isinstance(item, exp.Alias):
        return f"{_expression(item.this)} {_expression(item.args['alias'])}"
    return _expression(item)


def _joined(source: exp.Expr, joins: list[exp.Expr], depth: int) -> str:
    indent, text = INDENT * depth, _relation(source, depth)
    for join in joins:
        kind = (
            join.args.get("side")
            or join.args.get("kind")
            or ("INNER" if join.args.get("on") or join.args.get("using") else "")
        )
        right = _relation(join.this, depth)
        if not kind:
            text = f"{text}\n{indent}, {right}"
            continue
        criteria = f" ON {_expression(join.args['on'])}" if join.args.get("on") else ""
        if using := join.args.get("using"):
            criteria = f" USING ({_listed(using)})"
        text = f"({text}\n{indent}{kind} JOIN {right}{criteria})"
    return text


def _relation(source: exp.Expr, depth: int) -> str:
    alias = source.args.get("alias")
    suffix = f" {_alias(alias)}" if alias else ""
    if isinstance(source, exp.Table) and not source.args.get("version"):
        parts = (source.args.get(name) for name in ("catalog", "db", "this"))
        return ".".join(_expression(part) for part in parts if part) + suffix
    if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Table | exp.Subquery) and not alias:
        return _joined(source.this, source.this.args.get("joins") or [], depth)
    if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query):
        return f"{_subquery(source.this, depth)}{suffix}"
    if isinstance(source, exp.Unnest) and not source.args.get("offset"):
        return f"UNNEST({_listed(source.expressions)}){suffix}"
    raise _UnknownNodeError


def _subquery(query: exp.Expr, depth: int) -> str:
    return f"(\n{_query(query, depth + 1)}{INDENT * depth}) "


def _alias(alias: exp.Expr) -> str:
    columns = alias.args.get("columns")
    return _expression(alias.this) + (f" ({_listed(columns)})" if columns else "")


def _grouping(group: exp.Expr) -> str:
    if any(group.args.get(name) for name in ("grouping_sets", "rollup", "cube", "all")):
        raise _UnknownNodeError
    return _listed(group.expressions)


def _sorted(order: exp.Expr) -> str:
    return ", ".join(_sort_item(each) for each in order.expressions)


def _sort_item(item: exp.Expr) -> str:
    _require(item, exp.Ordered)
    if item.args.get("nulls_first"):
        raise _UnknownNodeError  # whether it was written is not in the tree
    return f"{_expression(item.this)} {'DESC' if item.args.get('desc') else 'ASC'}"


def _listed(nodes: Iterable[exp.Expr]) -> str:
    return ", ".join(map(_expression, nodes))


def _expression(node: exp.Expr) -> str:
    if operator := _OPERATORS.get(type(node)):
        return f"({_expression(node.this)} {operator} {_expression(node.expression)})"
    write = _WRITERS.get(type(node))
    if write is None:
        raise _UnknownNodeError
    return write(node)


def _column(node: exp.Expr) -> str:
    parts = (node.args.get(name) for name in ("catalog", "db", "table", "this"))
    return ".".join(_expression(part) for part in parts if part)


def _identifier(node: exp.Expr) -> str:
    name = str(node.this)
    return '"' + name.replace('"', '""') + '"' if node.args.get("quoted") else name


def _literal(node: exp.Expr) -> str:
    if node.args["is_string"]:
        return "'" + str(node.this).replace("'", "''") + "'"
    if not str(node.this).isdigit():
        raise _UnknownNodeError
    return str(node.this)


def _terms(node: exp.Expr) -> str:
    """Return the terms of a chain of AND, or of OR, in one pair of parentheses."""
    kind = type(node)
    left = _terms(node.this)[1:-1] if type(node.this) is kind else _expression(node.this)
    return f"({left} {kind.__name__.upper()} {_expression(node.expression)})"


def _function(node: exp.Expr) -> str:
    name = str(node.this)
    return f"{name.upper() if name.upper() in _OWN_SYNTAX else name}({_listed(node.expressions)})"


def _negated(node: exp.Expr) -> str:
    if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return f"({_expression(node.this.this)} IS NOT NULL)"
    return f"(NOT {_expression(node.this)})"


def _null_test(node: exp.Expr) -> str:
    _require(node.expression, exp.Null)
    return f"({_expression(node.this)} IS NULL)"


def _in(node: exp.Expr) -> str:
    if node.args.get("query"):
        raise _UnknownNodeError
    return f"({_expression(node.this)} IN ({_listed(node.expressions)}))"


def _cast(node: exp.Expr) -> str:
    if isinstance(node.this, exp.Literal):
        raise _UnknownNodeError  # DATE '2026-01-01' has the same tree
    name = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
    return f"{name}({_expression(node.this)} AS {node.args['to'].sql('trino').lower()})"


def _case(node: exp.Expr) -> str:
    subject = f" {_expression(node.this)}" if node.this else ""
    cases = "".join(
        f" WHEN {_expression(each.this)} THEN {_expression(each.args['true'])}" for each in node.args["ifs"]
    )
    default = f" ELSE {_expression(node.args['default'])}" if node.args.get("default") else ""
    return f"(CASE{subject}{cases}{default} END)"


def _window(node: exp.Expr) -> str:
    if node.args.get("spec") or node.args.get("alias"):
        raise _UnknownNodeError
    parts = [f"PARTITION BY {_listed(node.args['partition_by'])}"] if node.args.get("partition_by") else []
    if order := node.args.get("order"):
        parts.append(f"ORDER BY {_sorted(order)}")
    return f"{_expression(node.this)} OVER ({' '.join(parts)})"


def _require(node: exp.Expr, kind: type[exp.Expr]) -> None:
    if not isinstance(node, kind):
        raise _UnknownNodeError


_WRITERS: dict[type[exp.Expr], Callable[[exp.Expr], str]] = {
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Star: lambda _: "*",
    exp.Literal: _literal,
    exp.Boolean: lambda node: str(bool(node.this)).lower(),
    exp.Null: lambda _: "null",
    exp.Paren: lambda node: _expression(node.this),
    exp.And: _terms,
    exp.Or: _terms,
    exp.Not: _negated,
    exp.Is: _null_test,
    exp.In: _in,
    exp.Between: lambda node: (
        f"({_expression(node.this)} BETWEEN {_expression(node.args['low'])} AND {_expression(node.args['high'])})"
    ),
    exp.Anonymous: _function,
    exp.Distinct: lambda node: f"DISTINCT {_listed(node.expressions)}",
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: lambda node: f"IF({_listed(node.args[name] for name in ('this', 'true', 'false') if node.args.get(name))})",
    exp.DPipe: lambda node: f"concat({_expression(node.this)}, {_expression(node.expression)})",
    exp.Window: _window,
    exp.Array: lambda node: f"ARRAY[{','.join(map(_expression, node.expressions))}]",
}
