"""Compile calls: of an aggregate, a window function or a scalar function, each found by its name.

The functions that exist are passed in (``registry.py`` lists them). A name that is not among them is refused, as Athena
refuses a function that it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.functions.call import Call, Function, WindowFunction
from local_cloud.athena.sql.functions.known import is_known
from local_cloud.athena.sql.functions.over import over
from local_cloud.athena.sql.model import Scope, Typed
from local_cloud.athena.sql.values.sort_keys import sort_key

CALLS: tuple[type[exp.Expr], ...] = (
    exp.Anonymous, exp.Extract, exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.GroupConcat, exp.ParseJSON, exp.StrPosition, exp.Trim, exp.Substring, exp.Normalize,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions that exist, by name in lower case; each compiles one call."""

    scalars: Mapping[str, Function]
    aggregates: Mapping[str, Function]
    windows: Mapping[str, WindowFunction]

    def compiled(self, compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
        """Compile any node that calls a function.

        Raises:
            QueryFailedError: FUNCTION_NOT_FOUND and others in Athena's words.
        """
        inner, around = _unwrapped(node)
        call = _call(compiler, inner, scope)
        session = compiler.session
        if call.name in self.windows:
            if around.window is None:
                message = f"Window function {call.name}() must be invoked with OVER clause"
                raise session.invalid(inner, message, "MISSING_OVER")
            call.suffix, call.windowed = over(call, around.window, scope), True
            return self.windows[call.name](call, around.nulls)
        if call.name in self.aggregates:
            if around.nulls:
                raise session.unsupported(node, f"IGNORE NULLS of {call.name}")
            _prepare_aggregate(call, scope, around)
            return self.aggregates[call.name](call)
        if call.name not in self.scalars and is_known(call.name):
            raise session.unsupported(inner, f"The function {call.name}")
        if around.window is not None or around.filtered is not None or call.distinct or call.order:
            raise session.invalid(inner, f"{call.name} is not an aggregation function", "FUNCTION_NOT_AGGREGATE")
        function = self.scalars.get(call.name)
        if function is None:
            raise session.invalid(inner, f"Function '{call.name}' not registered", "FUNCTION_NOT_FOUND")
        return function(call)


@dataclass(slots=True)
class _Around:
    """What stands around a call: OVER, the condition of FILTER, and `` IGNORE NULLS`` or nothing."""

    window: exp.Window | None = None
    filtered: exp.Expr | None = None
    nulls: str = ""


def _unwrapped(node: exp.Expr) -> tuple[exp.Expr, _Around]:
    around = _Around()
    inner = node
    while isinstance(inner, (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        if isinstance(inner, exp.Window):
            around.window = inner
        elif isinstance(inner, exp.Filter):
            around.filtered = inner.expression.this
        else:
            around.nulls = " IGNORE NULLS" if isinstance(inner, exp.IgnoreNulls) else ""
        inner = inner.this
    return inner, around


def _prepare_aggregate(call: Call, scope: Scope, around: _Around) -> None:
    """Give the call of an aggregate its scope, FILTER, OVER and ORDER BY.

    Raises:
        QueryFailedError: the aggregate cannot stand here, or not with these clauses.
    """
    if around.window is None and not scope.aggregates:
        raise call.session.invalid(
            call.node,
            f"Cannot use aggregate function {call.name} here: WHERE clause, GROUP BY and arguments of aggregates cannot contain aggregations",
            "EXPRESSION_NOT_SCALAR",
        )
    call.scope = scope if around.window is not None else scope.inside_aggregate()
    if around.filtered is not None and around.window is not None:
        raise call.session.invalid(call.node, "FILTER is not yet supported for window functions", "NOT_SUPPORTED")
    if around.filtered is not None:
        call.suffix += f" FILTER (WHERE {call.compiler.condition(around.filtered, call.scope, 'FILTER clause')})"
    if around.window is not None:
        call.suffix, call.windowed = call.suffix + over(call, around.window, scope), True
    if call.nodes and isinstance(call.nodes[-1], exp.Order):
        call.order, call.nodes = _sorted(call)
    if call.distinct and call.name != "count" and any(value.type.holds_map for value in call.arguments()):
        raise call.session.unsupported(call.node, f"{call.name} of distinct maps")


def _sorted(call: Call) -> tuple[str, list[exp.Expr]]:
    """Return the ORDER BY inside an aggregate, and the arguments without it."""
    last = call.nodes[-1]
    keys = ", ".join(
        sort_key(call.session, part, call.compiler.value(part.this, call.scope)) for part in last.expressions
    )
    rest = call.nodes[:-1] if call.name == "listagg" else [*call.nodes[:-1], last.this]
    if isinstance(rest[0], exp.Distinct):
        call.distinct, rest = True, [*rest[0].expressions, *rest[1:]]
    return f" ORDER BY {keys}", list(rest)


def _check_extracted(compiler: Compiler, node: exp.Extract, field: str, scope: Scope) -> None:
    kind = compiler.value(node.expression, scope).type
    if kind.name == "unknown" or (field.startswith("timezone") and kind.name != "timestamp with time zone"):
        raise compiler.session.mismatch(node.expression, f"Cannot extract {field.upper()} from {kind}")


_EXTRACTED = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week"}


def _call(compiler: Compiler, node: exp.Expr, scope: Scope) -> Call:
    """Return the call that a node stands for. Some functions have a syntax, and a node of the tree, of their own."""
    if isinstance(node, exp.Anonymous):
        nodes = list(node.expressions)
        call = Call(compiler, scope, node, str(node.this).lower(), nodes)
        if nodes and isinstance(nodes[0], exp.Distinct):
            call.distinct, call.nodes = True, [*nodes[0].expressions, *nodes[1:]]
        return call
    name, arguments = _of_special_syntax(compiler, node, scope)
    return Call(compiler, scope, node, name, arguments)


def _of_special_syntax(compiler: Compiler, node: exp.Expr, scope: Scope) -> tuple[str, list[exp.Expr]]:
    """Return the name and the arguments of a call that is not written as name(arguments)."""
    if isinstance(node, exp.Extract):
        field = node.this.name.lower()
        _check_extracted(compiler, node, field, scope)
        return _EXTRACTED.get(field, field), [node.expression]
    if isinstance(node, exp.ParseJSON):
        return "json_parse", [node.this]
    if isinstance(node, exp.StrPosition):
        return "strpos", [node.this, node.args["substr"]]
    if isinstance(node, exp.Substring):
        return "substr", [
            part for part in (node.this, node.args.get("start"), node.args.get("length")) if part is not None
        ]
    if isinstance(node, exp.Normalize):
        return "normalize", [node.this, exp.Literal.string(node.args["form"].name if node.args.get("form") else "NFC")]
    if isinstance(node, exp.Trim):
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(node.args.get("position") or "", "trim")
        return name, [part for part in (node.this, node.args.get("expression")) if part is not None]
    if isinstance(node, exp.GroupConcat):
        order = node.this if isinstance(node.this, exp.Order) else None
        if order is None:
            raise compiler.session.invalid(node, "mismatched input. Expecting: 'WITHIN'")
        separator = node.args.get("separator") or exp.Literal.string("")
        return "listagg", [order.this, separator, exp.Order(this=order.this, expressions=order.expressions)]
    raise compiler.session.unsupported(node, type(node).__name__)
