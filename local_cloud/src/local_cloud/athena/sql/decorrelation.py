"""Say which correlated subqueries Trino can turn into joins.

Trino has no other way to run one. What its rules do not cover it refuses, before it looks at any row. The functions here say that a
subquery is one of these only where that is certain: constants that Trino folds, and what it leaves out as nobody needs it, make a plan
simpler than the text.

Source: https://github.com/trinodb/trino/blob/476/core/trino-main/src/main/java/io/trino/sql/planner/optimizations/PlanNodeDecorrelator.java
and the rules ``TransformCorrelated…`` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sqlglot import exp

from local_cloud.athena.sql.model import Scope, Session
from local_cloud.athena.sql.parsing import clauses
from local_cloud.athena.sql.parsing.aggregation import aggregate_calls, is_aggregated


class Form(Enum):
    """Where a subquery stands; each has rules of its own."""

    SCALAR = "scalar"
    MEMBER = "IN, = ANY or <> ALL"
    QUANTIFIED = "another comparison with ANY or ALL"
    EXISTS = "EXISTS"
    INNER = "CROSS JOIN LATERAL"
    LEFT = "LEFT JOIN LATERAL … ON true"
    CONDITIONAL = "JOIN LATERAL with another condition"


@dataclass(frozen=True, slots=True)
class Correlation:
    """Tells the columns of the query around a subquery from its own."""

    session: Session
    outer: frozenset[str]

    @classmethod
    def of(cls, session: Session, scope: Scope) -> Correlation:
        """Return that of a subquery which sees the fields of ``scope``. Those further out are a matter of the query around it."""
        return cls(session, frozenset(field.value.sql for field in scope.fields))

    def correlates(self, node: exp.Expr) -> bool:
        """Say whether the node names a column of the query around."""
        return any(self.session.meaning(column) in self.outer for column in node.find_all(exp.Column))

    def own(self, node: exp.Expr) -> set[str]:
        """Return the subquery's own columns that the node names."""
        found = {self.session.meaning(column) or column.sql("trino") for column in node.find_all(exp.Column)}
        return found - self.outer


@dataclass(frozen=True, slots=True)
class Asked:
    """A subquery that is looked at.

    ``items``: those of its outputs that the query around it needs for certain; ``width``: the number of all.
    """

    query: exp.Expr
    form: Form
    items: Sequence[exp.Expr]
    width: int
    aggregates: frozenset[str]


def is_decorrelated(correlation: Correlation, asked: Asked) -> bool:
    """Say whether Trino can run the subquery, or may be able to."""
    query = asked.query
    while isinstance(query, exp.Subquery) and not any(query.args.get(key) for key in ("order", "limit", "offset")):
        query = query.this
    if isinstance(query, exp.SetOperation):
        return _is_set_decorrelated(correlation, query, asked)
    if isinstance(query, exp.Values):
        return len(query.expressions) == 1 and asked.form is not Form.MEMBER
    return not isinstance(query, exp.Select) or _Select(correlation, query, asked).is_decorrelated()


def _is_set_decorrelated(correlation: Correlation, query: exp.SetOperation, asked: Asked) -> bool:
    """Trino has no rule for them. It may need no outputs of UNION ALL, and leave out a part without rows."""
    if not isinstance(query, exp.Union) or query.args.get("distinct"):
        return False
    if asked.items:
        return False
    selects = list(query.find_all(exp.Select))
    wheres = [part.args["where"] for part in selects if part.args.get("where") is not None]
    filtered = any(map(correlation.correlates, wheres))
    return not filtered or any(map(clauses.is_empty, selects))


class _Select:
    """One SELECT, as the rules see it."""

    def __init__(self, correlation: Correlation, query: exp.Select, asked: Asked) -> None:
        self._correlates, self._own = correlation.correlates, correlation.own
        self._query, self._form, self._items, self._width = query, asked.form, asked.items, asked.width
        self._aggregates = asked.aggregates
        self._filters = [part for part in clauses.conditions(query) if self._correlates(part)]
        self._named: set[str] = set().union(*map(self._own, self._filters))
        self._constant: set[str] = set().union(*map(self._held_constant, self._filters))

    def is_decorrelated(self) -> bool:
        source = self._query.args.get("from_")
        unnested = [
            node for node in clauses.relations(self._query) if isinstance(node, exp.Unnest) and self._correlates(node)
        ]
        if unnested:
            return len(clauses.relations(self._query)) == 1 and self._is_unnest_decorrelated()
        if source is not None and any(map(self._correlates, clauses.relations(self._query))):
            return True  # of what is read: not looked at
        if any(map(self._depends, [*self._filters, *self._items])):
            return False
        if is_aggregated(self._query, self._aggregates):
            return self._is_aggregation_decorrelated()
        return self._is_row_decorrelated()

    def _depends(self, node: exp.Expr) -> bool:
        """Say whether a subquery inside the node depends on the queries around, or what is compared with it does."""
        if self._filters and node in self._items and node.find(exp.Query) is not None:
            return True
        members = (part.this for part in node.find_all(exp.In) if part.args.get("query") is not None)
        return any(map(self._correlates, [*node.find_all(exp.Query), *members]))

    def _is_unnest_decorrelated(self) -> bool:
        """Arrays of the query around give rows with LIMIT and ORDER BY, or one aggregation of them all."""
        clauses = ("where", "group", "having", "distinct", "offset")
        if any(self._query.args.get(key) for key in clauses) or self._query.find(exp.Window) is not None:
            return False
        return self._form is not Form.MEMBER

    def _is_row_decorrelated(self) -> bool:
        query = self._query
        if self._filters and any(item.find(exp.Window) for item in self._items):
            return False
        if self._filters and not (self._is_distinct_decorrelated() and self._is_limit_decorrelated()):
            return False
        order = query.args.get("order")
        sorted_by = [part.this for part in order.expressions] if order is not None and query.args.get("limit") else []
        computed = [*self._items, *(part for part in sorted_by if not clauses.is_column(part))]
        if not any(map(self._correlates, computed)) or self._reads_array():
            return True
        return clauses.reads_one_row(query) and not self._filters and self._form not in {Form.MEMBER, Form.CONDITIONAL}

    def _reads_array(self) -> bool:
        """Say whether the rows are those of an array that depends on nothing, which Trino takes as it takes the query's around."""
        read = clauses.relations(self._query)
        return len(read) == 1 and isinstance(read[0], exp.Unnest) and self._query.args.get("where") is None

    def _is_distinct_decorrelated(self) -> bool:
        if not self._query.args.get("distinct") or self._form in {Form.INNER, Form.LEFT, Form.QUANTIFIED}:
            return True
        kept = {name for item in self._query.expressions for name in self._own(item) if clauses.is_column(item)}
        return self._form is not Form.MEMBER and self._named - kept <= self._constant

    def _is_limit_decorrelated(self) -> bool:
        """Trino numbers the rows of each value of the columns that the conditions hold constant; other columns have no such value."""
        query, limit = self._query, self._query.args.get("limit")
        if query.args.get("offset") is not None:
            return False
        count, ordered = clauses.count(limit), query.args.get("order") is not None
        if count is None or count == 0 or (not ordered and count >= clauses.rows(query)):
            return True
        if self._form is Form.MEMBER or (query.args.get("distinct") and not ordered):
            return False
        if not self._named <= self._constant:
            return False
        if count > 1 or ordered:
            return True
        if any(isinstance(item, exp.Star) for item in self._items) and self._width > len(self._constant):
            return False
        return bool(self._constant) and set().union(*map(self._own, self._items)) <= self._constant

    def _is_aggregation_decorrelated(self) -> bool:
        query, group = self._query, self._query.args.get("group")
        keys = list(group.expressions) if group is not None else []
        if not keys and query.args.get("offset") is not None:
            return True  # of the one row none is left
        calls = [call for item in self._items for call in aggregate_calls(item, self._aggregates)]
        if any(map(self._correlates, [*calls, *keys])):
            return False
        computed, plain = any(map(self._correlates, self._items)), query.args.get("having") is None
        if not keys:
            joined = self._form in {Form.MEMBER, Form.QUANTIFIED, Form.CONDITIONAL}
            return not (computed and joined) if not self._filters else plain and not joined
        sets = any(isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets)) for key in keys)
        if plain and not sets and clauses.count(query.args.get("limit")) is None and self._is_regrouped(calls):
            return True
        return not computed and (not self._filters or (not sets and self._is_grouping_decorrelated(keys)))

    def _is_grouping_decorrelated(self, keys: list[exp.Expr]) -> bool:
        """Say whether the groups can be those of all values of the columns that the conditions hold constant."""
        query, count = self._query, clauses.count(self._query.args.get("limit"))
        if self._form is Form.MEMBER or query.args.get("offset") is not None:
            return False
        grouped: set[str] = set().union(*map(self._own, keys))
        if not self._named - grouped <= self._constant:
            return False
        if count is None or count == 0:
            return True
        if query.args.get("order") is None and query.args.get("having") is None and not self._has_calls():
            return False
        single = count == 1 and query.args.get("order") is None and self._form is not Form.EXISTS
        return (self._named | grouped if single else self._named) <= self._constant

    def _has_calls(self) -> bool:
        return any(next(aggregate_calls(item, self._aggregates), None) is not None for item in self._query.expressions)

    def _is_regrouped(self, calls: list[exp.Expr]) -> bool:
        """Say whether Trino groups the rows after the join instead of before."""
        return self._form is Form.INNER or (self._form is Form.QUANTIFIED and not calls)

    def _held_constant(self, condition: exp.Expr) -> set[str]:
        """Return the own columns that have, or may have, one value for each row of the queries around."""
        if isinstance(condition, exp.EQ):
            sides = [(condition.this, condition.expression), (condition.expression, condition.this)]
            return {
                name
                for side, other in sides
                for name in self._own(side)
                if not self._correlates(side)
                and not self._own(other)
                and clauses.is_column(clauses.without_casts(side))
            }
        if isinstance(condition, exp.In) and len(condition.expressions) == 1:
            return self._own(condition)
        if isinstance(condition, exp.Or):
            branches = [
                set().union(*map(self._held_constant, clauses.parts(branch)))
                for branch in (condition.this, condition.expression)
            ]
            return branches[0] & branches[1]
        plain = (
            exp.GT,
            exp.GTE,
            exp.LT,
            exp.LTE,
            exp.NEQ,
            exp.Between,
            exp.Like,
            exp.In,
            exp.NullSafeEQ,
            exp.NullSafeNEQ,
        )
        return set() if isinstance(condition, plain) else self._own(condition)
