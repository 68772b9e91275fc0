"""Refuse the correlated subqueries that Trino refuses, in its words.

Source: https://trino.io/docs/current/sql/select.html#subqueries
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.decorrelation import Asked, Correlation, Form, is_decorrelated
from local_cloud.athena.sql.model import Scope, Session
from local_cloud.athena.sql.parsing import clauses
from local_cloud.athena.sql.parsing.grammar import line_and_column, start_of


def check_subquery(
    session: Session, query: exp.Expr, scope: Scope, form: Form, aggregates: frozenset[str], names: Sequence[str]
) -> None:
    """Refuse a subquery, already compiled, that Trino cannot turn into a join.

    Args:
        names: of its columns.

    Raises:
        QueryFailedError: NOT_SUPPORTED.
    """
    correlation = Correlation.of(session, scope)
    if not correlation.correlates(query) or not _is_planned(query, is_view=session.view_depth > 0):
        return
    items = _needed(query, form, names, is_view=session.view_depth > 0)
    if not is_decorrelated(correlation, Asked(query, form, items, len(names), aggregates)):
        message = "Given correlated subquery is not supported"
        raise QueryFailedError("NOT_SUPPORTED", message, position=_place(session, query, form))


def check_outer_join(session: Session, condition: exp.Expr, scope: Scope) -> None:
    """Refuse the condition of an outer join that names a column of the queries around.

    Raises:
        QueryFailedError: NOT_SUPPORTED.
    """
    correlation = Correlation.of(session, scope)
    for column in condition.find_all(exp.Column):
        if correlation.correlates(column) and column.find_ancestor(exp.Query) is condition.find_ancestor(exp.Query):
            message = f"Reference to column '{column.sql('trino')}' from outer scope not allowed in this context"
            raise session.invalid(column, message, "NOT_SUPPORTED")


def _needed(query: exp.Expr, form: Form, names: Sequence[str], *, is_view: bool) -> list[exp.Expr]:
    """Return the outputs that the query around needs for certain; of the others Trino may compute none."""
    outputs: list[exp.Expr] = query.selects if isinstance(query, exp.Query) else []
    if form is Form.EXISTS:
        return []
    if form not in {Form.INNER, Form.LEFT, Form.CONDITIONAL}:
        return outputs
    around = query.find_ancestor(exp.Select)
    if around is None or not _is_outermost(around) or is_view:
        return []
    inside = {id(node) for node in query.walk()}
    used = [column for column in around.find_all(exp.Column, exp.Star) if id(column) not in inside]
    if any(isinstance(node, exp.Star) and not isinstance(node.parent, exp.Anonymous) for node in used):
        return outputs
    found = {column.name.lower() for column in used}
    return [output for output, name in zip(outputs, names, strict=False) if name in found and not output.is_star]


def _is_planned(query: exp.Expr, *, is_view: bool) -> bool:
    """Say whether Trino cannot leave the subquery out, as it does where nobody needs its value or a constant decides."""
    child = query
    while child.parent is not None:
        node = child.parent
        if isinstance(node, exp.CTE):
            return any(_is_planned(table, is_view=is_view) for table in _references(node))
        if isinstance(node, exp.Select):
            is_output = child.arg_key in {"expressions", "order"}
            if clauses.is_empty(node) or (is_output and (is_view or not _is_outermost(node))):
                return False
        elif _may_be_decided(node, child):
            return False
        child = node
    return isinstance(child, exp.Query)


def _references(common: exp.CTE) -> Iterator[exp.Table]:
    """Yield where the query of WITH is read, outside itself."""
    inside = {id(node) for node in common.walk()}
    for table in common.root().find_all(exp.Table):
        if table.name.lower() == common.alias.lower() and not table.db and id(table) not in inside:
            yield table


def _is_outermost(query: exp.Expr) -> bool:
    """Say whether the query's outputs are those of the statement."""
    while isinstance(query.parent, exp.SetOperation):
        query = query.parent
    return query.parent is None


def _may_be_decided(node: exp.Expr, child: exp.Expr) -> bool:
    """Say whether a part of the node without columns may decide its value, so that Trino does not look at the child."""
    deciding: list[exp.Expr] = []
    if isinstance(node, exp.Or):
        deciding = [node.this, node.expression]
    elif isinstance(node, exp.Case):
        deciding = [*node.args["ifs"]] if node.this is None else [node.this]
    elif isinstance(node, exp.If) and not (isinstance(node.parent, exp.Case) and node.parent.this is not None):
        deciding = [node.this]
    elif isinstance(node, exp.Anonymous) and str(node.this).lower() == "coalesce":
        deciding = [*itertools.takewhile(lambda argument: argument is not child, node.expressions)]
    conditions = [part.this if isinstance(part, exp.If) else part for part in deciding if part is not child]
    return any(condition.find(exp.Column, exp.Query) is None for condition in conditions)


_WITH_A_WORD = frozenset({Form.MEMBER, Form.EXISTS})


def _place(session: Session, query: exp.Expr, form: Form) -> tuple[int, int]:
    """Return the place that Trino names: that of the query, or of IN, the sign before ANY and ALL, or EXISTS."""
    compared = r"\bIN\b|(?:=|<>|!=)(?=\s*(?:ANY|SOME|ALL)\b)"
    word = {Form.MEMBER: compared, Form.EXISTS: r"\bEXISTS\b"}.get(form, r"\b(?:SELECT|VALUES)\b")
    end = start_of(query) or 0
    found = [match.start() for match in re.finditer(word, session.sql[:end], re.IGNORECASE)]
    own = sum(1 for inner in query.find_all(exp.Select) if start_of(inner) == end) if form not in _WITH_A_WORD else 1
    start = found[-own] if 0 < own <= len(found) else end
    while isinstance(query, exp.Subquery) and form not in _WITH_A_WORD:  # it begins with its parenthesis
        start, query = session.sql.rfind("(", 0, start), query.this
    return line_and_column(session.sql, start)
