"""Calls of functions: aggregates, window functions and scalar functions, each from the list of what is known.

A function that is not on a list does not exist here, as one that Athena lacks does not exist there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.values.casts import can_coerce, coerce
from local_cloud.athena.types import Type

if TYPE_CHECKING:
    from local_cloud.athena.sql.expressions.all import Expressions


@dataclass(slots=True)
class Call:
    """One call with what stands around it.

    ``suffix``: the FILTER and OVER that go after each aggregate; ``order``: ORDER BY inside it.
    """

    expressions: Expressions
    scope: Scope
    node: exp.Expr
    name: str
    nodes: Sequence[exp.Expr]
    distinct: bool = False
    order: str = ""
    suffix: str = ""
    windowed: bool = False

    @property
    def session(self) -> Session:
        return self.expressions.session

    def argument(self, index: int) -> Typed:
        return self.expressions.compile(self.nodes[index], self.scope)

    def arguments(self) -> list[Typed]:
        return [self.argument(index) for index in range(len(self.nodes))]

    def variable(self, letter: str) -> str:
        """A lambda's variable in SQL: it differs from those around it, and is the same for equal text."""
        return f"{letter}{len(self.scope.variables)}_"

    def body(self, index: int, *variables: Typed) -> Typed:
        """The body of the lambda at ``index``, its variables standing for these values."""
        node = self.nodes[index]
        if not isinstance(node, exp.Lambda) or len(node.expressions) != len(variables):
            raise self.mistaken()
        names = [item.name.lower() for item in node.expressions]
        return self.expressions.compile(node.this, self.scope.with_variables(dict(zip(names, variables, strict=True))))

    def mistaken(self, kinds: Sequence[Type] | None = None) -> QueryFailedError:
        """FUNCTION_NOT_FOUND for arguments that no variant of the function takes."""
        shown = ", ".join(str(kind) for kind in kinds) if kinds is not None else ", ".join("?" for _ in self.nodes)
        return self.session.invalid(
            self.node, f"Unexpected parameters ({shown}) for function {self.name}", "FUNCTION_NOT_FOUND"
        )

    def expect(self, *wanted: Type) -> list[str]:
        """The arguments' SQL, coerced to these types.

        Raises:
            QueryFailedError: FUNCTION_NOT_FOUND.
        """
        values = self.arguments()
        if len(values) != len(wanted) or not all(
            can_coerce(value.type, kind) for value, kind in zip(values, wanted, strict=True)
        ):
            raise self.mistaken([value.type for value in values])
        return [coerce(value, kind).sql for value, kind in zip(values, wanted, strict=True)]

    def aggregate(self, function: str, *arguments: str) -> str:
        """DuckDB's aggregate with this call's DISTINCT, ORDER BY, FILTER and OVER."""
        distinct = "DISTINCT " if self.distinct else ""
        return f"{function}({distinct}{', '.join(arguments)}{self.order}){self.suffix}"


def compile_call(expressions: Expressions, node: exp.Expr, scope: Scope) -> Typed:
    """Any node that calls a function.

    Raises:
        QueryFailedError: FUNCTION_NOT_FOUND and others in Athena's words.
    """
    from local_cloud.athena.sql.functions import SCALARS
    from local_cloud.athena.sql.functions.aggregates import AGGREGATES
    from local_cloud.athena.sql.functions.windows import WINDOW_FUNCTIONS, over

    window, filtered, nulls = None, None, ""
    inner = node
    while isinstance(inner, (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        if isinstance(inner, exp.Window):
            window = inner
        elif isinstance(inner, exp.Filter):
            filtered = inner.expression.this
        else:
            nulls = " IGNORE NULLS" if isinstance(inner, exp.IgnoreNulls) else ""
        inner = inner.this
    call = _call(expressions, inner, scope)
    if call.name in WINDOW_FUNCTIONS:
        if window is None:
            raise call.session.invalid(
                inner, f"Window function {call.name}() must be invoked with OVER clause", "MISSING_OVER"
            )
        call.suffix, call.windowed = over(call, window, scope), True
        return WINDOW_FUNCTIONS[call.name](call, nulls)
    if call.name in AGGREGATES:
        if nulls:
            raise call.session.unsupported(node, f"IGNORE NULLS of {call.name}")
        return _aggregate(call, scope, window, filtered)
    if window is not None or filtered is not None or call.distinct or call.order:
        raise call.session.invalid(inner, f"{call.name} is not an aggregation function", "FUNCTION_NOT_AGGREGATE")
    function = SCALARS.get(call.name)
    if function is None:
        raise call.session.invalid(inner, f"Function '{call.name}' not registered", "FUNCTION_NOT_FOUND")
    return function(call)


def _aggregate(call: Call, scope: Scope, window: exp.Window | None, filtered: exp.Expr | None) -> Typed:
    from local_cloud.athena.sql.functions.aggregates import AGGREGATES
    from local_cloud.athena.sql.functions.windows import over

    if window is None and not scope.aggregates:
        raise call.session.invalid(
            call.node,
            f"Cannot use aggregate function {call.name} here: WHERE clause, GROUP BY and arguments of aggregates cannot contain aggregations",
            "EXPRESSION_NOT_SCALAR",
        )
    inner = scope if window is not None else scope.inside_aggregate()
    call.scope = inner
    if filtered is not None:
        call.suffix += f" FILTER (WHERE {call.expressions.condition(filtered, inner, 'FILTER clause')})"
    if window is not None:
        call.suffix, call.windowed = call.suffix + over(call, window, scope), True
    if window is not None and call.distinct:
        raise call.session.invalid(
            call.node, "DISTINCT in window function parameters not yet supported", "NOT_SUPPORTED"
        )
    if window is not None and call.nodes and isinstance(call.nodes[-1], exp.Order):
        raise call.session.invalid(call.node, "Window function with ORDER BY is not supported", "NOT_SUPPORTED")
    if call.nodes and isinstance(call.nodes[-1], exp.Order):
        call.order, call.nodes = _sorted(call)
    if call.distinct and any(value.type.holds_map for value in call.arguments()):
        raise call.session.unsupported(call.node, f"{call.name} of distinct maps")
    return AGGREGATES[call.name](call)


def _sorted(call: Call) -> tuple[str, list[exp.Expr]]:
    from local_cloud.athena.sql.queries.select import ordered

    last = call.nodes[-1]
    keys = ", ".join(
        ordered(call.session, part, call.expressions.compile(part.this, call.scope)) for part in last.expressions
    )
    rest = call.nodes[:-1] if call.name == "listagg" else [*call.nodes[:-1], last.this]
    return f" ORDER BY {keys}", list(rest)


def _call(expressions: Expressions, node: exp.Expr, scope: Scope) -> Call:
    if isinstance(node, exp.Anonymous):
        nodes = list(node.expressions)
        call = Call(expressions, scope, node, str(node.this).lower(), nodes)
        if nodes and isinstance(nodes[0], exp.Distinct):
            call.distinct, call.nodes = True, [*nodes[0].expressions, *nodes[1:]]
        return call
    if isinstance(node, exp.Extract):
        return Call(
            expressions, scope, node, _EXTRACTED.get(node.this.name.lower(), node.this.name.lower()), [node.expression]
        )
    if isinstance(node, exp.ParseJSON):
        return Call(expressions, scope, node, "json_parse", [node.this])
    if isinstance(node, exp.StrPosition):
        return Call(expressions, scope, node, "strpos", [node.this, node.args["substr"]])
    if isinstance(node, exp.Trim):
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(node.args.get("position") or "", "trim")
        return Call(
            expressions,
            scope,
            node,
            name,
            [part for part in (node.this, node.args.get("expression")) if part is not None],
        )
    if isinstance(node, exp.GroupConcat):
        order = node.this if isinstance(node.this, exp.Order) else None
        if order is None:
            raise expressions.session.invalid(node, "mismatched input. Expecting: 'WITHIN'")
        return Call(
            expressions,
            scope,
            node,
            "listagg",
            [
                order.this,
                node.args.get("separator") or exp.Literal.string(""),
                exp.Order(this=order.this, expressions=order.expressions),
            ],
        )
    raise expressions.session.unsupported(node, type(node).__name__)


_EXTRACTED = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week"}
