"""Describe one call of a function to the function that compiles it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.functions.known import may_take
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.values.casts import can_coerce, coerce
from local_cloud.athena.types import Type


@dataclass(slots=True)
class Call:
    """One call with what stands around it.

    ``suffix``: the FILTER and OVER that go after each aggregate; ``order``: ORDER BY inside it.
    """

    compiler: Compiler
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
        return self.compiler.session

    def argument(self, index: int) -> Typed:
        """Compile one argument."""
        return self.compiler.value(self.nodes[index], self.scope)

    def arguments(self) -> list[Typed]:
        """Compile every argument."""
        return [self.argument(index) for index in range(len(self.nodes))]

    def variable(self, letter: str) -> str:
        """Return a lambda's variable in SQL: it differs from those around it, and is the same for equal text."""
        return f"{letter}{len(self.scope.variables)}_"

    def body(self, index: int, *variables: Typed) -> Typed:
        """Compile the body of the lambda at ``index``, with these values for its variables."""
        node = self.nodes[index]
        if not isinstance(node, exp.Lambda) or len(node.expressions) != len(variables):
            raise self.mistaken()
        names = [item.name.lower() for item in node.expressions]
        return self.compiler.value(node.this, self.scope.with_variables(dict(zip(names, variables, strict=True))))

    def mistaken(self) -> QueryFailedError:
        """Return the refusal of arguments that no variant of the function takes here.

        It is FUNCTION_NOT_FOUND if no variant of Trino's takes them either, else NOT_SUPPORTED.
        """
        found = self._kinds()
        shown = ", ".join("function" if kind is None else str(kind) for kind in found)
        if may_take(self.name, found):
            return self.session.unsupported(self.node, f"{self.name}({shown})")
        return self.session.invalid(
            self.node, f"Unexpected parameters ({shown}) for function {self.name}", "FUNCTION_NOT_FOUND"
        )

    def _kinds(self) -> list[Type | None]:
        """Return the types of the arguments, None for a lambda."""
        return [
            None if isinstance(node, exp.Lambda) else self.compiler.value(node, self.scope).type
            for node in self.nodes
            if not isinstance(node, exp.Order)
        ]

    def require_type(self, index: int) -> None:
        """Refuse a bare NULL where functions of several types would take it.

        Raises:
            QueryFailedError: AMBIGUOUS_FUNCTION_CALL.
        """
        if self.nodes and self.argument(index).type.name == "unknown":
            message = "Could not choose a best candidate operator. Explicit type casts must be added."
            raise self.session.invalid(self.node, message, "AMBIGUOUS_FUNCTION_CALL")

    def expect(self, *wanted: Type) -> list[str]:
        """Return the arguments' SQL, coerced to these types.

        Raises:
            QueryFailedError: FUNCTION_NOT_FOUND.
        """
        values = self.arguments()
        if len(values) != len(wanted) or not all(
            can_coerce(value.type, kind) for value, kind in zip(values, wanted, strict=True)
        ):
            raise self.mistaken()
        return [coerce(value, kind).sql for value, kind in zip(values, wanted, strict=True)]

    def aggregate(self, function: str, *arguments: str) -> str:
        """Return DuckDB's aggregate with this call's DISTINCT, ORDER BY, FILTER and OVER."""
        distinct = "DISTINCT " if self.distinct else ""
        return f"{function}({distinct}{', '.join(arguments)}{self.order}){self.suffix}"


Function = Callable[[Call], Typed]
WindowFunction = Callable[[Call, str], Typed]
