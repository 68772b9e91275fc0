"""Expressions: each node of the tree compiled to typed SQL, names resolved as Trino resolves them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from local_cloud.athena import quoting
from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Field, Scope, Session, Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values import operators
from local_cloud.athena.sql.values.casts import cast, coerce
from local_cloud.athena.sql.values.zones import checked_zone, zone_of
from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    REAL,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    decimal,
    duckdb_name,
    mapping,
    parse_type,
    timestamp_with_zone,
)

if TYPE_CHECKING:
    from local_cloud.athena.sql.queries.select import Queries

LARGEST_INTEGER, LARGEST_BIGINT = 2**31 - 1, 2**63 - 1


class Expressions:
    """Compiles expressions of one statement."""

    def __init__(self, session: Session, queries: Queries) -> None:
        self.session, self.queries = session, queries
        self._binary: dict[type[exp.Expr], Callable[[Session, exp.Expr, Typed, Typed], Typed]] = {
            **dict.fromkeys(operators.SYMBOLS, operators.arithmetic),
            **dict.fromkeys(operators.COMPARISONS, operators.comparison),
            exp.DPipe: operators.concatenated,
        }
        self._nodes: dict[type[exp.Expr], Callable[..., Typed]] = {
            exp.Literal: self._literal, exp.Boolean: self._boolean, exp.Null: self._null, exp.HexString: self._binary_literal,
            exp.Column: self._column, exp.Identifier: self._variable, exp.Dot: self._dot, exp.Paren: self._paren, exp.Tuple: self._row,
            exp.Neg: self._negated, exp.Not: self._not, exp.And: self._logical, exp.Or: self._logical, exp.Is: self._is,
            exp.Between: self._between, exp.In: self._in, exp.Like: self._like, exp.Escape: self._like, exp.Case: self._case, exp.If: self._if,
            exp.Cast: self._cast, exp.TryCast: self._cast, exp.Interval: self._interval, exp.Bracket: self._subscript, exp.Array: self._array,
            exp.Subquery: self._subquery, exp.Exists: self._exists, exp.AtTimeZone: self._at_time_zone, exp.Extract: self._call, exp.Anonymous: self._call,
            exp.Window: self._call, exp.Filter: self._call, exp.IgnoreNulls: self._call, exp.RespectNulls: self._call, exp.GroupConcat: self._call, exp.ParseJSON: self._call,
            exp.CurrentDate: self._now, exp.CurrentTimestamp: self._now, exp.Localtimestamp: self._now, exp.StrPosition: self._call, exp.Trim: self._call,
        }  # fmt: skip

    def compile(self, node: exp.Expr, scope: Scope) -> Typed:
        """The node as typed SQL.

        Raises:
            QueryFailedError: in Athena's words: a name or function that is not there, types that do not fit, or what cannot be done exactly.
        """
        grouped = self._grouping_key(node, scope)
        if grouped is not None:
            return grouped
        kind = type(node)
        if kind in self._binary:
            left, right = self.compile(node.this, scope), self._quantified_or_value(node, scope)
            return (
                self._binary[kind](self.session, node, left, right)
                if isinstance(right, Typed)
                else self.queries.quantified(node, left, scope)
            )
        handler = self._nodes.get(kind)
        if handler is None:
            raise self.session.unsupported(node, f"{kind.__name__} in an expression")
        return handler(node, scope)

    def _quantified_or_value(self, node: exp.Expr, scope: Scope) -> Typed | None:
        if isinstance(node.expression, (exp.Any, exp.All)):
            return None
        return self.compile(node.expression, scope)

    def _grouping_key(self, node: exp.Expr, scope: Scope) -> Typed | None:
        """The value of a grouping key when the node is one."""
        if not scope.groups or isinstance(node, (exp.Literal, exp.Boolean, exp.Null)) or node.find(exp.Query):
            return None
        try:
            value = self.compile(node, scope.inside_aggregate())
        except QueryFailedError:
            return None
        return value if value.sql in scope.groups else None

    def condition(self, node: exp.Expr, scope: Scope, where: str) -> str:
        return operators.boolean(self.session, node, self.compile(node, scope), where)

    # Literals

    def _literal(self, node: exp.Literal, _: Scope) -> Typed:
        text = node.this
        if node.is_string:
            return Typed(quoting.text(text), Type("varchar", (len(text),)))
        if "e" in text.lower():
            return Typed(f"CAST('{text}' AS DOUBLE)", DOUBLE)
        if "." in text:
            whole, _, fraction = text.partition(".")
            digits = whole.lstrip("0") + fraction
            kind = decimal(max(1, len(digits)), len(fraction))
            return Typed(f"CAST('{whole or '0'}.{fraction or '0'}' AS {duckdb_name(kind)})", kind)
        number = int(text)
        if number > LARGEST_BIGINT:
            raise self.session.invalid(node, f"Invalid numeric literal: {text}")
        kind = INTEGER if number <= LARGEST_INTEGER else BIGINT
        return Typed(f"CAST({number} AS {duckdb_name(kind)})", kind)

    @staticmethod
    def _boolean(node: exp.Boolean, _: Scope) -> Typed:
        return Typed("true" if node.this else "false", BOOLEAN)

    @staticmethod
    def _null(_node: exp.Null, _: Scope) -> Typed:
        return Typed("NULL", UNKNOWN)

    @staticmethod
    def _binary_literal(node: exp.HexString, _: Scope) -> Typed:
        if len(node.this) % 2:
            raise QueryFailedError("INVALID_LITERAL", "Binary literal must contain an even number of digits")
        return Typed(f"from_hex('{node.this}')", VARBINARY)

    def _now(self, node: exp.Expr, _: Scope) -> Typed:
        moment = self.session.now
        if isinstance(node, exp.CurrentDate):
            return Typed(f"CAST('{moment:%Y-%m-%d}' AS DATE)", DATE)
        kind = Type("timestamp", (3,)) if isinstance(node, exp.Localtimestamp) else timestamp_with_zone(3)
        return Typed(f"CAST('{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}' AS TIMESTAMP)", kind)

    def _interval(self, node: exp.Interval, _: Scope) -> Typed:
        return operators.interval(self.session, node)

    # Names

    def _column(self, node: exp.Column, scope: Scope) -> Typed:
        parts = [part.name.lower() for part in node.parts]
        if isinstance(node.this, exp.Star):
            raise self.session.unsupported(node, "A qualified * in an expression")
        if len(parts) == 1 and parts[0] in scope.variables:
            return scope.variables[parts[0]]
        found = self._resolve(node, tuple(parts), scope)
        if found is None:
            shown = ".".join(part.name for part in node.parts)
            raise self.session.invalid(
                node,
                f"Column '{shown}' cannot be resolved or requester is not authorized to access requested resources",
                "COLUMN_NOT_FOUND",
            )
        return found

    def _resolve(self, node: exp.Expr, parts: tuple[str, ...], scope: Scope) -> Typed | None:
        """A field by its longest qualified name, else a field of the row that the name before the last dot means."""
        if len(parts) == 1 and parts[0] in scope.outputs:
            return scope.outputs[parts[0]]
        level: Scope | None = scope
        while level is not None:
            found = [field for field in level.fields if matches(field, parts)]
            if len(found) > 1:
                raise self.session.invalid(node, f"Column '{'.'.join(parts)}' is ambiguous", "AMBIGUOUS_NAME")
            if found:
                if level.groups is not None and found[0].value.sql not in level.groups:
                    raise self.session.invalid(
                        node,
                        f"'{'.'.join(parts)}' must be an aggregate expression or appear in GROUP BY clause",
                        "EXPRESSION_NOT_AGGREGATE",
                    )
                return found[0].value
            level = level.parent
        if len(parts) > 1:
            base = scope.variables.get(parts[0]) if len(parts) == 2 else None
            base = base or self._resolve(node, parts[:-1], scope)
            return None if base is None else self._row_field(node, base, parts[-1])
        return None

    def _row_field(self, node: exp.Expr, base: Typed, name: str) -> Typed:
        if base.type.name != "row":
            raise self.session.mismatch(node, f"Expression {node.sql('trino')} is not of type ROW")
        found = [index for index, field in enumerate(base.type.names) if field == name]
        if len(found) != 1:
            raise self.session.invalid(
                node,
                f"Column '{node.sql('trino')}' cannot be resolved or requester is not authorized to access requested resources",
                "COLUMN_NOT_FOUND",
            )
        return Typed(f"({base.sql}).f{found[0]}", base.type.parts[found[0]])

    def _variable(self, node: exp.Identifier, scope: Scope) -> Typed:
        found = scope.variables.get(node.name.lower())
        if found is None:
            raise self.session.invalid(
                node,
                f"Column '{node.name}' cannot be resolved or requester is not authorized to access requested resources",
                "COLUMN_NOT_FOUND",
            )
        return found

    def _dot(self, node: exp.Dot, scope: Scope) -> Typed:
        return self._row_field(node, self.compile(node.this, scope), node.expression.name.lower())

    # Operators

    def _paren(self, node: exp.Paren, scope: Scope) -> Typed:
        return self.compile(node.this, scope)

    def _negated(self, node: exp.Neg, scope: Scope) -> Typed:
        if isinstance(node.this, exp.Literal) and not node.this.is_string:
            for largest, kind in ((LARGEST_INTEGER, INTEGER), (LARGEST_BIGINT, BIGINT)):
                if node.this.this == str(largest + 1):
                    return Typed(f"CAST('-{node.this.this}' AS {duckdb_name(kind)})", kind)
        return operators.negated(self.session, node, self.compile(node.this, scope))

    def _not(self, node: exp.Not, scope: Scope) -> Typed:
        return Typed(f"(NOT {self.condition(node.this, scope, 'Value of logical NOT expression')})", BOOLEAN)

    def _logical(self, node: exp.Expr, scope: Scope) -> Typed:
        word = "AND" if isinstance(node, exp.And) else "OR"
        sides = [self.condition(side, scope, "Logical expression term") for side in (node.this, node.expression)]
        return Typed(f"({sides[0]} {word} {sides[1]})", BOOLEAN)

    def _is(self, node: exp.Is, scope: Scope) -> Typed:
        if not isinstance(node.expression, exp.Null):
            raise self.session.invalid(node, "mismatched input. Expecting: 'DISTINCT', 'NOT', 'NULL'")
        value = self.compile(node.this, scope)
        return Typed(f"({value.sql} IS NULL)", BOOLEAN)

    def _between(self, node: exp.Between, scope: Scope) -> Typed:
        low, high = (
            exp.GTE(this=node.this.copy(), expression=node.args["low"].copy()),
            exp.LTE(this=node.this.copy(), expression=node.args["high"].copy()),
        )
        return Typed(f"({self.compile(low, scope).sql} AND {self.compile(high, scope).sql})", BOOLEAN)

    def _in(self, node: exp.In, scope: Scope) -> Typed:
        if node.args.get("query") is not None:
            return self.queries.member(node, scope)
        value = self.compile(node.this, scope)
        items = [self.compile(item, scope) for item in node.expressions]
        kind = self.unified(node, [value, *items], "IN value and list items")
        if kind.parts or kind in (DOUBLE, REAL):
            tried = [operators.comparison(self.session, exp.EQ(), value, item).sql for item in items]
            return Typed(f"({' OR '.join(tried)})", BOOLEAN)
        listed = ", ".join(coerce(item, kind).sql for item in items)
        return Typed(f"({coerce(value, kind).sql} IN ({listed}))", BOOLEAN)

    def _like(self, node: exp.Expr, scope: Scope) -> Typed:
        escape = None
        if isinstance(node, exp.Escape):
            escape = self.compile(node.expression, scope)
            node = node.this
        value, pattern = self.compile(node.this, scope), self.compile(node.expression, scope)
        for side, what in ((value, "Left side of LIKE expression"), (pattern, "Pattern for LIKE expression")):
            if not side.type.is_text and side.type.name != "unknown":
                raise self.session.mismatch(node, f"{what} must evaluate to a varchar (actual: {side.type})")
        if escape is None:
            return Typed(f"({value.sql} LIKE {pattern.sql} ESCAPE '')", BOOLEAN)
        return Typed(_like_with_escape(value.sql, pattern.sql, escape.sql), BOOLEAN)

    def _case(self, node: exp.Case, scope: Scope) -> Typed:
        subject = node.args.get("this")
        whens = []
        for branch in node.args["ifs"]:
            condition = branch.this if subject is None else exp.EQ(this=subject.copy(), expression=branch.this.copy())
            whens.append(
                (self.condition(condition, scope, "CASE WHEN clause"), self.compile(branch.args["true"], scope))
            )
        default = node.args.get("default")
        otherwise = self.compile(default, scope) if default is not None else Typed("NULL", UNKNOWN)
        kind = self.unified(node, [value for _, value in whens] + [otherwise], "All CASE results")
        branches = " ".join(f"WHEN {condition} THEN {coerce(value, kind).sql}" for condition, value in whens)
        return Typed(f"(CASE {branches} ELSE {coerce(otherwise, kind).sql} END)", kind)

    def _if(self, node: exp.If, scope: Scope) -> Typed:
        condition = self.condition(node.this, scope, "IF condition")
        chosen = self.compile(node.args["true"], scope)
        other = (
            self.compile(node.args["false"], scope) if node.args.get("false") is not None else Typed("NULL", UNKNOWN)
        )
        kind = self.unified(node, [chosen, other], "Result types for IF")
        return Typed(
            f"(CASE WHEN {condition} THEN {coerce(chosen, kind).sql} ELSE {coerce(other, kind).sql} END)", kind
        )

    def unified(self, node: exp.Expr, values: list[Typed], what: str) -> Type:
        kind = values[0].type
        for value in values[1:]:
            found = common_type(kind, value.type)
            if found is None:
                raise self.session.mismatch(
                    node,
                    f"{what} must be the same type or coercible to a common type. Cannot find common type between {kind} and {value.type}",
                )
            kind = found
        return kind

    # Casts and constructors

    def _cast(self, node: exp.Expr, scope: Scope) -> Typed:
        target = parse_type(node.args["to"].sql("trino"))
        literal = node.this
        if (
            isinstance(node, exp.Cast)
            and isinstance(literal, exp.Literal)
            and literal.is_string
            and target.name == "decimal"
            and not node.args["to"].expressions
        ):
            return self._decimal_literal(literal)
        if target.name == "timestamp with time zone":
            target = timestamp_with_zone(
                target.numbers[0],
                zone_of(literal) if isinstance(literal, exp.Literal) else self._zone_of_value(literal, scope),
            )
        value = self.compile(literal, scope)
        try:
            found = cast(value, target)
        except QueryFailedError as error:
            if error.name == "TYPE_MISMATCH":
                raise self.session.mismatch(node, error.message.partition(": ")[2]) from error
            raise
        return Typed(f"TRY({found.sql})", found.type) if isinstance(node, exp.TryCast) else found

    def _zone_of_value(self, node: exp.Expr, scope: Scope) -> str:
        return self.compile(node, scope).type.zone

    def _decimal_literal(self, node: exp.Literal) -> Typed:
        """``DECIMAL '12.50'``: as precise as it is written. A plain CAST to DECIMAL has no digits after the point."""
        whole, _, fraction = node.this.strip().lstrip("+-").partition(".")
        if not (whole + fraction).isdigit():
            raise self.session.invalid(node, f"'{node.this}' is not a valid DECIMAL literal", "INVALID_LITERAL")
        if re.search(r"\bAS\s+DECIMAL\s*\)", self.session.sql, re.IGNORECASE):
            return cast(Typed(quoting.text(node.this), VARCHAR), decimal(38, 0))
        kind = decimal(max(1, len(whole.lstrip("0") + fraction)), len(fraction))
        return Typed(f"CAST({quoting.text(node.this)} AS {duckdb_name(kind)})", kind)

    def _array(self, node: exp.Array, scope: Scope) -> Typed:
        values = [self.compile(item, scope) for item in node.expressions]
        kind = self.unified(node, values, "All ARRAY elements") if values else UNKNOWN
        listed = ", ".join(coerce(value, kind).sql for value in values)
        return Typed(f"CAST([{listed}] AS {duckdb_name(array(kind))})", array(kind))

    def _row(self, node: exp.Tuple, scope: Scope) -> Typed:
        return self.row([self.compile(item, scope) for item in node.expressions])

    @staticmethod
    def row(values: list[Typed]) -> Typed:
        fields = ", ".join(f"f{index} := {value.sql}" for index, value in enumerate(values))
        return Typed(
            f"struct_pack({fields})",
            Type("row", parts=tuple(value.type for value in values), names=(None,) * len(values)),
        )

    def _subscript(self, node: exp.Bracket, scope: Scope) -> Typed:
        base, index = self.compile(node.this, scope), self.compile(node.expressions[0], scope)
        if base.type.name == "array" and index.type.is_integer:
            return Typed(_array_element(base, index), base.type.element)
        if base.type.name == "map" and (kind := common_type(base.type.parts[0], index.type)) is not None:
            base = coerce(base, mapping(kind, base.type.parts[1]))
            key = coerce(index, kind).sql
            missing = raising(
                "INVALID_FUNCTION_ARGUMENT",
                f"Key not present in map: ' || coalesce(CAST({key} AS VARCHAR), 'NULL') || '",
                base.type.parts[1],
            )
            value = f"({base.sql})[{key}]"
            return Typed(
                f"(CASE WHEN {base.sql} IS NULL OR {key} IS NULL THEN NULL WHEN map_contains({base.sql}, {key}) THEN {value} ELSE {missing} END)",
                base.type.parts[1],
            )
        if base.type.name == "row" and isinstance(node.expressions[0], exp.Literal) and index.type.is_integer:
            number = int(node.expressions[0].this)
            if not 1 <= number <= len(base.type.parts):
                raise self.session.invalid(node, f"ROW index {number} is out of bounds", "INVALID_FUNCTION_ARGUMENT")
            return Typed(f"({base.sql}).f{number - 1}", base.type.parts[number - 1])
        raise self.session.mismatch(node, f"Cannot use {index.type} for subscript of {base.type}")

    # Subqueries and functions

    def _subquery(self, node: exp.Subquery, scope: Scope) -> Typed:
        return self.queries.scalar(node, scope)

    def _exists(self, node: exp.Exists, scope: Scope) -> Typed:
        return self.queries.exists(node, scope)

    def _at_time_zone(self, node: exp.AtTimeZone, scope: Scope) -> Typed:
        value = self.compile(node.this, scope)
        zone = node.args["zone"]
        if not isinstance(zone, exp.Literal) or not zone.is_string:
            raise self.session.unsupported(node, "AT TIME ZONE with a zone that is no literal")
        if value.type.name == "timestamp":
            value = coerce(value, timestamp_with_zone(value.type.numbers[0]))
        if value.type.name != "timestamp with time zone":
            raise self.session.mismatch(
                node, f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
            )
        return Typed(value.sql, timestamp_with_zone(value.type.numbers[0], checked_zone(zone.this)))

    def _call(self, node: exp.Expr, scope: Scope) -> Typed:
        from local_cloud.athena.sql.functions.calls import compile_call

        return compile_call(self, node, scope)


def matches(field: Field, parts: tuple[str, ...]) -> bool:
    """Whether a name, qualified or not, means the field."""
    if field.name != parts[-1]:
        return False
    return len(parts) == 1 or field.qualifier[-(len(parts) - 1) :] == parts[:-1]


def _like_with_escape(value: str, pattern: str, escape: str) -> str:
    """LIKE whose pattern is checked first: what DuckDB matches literally, Trino refuses."""
    known = functools.reduce(
        lambda rest, sign: f"replace({rest}, {escape} || {sign}, '')", (escape, "'%'", "'_'"), pattern
    )
    long, loose = (
        raising("INVALID_FUNCTION_ARGUMENT", message, BOOLEAN)
        for message in (
            "Escape string must be a single character",
            "Escape character must be followed by ''%'', ''_'' or the escape character itself",
        )
    )
    return (
        f"(CASE WHEN length({escape}) <> 1 THEN {long} WHEN contains({known}, {escape}) THEN {loose} "
        f"ELSE {value} LIKE {pattern} ESCAPE {escape} END)"
    )


def _array_element(base: Typed, index: Typed) -> str:
    kind = base.type.element
    position = f"CAST({index.sql} AS BIGINT)"
    return (
        f"(CASE WHEN {base.sql} IS NULL OR {position} IS NULL THEN NULL "
        f"WHEN {position} = 0 THEN {raising('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1', kind)} "
        f"WHEN {position} < 0 THEN {raising('INVALID_FUNCTION_ARGUMENT', 'Array subscript is negative', kind)} "
        f"WHEN {position} > len({base.sql}) THEN {raising('INVALID_FUNCTION_ARGUMENT', 'Array subscript must be less than or equal to array length', kind)} "
        f"ELSE ({base.sql})[{position}] END)"
    )
