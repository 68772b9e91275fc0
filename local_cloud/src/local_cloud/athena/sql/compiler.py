"""Compile one statement: find the function that compiles a node of the tree, and call it.

It knows no node and no function of Trino itself. The tables that say which function compiles which node are passed in
(``dialect.py`` assembles them), so that every one of these functions can call the compiler for the parts of its node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Compiled, Scope, Session, Typed
from local_cloud.athena.sql.values.comparisons import boolean

ExpressionHandler = Callable[["Compiler", Any, Scope], Typed]
QueryHandler = Callable[["Compiler", Any, Scope | None], Compiled]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A function for each node of an expression or a query that can be compiled, and the names of the aggregates."""

    expressions: Mapping[type[exp.Expr], ExpressionHandler]
    queries: Mapping[type[exp.Expr], QueryHandler]
    aggregates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the nodes of one statement."""

    session: Session
    dialect: Dialect

    def query(self, node: exp.Expr, parent: Scope | None = None) -> Compiled:
        """Compile a query; ``parent`` is the scope around a subquery.

        Raises:
            QueryFailedError: in Athena's words.
        """
        handler = self.dialect.queries.get(type(node))
        if handler is None:
            raise self.session.unsupported(node, type(node).__name__)
        return handler(self, node, parent)

    def value(self, node: exp.Expr, scope: Scope) -> Typed:
        """Compile an expression.

        Raises:
            QueryFailedError: in Athena's words: an unknown name or function, types that do not fit, or what cannot be done exactly.
        """
        key = self._grouping_key(node, scope)
        if key is not None:
            return key
        handler = self.dialect.expressions.get(type(node))
        if handler is None:
            raise self.session.unsupported(node, f"{type(node).__name__} in an expression")
        return handler(self, node, scope)

    def condition(self, node: exp.Expr, scope: Scope, where: str) -> str:
        """Compile an expression that has to be a boolean; ``where`` names its place in the message."""
        return boolean(self.session, node, self.value(node, scope), where)

    def _grouping_key(self, node: exp.Expr, scope: Scope) -> Typed | None:
        """Return the value of a grouping key when the node is one."""
        if not scope.groups or isinstance(node, (exp.Literal, exp.Boolean, exp.Null)) or node.find(exp.Query):
            return None
        try:
            value = self.value(node, scope.inside_aggregate())
        except QueryFailedError:
            return None
        return value if value.sql in scope.groups else None
