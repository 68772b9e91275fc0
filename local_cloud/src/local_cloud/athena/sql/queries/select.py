"""Queries: SELECT, set operations, VALUES and WITH, compiled to DuckDB with columns ``c0``, ``c1``, …."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from local_cloud.athena.coercions import common_type
from local_cloud.athena.sql.expressions.all import Expressions
from local_cloud.athena.sql.functions.aggregates import is_aggregated
from local_cloud.athena.sql.model import Compiled, Field, Scan, Scope, Session, Typed
from local_cloud.athena.sql.queries.pruning import prune
from local_cloud.athena.sql.queries.relations import Relations
from local_cloud.athena.sql.values import operators
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BOOLEAN, UNKNOWN, Type

_SET_OPERATIONS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}
Item = tuple[str | None, Typed]


class Queries:
    """Compiles the queries of one statement."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.expressions = Expressions(session, self)
        self.relations = Relations(session, self)

    def compile(self, node: exp.Expr, parent: Scope | None = None) -> Compiled:
        """A query; ``parent`` is the scope around a subquery.

        Raises:
            QueryFailedError: in Athena's words.
        """
        common = dict(self.session.common)
        try:
            if (clause := node.args.get("with_")) is not None:
                self._define(clause, parent)
            if isinstance(node, exp.Select):
                return self._select(node, parent)
            if isinstance(node, exp.SetOperation):
                return self._set_operation(node, parent)
            if isinstance(node, exp.Subquery):
                inner = self.compile(node.this, parent)
                return self._modified(node, inner, parent)
            if isinstance(node, exp.Values):
                return self._modified(node, self.values(node, parent), parent)
            raise self.session.unsupported(node, type(node).__name__)
        finally:
            self.session.common = common

    def _define(self, clause: exp.With, parent: Scope | None) -> None:
        if clause.args.get("recursive"):
            raise self.session.unsupported(clause, "WITH RECURSIVE")
        defined: set[str] = set()
        for item in clause.expressions:
            if item.alias.lower() in defined:
                raise self.session.invalid(
                    item, f"WITH query name '{item.alias}' specified more than once", "DUPLICATE_NAMED_QUERY"
                )
            defined.add(item.alias.lower())
            compiled = self.compile(item.this, parent)
            names = [column.name.lower() for column in item.args["alias"].args.get("columns") or []]
            if names and len(names) != len(compiled.columns):
                raise self.session.invalid(
                    item,
                    f"Column alias list has {len(names)} entries but relation has {len(compiled.columns)} columns",
                    "MISMATCHED_COLUMN_ALIASES",
                )
            if names:
                compiled = replace(
                    compiled,
                    columns=tuple((name, kind) for name, (_, kind) in zip(names, compiled.columns, strict=True)),
                )
            self.session.common[item.alias.lower()] = compiled

    def values(self, node: exp.Values, parent: Scope | None) -> Compiled:
        """``VALUES`` rows with the common type of each column."""
        rows = []
        for row in node.expressions:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            rows.append([self.expressions.compile(item, Scope(parent=parent)) for item in items])
        if len({len(row) for row in rows}) > 1:
            raise self.session.mismatch(node, "Values rows have mismatched sizes")
        kinds = [self._common(node, [row[index].type for row in rows]) for index in range(len(rows[0]))]
        listed = ", ".join(
            "(" + ", ".join(coerce(value, kind).sql for value, kind in zip(row, kinds, strict=True)) + ")"
            for row in rows
        )
        names = ", ".join(f"c{index}" for index in range(len(kinds)))
        return Compiled(f"SELECT {names} FROM (VALUES {listed}) v({names})", tuple((None, kind) for kind in kinds))

    def _common(self, node: exp.Expr, kinds: list[Type]) -> Type:
        found = kinds[0]
        for kind in kinds[1:]:
            wider = common_type(found, kind)
            if wider is None:
                raise self.session.mismatch(node, f"Values rows have mismatched types: {found} vs {kind}")
            found = wider
        return found

    # SELECT

    def _select(self, node: exp.Select, parent: Scope | None) -> Compiled:
        source, fields = self.relations.source(node, parent)
        scope = Scope(
            fields=tuple(fields),
            parent=parent,
            windows={window.name.lower(): window for window in node.args.get("windows") or []},
        )
        where = ""
        if (clause := node.args.get("where")) is not None:
            where = " WHERE " + self.expressions.condition(clause.this, scope, "WHERE clause")
            prune(self.expressions, clause.this, scope)
        aggregated = is_aggregated(node)
        group = ""
        if aggregated:
            keys, group = self._group(node, scope)
            scope = replace(scope, groups=frozenset(keys), aggregates=True)
        items = self._items(node, scope)
        having = ""
        if (clause := node.args.get("having")) is not None:
            having = " HAVING " + self.expressions.condition(clause.this, scope, "HAVING clause")
        distinct = "DISTINCT " if node.args.get("distinct") is not None else ""
        if distinct:
            self._check_distinct(node, [value.type for _, value in items])
        order = self._order(node, scope, items, only_outputs=bool(distinct))
        chosen = ", ".join(f"{coerce_unknown(value).sql} AS c{index}" for index, (_, value) in enumerate(items))
        sql = f"SELECT {distinct}{chosen}{source}{where}{group}{having}{order}{self._limits(node)}"
        columns = tuple((name, value.type) for name, value in items)
        opaque = any(node.args.get(key) for key in ("limit", "offset")) or node.find(exp.Window) is not None
        origins = tuple(None if opaque else _origin(value, fields) for _, value in items)
        return Compiled(sql, columns, origins)

    def _group(self, node: exp.Select, scope: Scope) -> tuple[list[str], str]:
        clause = node.args.get("group")
        if clause is None:
            return [], ""
        keys: list[str] = []
        parts = [self._group_part(part, node, scope, keys) for part in clause.expressions]
        return keys, " GROUP BY " + ", ".join(parts)

    def _group_part(self, part: exp.Expr, node: exp.Select, scope: Scope, keys: list[str]) -> str:
        if isinstance(part, (exp.GroupingSets, exp.Rollup, exp.Cube)):
            word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(part)]
            return f"{word} ({', '.join(self._group_part(item, node, scope, keys) for item in part.expressions)})"
        if isinstance(part, exp.Tuple):
            return "(" + ", ".join(self._group_part(item, node, scope, keys) for item in part.expressions) + ")"
        if isinstance(part, exp.Literal) and not part.is_string:
            part = self._ordinal(part, node)
        key = self.expressions.compile(part, scope)
        self._check_distinct(part, [key.type])
        keys.append(key.sql)
        return key.sql

    def _check_distinct(self, node: exp.Expr, kinds: list[Type]) -> None:
        if any(kind.holds_map for kind in kinds):
            raise self.session.unsupported(node, "Telling maps apart, as GROUP BY, DISTINCT and set operations do,")

    def _ordinal(self, part: exp.Literal, node: exp.Select) -> exp.Expr:
        chosen = node.expressions
        number = int(part.this)
        if any(isinstance(item, exp.Star) or item.is_star for item in chosen):
            raise self.session.unsupported(part, "GROUP BY a position of a SELECT with *")
        if not 1 <= number <= len(chosen):
            raise self.session.invalid(
                part, f"GROUP BY position {number} is not in select list", "INVALID_COLUMN_REFERENCE"
            )
        named: exp.Expr = chosen[number - 1].unalias()
        return named

    def _items(self, node: exp.Select, scope: Scope) -> list[Item]:
        items: list[Item] = []
        for item in node.expressions:
            if item.is_star:
                items += self._star(item, scope)
                continue
            value = self.expressions.compile(item.unalias(), scope)
            items.append((self._label(item), value))
        return items

    @staticmethod
    def _label(item: exp.Expr) -> str | None:
        inner = item.unalias()
        if isinstance(item, exp.Alias):
            return item.alias
        if isinstance(inner, exp.Column):
            return inner.name
        return inner.expression.name if isinstance(inner, exp.Dot) else None

    def _star(self, item: exp.Expr, scope: Scope) -> list[Item]:
        qualifier = tuple(part.name.lower() for part in item.parts[:-1]) if isinstance(item, exp.Column) else ()
        found = [
            field
            for field in scope.fields
            if not field.hidden and (not qualifier or field.qualifier[-len(qualifier) :] == qualifier)
        ]
        if not found:
            shown = ".".join(qualifier)
            raise self.session.invalid(
                item,
                f"Unable to resolve reference {shown}"
                if qualifier
                else "SELECT * not allowed in queries without FROM clause",
                "TABLE_NOT_FOUND" if qualifier else "COLUMN_NOT_FOUND",
            )
        for field in found:
            if scope.groups is not None and field.value.sql not in scope.groups:
                raise self.session.invalid(
                    item,
                    f"'{'.'.join((*field.qualifier[-1:], field.name or ''))}' must be an aggregate expression or appear in GROUP BY clause",
                    "EXPRESSION_NOT_AGGREGATE",
                )
        return [(field.shown, field.value) for field in found]

    # ORDER BY, LIMIT, OFFSET

    def _order(self, node: exp.Expr, scope: Scope, items: list[Item], *, only_outputs: bool) -> str:
        clause = node.args.get("order")
        if clause is None:
            return ""
        outputs = {name.lower(): value for name, value in reversed(items) if name}
        return " ORDER BY " + ", ".join(
            self._ordered(part, replace(scope, outputs=outputs), items, only_outputs) for part in clause.expressions
        )

    def _ordered(self, part: exp.Ordered, scope: Scope, items: list[Item], only_outputs: bool) -> str:
        node = part.this
        if isinstance(node, exp.Literal) and not node.is_string:
            number = int(node.this)
            if not 1 <= number <= len(items):
                raise self.session.invalid(
                    node, f"ORDER BY position {number} is not in select list", "INVALID_COLUMN_REFERENCE"
                )
            value = items[number - 1][1]
        else:
            value = self.expressions.compile(node, scope)
        if only_outputs:
            found = [index for index, (_, item) in enumerate(items) if item.sql == value.sql]
            if not found:
                raise self.session.invalid(
                    node,
                    "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    "EXPRESSION_NOT_IN_DISTINCT",
                )
            value = Typed(f"c{found[0]}", value.type)
        return ordered(self.session, part, value)

    def _limits(self, node: exp.Expr) -> str:
        limit, offset = node.args.get("limit"), node.args.get("offset")
        sql = ""
        if isinstance(limit, exp.Fetch):
            sql += f" LIMIT {self._count(limit.args['count'], 'FETCH FIRST')}"
        elif limit is not None and not (
            isinstance(limit.expression, exp.Var) and limit.expression.name.upper() == "ALL"
        ):
            sql += f" LIMIT {self._count(limit.expression, 'LIMIT')}"
        if offset is not None:
            sql += f" OFFSET {self._count(offset.expression, 'OFFSET')}"
        return sql

    def _count(self, node: exp.Expr | None, what: str) -> int:
        if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
            raise self.session.unsupported(node or exp.Null(), f"{what} with anything but a number")
        return int(node.this)

    def _modified(self, node: exp.Expr, inner: Compiled, parent: Scope | None) -> Compiled:
        """ORDER BY and LIMIT of a set operation or a query in parentheses: over its outputs."""
        if not any(node.args.get(key) for key in ("order", "limit", "offset")):
            return inner
        items: list[Item] = [(name, Typed(f"c{index}", kind)) for index, (name, kind) in enumerate(inner.columns)]
        order = self._order(node, Scope(parent=parent), items, only_outputs=False)
        names = ", ".join(f"c{index}" for index in range(len(items)))
        return replace(inner, sql=f"SELECT {names} FROM ({inner.sql}) q{order}{self._limits(node)}", origins=())

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None) -> Compiled:
        left, right = self.compile(node.this, parent), self.compile(node.expression, parent)
        word = _SET_OPERATIONS[type(node)] + ("" if node.args.get("distinct") else " ALL")
        if len(left.columns) != len(right.columns):
            raise self.session.mismatch(
                node,
                f"{word.partition(' ')[0]} query has different number of fields: {len(left.columns)}, {len(right.columns)}",
            )
        kinds = []
        for number, ((_, a), (_, b)) in enumerate(zip(left.columns, right.columns, strict=True), 1):
            kind = common_type(a, b)
            if kind is None:
                raise self.session.mismatch(
                    node, f"column {number} in {word.partition(' ')[0]} query has incompatible types: {a}, {b}"
                )
            kinds.append(kind)
        if word != "UNION ALL":
            self._check_distinct(node, kinds)
        sides = [f"SELECT {_coerced(side, kinds)} FROM ({side.sql}) q" for side in (left, right)]
        columns = tuple((name, kind) for (name, _), kind in zip(left.columns, kinds, strict=True))
        return self._modified(node, Compiled(f"({sides[0]}) {word} ({sides[1]})", columns), parent)

    # Subqueries in expressions

    def scalar(self, node: exp.Subquery, scope: Scope) -> Typed:
        inner = self.compile(node.this, scope)
        if len(inner.columns) != 1:
            raise self.session.unsupported(node, "A scalar subquery with several columns")
        return Typed(f"({inner.sql})", inner.columns[0][1])

    def exists(self, node: exp.Exists, scope: Scope) -> Typed:
        query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        return Typed(f"EXISTS ({self.compile(query, scope).sql})", BOOLEAN)

    def member(self, node: exp.In, scope: Scope) -> Typed:
        """``value IN (query)``."""
        return self.quantified(
            exp.EQ(this=node.this.copy(), expression=exp.Any(this=node.args["query"].copy())),
            self.expressions.compile(node.this, scope),
            scope,
        )

    def quantified(self, node: exp.Expr, left: Typed, scope: Scope) -> Typed:
        """``value op ANY (query)`` and ``value op ALL (query)``."""
        query = node.expression.this
        inner = self.compile(query.this if isinstance(query, exp.Subquery) else query, scope)
        kind = common_type(left.type, inner.columns[0][1]) if len(inner.columns) == 1 else None
        if kind is None:
            raise self.session.mismatch(
                node,
                f"value and result of subquery must be of the same type for IN expression: {left.type} vs {inner.columns[0][1]}",
            )
        if kind.parts:
            raise self.session.unsupported(node, f"A comparison of {kind} with a subquery")
        word = "ANY" if isinstance(node.expression, exp.Any) else "ALL"
        item = coerce(Typed("c0", inner.columns[0][1]), kind).sql
        return Typed(
            f"({coerce(left, kind).sql} {operators.COMPARISONS[type(node)]} {word} (SELECT {item} FROM ({inner.sql}) q))",
            BOOLEAN,
        )


def ordered(session: Session, part: exp.Ordered, value: Typed) -> str:
    """One sort key; NULLs come last unless the query says otherwise, whatever the direction."""
    if value.type.name in {"map", "json"}:
        raise session.mismatch(part, f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY")
    direction = "DESC" if part.args.get("desc") else "ASC"
    return f"{value.sql} {direction} NULLS {'FIRST' if part.args.get('nulls_first') else 'LAST'}"


def coerce_unknown(value: Typed) -> Typed:
    """A bare NULL needs a type in DuckDB; Trino's is unknown, shown as text."""
    return Typed("CAST(NULL AS VARCHAR)", UNKNOWN) if value.type == UNKNOWN else value


def _coerced(side: Compiled, kinds: list[Type]) -> str:
    return ", ".join(
        f"{coerce(Typed(f'c{index}', kind), wanted).sql} AS c{index}"
        for index, ((_, kind), wanted) in enumerate(zip(side.columns, kinds, strict=True))
    )


def _origin(value: Typed, fields: list[Field]) -> tuple[Scan, str] | None:
    return next((field.origin for field in fields if field.origin is not None and field.value.sql == value.sql), None)
