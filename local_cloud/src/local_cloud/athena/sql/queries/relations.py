"""FROM: tables, views, subqueries, UNNEST and joins, each a piece of SQL with the fields it brings into sight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.catalog.views import stored_view
from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.model import Compiled, Field, Scan, Scope, Session, Typed
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.athena.sql.queries import information_schema
from local_cloud.athena.sql.queries.versions import version_of
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import BIGINT, VARCHAR, Type, parse_type

if TYPE_CHECKING:
    from local_cloud.athena.sql.queries.select import Queries

Source = tuple[str, list[Field]]
DEEPEST_VIEW = 20


class Relations:
    """Compiles the FROM clauses of one statement."""

    def __init__(self, session: Session, queries: Queries) -> None:
        self.session, self.queries = session, queries

    def source(self, node: exp.Select, parent: Scope | None) -> Source:
        """`` FROM …`` with its fields; empty when the query has none."""
        clause = node.args.get("from_")
        if clause is None:
            return "", []
        sql, fields = self._relation(clause.this, Scope(parent=parent))
        for join in [*(clause.this.args.get("joins") or []), *(node.args.get("joins") or [])]:
            sql, fields = self._join(join, sql, fields, parent)
        return f" FROM {sql}", fields

    def _relation(self, node: exp.Expr, scope: Scope) -> Source:
        if isinstance(node, exp.Table):
            return self._table(node)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, scope)
        if isinstance(node, exp.Lateral):
            sql, fields = self._named(node, self.queries.compile(node.this.this, scope))
            return f"LATERAL {sql}", fields
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            return self._parenthesised(node.this, scope)
        if isinstance(node, exp.Values):
            return self._named(node, self.queries.values(node, scope.parent))
        if isinstance(node, exp.Subquery):
            return self._named(node, self.queries.compile(node.this, scope.parent))
        raise self.session.unsupported(node, f"{type(node).__name__} in FROM")

    def _parenthesised(self, node: exp.Table, scope: Scope) -> Source:
        sql, fields = self._relation(node, scope)
        for join in node.args.get("joins") or []:
            sql, fields = self._join(join, sql, fields, scope.parent)
        return f"({sql})", fields

    def _named(self, node: exp.Expr, compiled: Compiled) -> Source:
        """A subquery under its alias."""
        view = self.session.fresh("r")
        alias = node.args.get("alias")
        qualifier = (alias.name.lower(),) if alias is not None and alias.this is not None else ()
        labels = [name for name, _ in compiled.columns]
        if alias is not None and alias.args.get("columns"):
            labels = self._aliases(node, [column.name for column in alias.args["columns"]], len(labels))
        origins = compiled.origins or (None,) * len(labels)
        fields = [
            Field(
                label.lower() if label else None,
                Typed(f"{view}.c{index}", kind),
                qualifier,
                label=label,
                origin=origins[index],
            )
            for index, (label, (_, kind)) in enumerate(zip(labels, compiled.columns, strict=True))
        ]
        return f"({compiled.sql}) {view}", fields

    def _aliases(self, node: exp.Expr, names: list[str], width: int) -> list[str | None]:
        if len(names) != width:
            raise self.session.invalid(
                node,
                f"Column alias list has {len(names)} entries but relation has {width} columns available",
                "MISMATCHED_COLUMN_ALIASES",
            )
        return list(names)

    # Tables and views

    def _table(self, node: exp.Table) -> Source:
        name, database = node.name.lower(), (node.db or self.session.database).lower()
        if not node.db and name in self.session.common:
            return self._aliased(node, self._named(node, self.session.common[name]), (name,))
        if node.catalog and node.catalog.lower() != "awsdatacatalog":
            raise self.session.invalid(node, f"Catalog '{node.catalog.lower()}' does not exist", "CATALOG_NOT_FOUND")
        if database == "information_schema":
            return self._aliased(
                node, self._named(node, information_schema.compiled(self.session, node, name)), (database, name)
            )
        base, _, metadata = name.partition("$")
        table = self.session.catalog.find_table(database, base)
        if table is None:
            if not node.db and not node.catalog and not self.session.database:
                raise self.session.invalid(
                    node, "Schema must be specified when session schema is not set", "MISSING_SCHEMA_NAME"
                )
            raise self.session.invalid(
                node, f"Table 'awsdatacatalog.{database}.{name}' does not exist", "TABLE_NOT_FOUND"
            )
        if table.is_view:
            return self._aliased(node, self._named(node, self._view(node, table)), (database, name))
        return self._aliased(node, self._scan(node, table, metadata or None), (database, name))

    @staticmethod
    def _aliased(node: exp.Table, source: Source, qualifier: tuple[str, ...]) -> Source:
        sql, fields = source
        if node.alias:
            return sql, fields if fields and fields[0].qualifier == (node.alias.lower(),) else [
                replace(field, qualifier=(node.alias.lower(),)) for field in fields
            ]
        return sql, [replace(field, qualifier=qualifier) for field in fields]

    def _scan(self, node: exp.Table, table: GlueTable, metadata: str | None) -> Source:
        version = version_of(self.session, node, table)
        columns = information_schema.scanned_columns(self.session, node, table, version, metadata)
        scan = Scan(self.session.fresh("scan_"), table, columns, version, metadata=metadata)
        self.session.scans.append(scan)
        view = self.session.fresh("r")
        keys = {column.name for column in table.partition_keys} if metadata is None else set()
        alias = node.args.get("alias")
        labels: list[str] = [name for name, _ in columns]
        if alias is not None and alias.args.get("columns"):
            labels = [
                str(label).lower()
                for label in self._aliases(node, [column.name for column in alias.args["columns"]], len(labels))
            ]
        fields = [
            Field(label, Typed(f"{view}.c{index}", kind), origin=(scan, name) if name in keys else None)
            for index, (label, (name, kind)) in enumerate(zip(labels, columns, strict=True))
        ]
        fields.append(Field("$path", Typed(f'{view}."$path"', VARCHAR), hidden=True))
        return f"{scan.view} {view}", fields

    def _view(self, node: exp.Table, table: GlueTable) -> Compiled:
        """The view's stored query, with the columns that the catalog declares."""
        view = stored_view(table)
        if self.session.view_depth >= DEEPEST_VIEW:
            raise self.session.invalid(
                node, f"Statement is too deep: view {table.database}.{table.name}", "VIEW_IS_RECURSIVE"
            )
        session = self.session
        kept = session.sql, session.database, session.common
        session.sql, session.database, session.common = view.sql, view.schema, {}
        session.view_depth += 1
        try:
            compiled = self.queries.compile(parse_query(view.sql))
        except QueryFailedError as error:
            raise QueryFailedError(
                "INVALID_VIEW",
                f"Failed analyzing stored view 'awsdatacatalog.{table.database}.{table.name}': {error.message}",
            ) from error
        finally:
            session.sql, session.database, session.common = kept
            session.view_depth -= 1
        if len(compiled.columns) != len(view.columns):
            raise QueryFailedError(
                "VIEW_IS_STALE",
                f"View 'awsdatacatalog.{table.database}.{table.name}' is stale or in invalid state: it must be re-created",
            )
        kinds = [parse_type(kind) for _, kind in view.columns]
        chosen = ", ".join(
            f"{coerce(Typed(f'c{index}', kind), wanted).sql} AS c{index}"
            for index, ((_, kind), wanted) in enumerate(zip(compiled.columns, kinds, strict=True))
        )
        columns = tuple((name, kind) for (name, _), kind in zip(view.columns, kinds, strict=True))
        return Compiled(f"SELECT {chosen} FROM ({compiled.sql}) q", columns, compiled.origins)

    # UNNEST

    def _unnest(self, node: exp.Unnest, scope: Scope) -> Source:
        columns: list[tuple[str, Type]] = []
        labels: list[str | None] = []
        lengths: list[str] = []
        for item in node.expressions:
            value = self.queries.expressions.compile(item, scope)
            lengths.append(f"coalesce({'cardinality' if value.type.name == 'map' else 'len'}({value.sql}), 0)")
            found = self._unnested(item, value)
            columns += found
            labels += value.type.element.names if value.type.element.name == "row" else [None] * len(found)
        if node.args.get("offset"):
            columns.append((f"unnest(range(1, CAST(greatest({', '.join(lengths)}) AS BIGINT) + 1))", BIGINT))
            labels.append(None)
        alias = node.args.get("alias")
        names = [column.name for column in (alias.args.get("columns") or [])] if alias is not None else []
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier) and names:
            names.append(offset.name)
        view = self.session.fresh("r")
        if names:
            labels = self._aliases(node, names, len(columns))
        qualifier = (alias.name.lower(),) if alias is not None and alias.this is not None else ()
        chosen = ", ".join(f"{sql} AS c{index}" for index, (sql, _) in enumerate(columns))
        fields = [
            Field(label.lower() if label else None, Typed(f"{view}.c{index}", kind), qualifier, label=label)
            for index, (label, (_, kind)) in enumerate(zip(labels, columns, strict=True))
        ]
        return f"LATERAL (SELECT {chosen}) {view}", fields

    def _unnested(self, node: exp.Expr, value: Typed) -> list[tuple[str, Type]]:
        """The columns that one array or map gives; an array of rows gives a column for each of their fields."""
        if value.type.name == "map":
            return [
                (f"unnest(map_keys({value.sql}))", value.type.parts[0]),
                (f"unnest(map_values({value.sql}))", value.type.parts[1]),
            ]
        if value.type.name != "array":
            raise self.session.mismatch(node, f"Cannot unnest type: {value.type}")
        element = value.type.element
        if element.name != "row":
            return [(f"unnest({value.sql})", element)]
        return [
            (f"unnest(list_transform({value.sql}, lambda u: u.f{index}))", part)
            for index, part in enumerate(element.parts)
        ]

    # Joins

    def _join(self, join: exp.Join, left_sql: str, left: list[Field], parent: Scope | None) -> Source:
        side, kind = (join.args.get("side") or "").upper(), (join.args.get("kind") or "").upper()
        if kind not in {"", "CROSS", "INNER", "OUTER"}:
            raise self.session.invalid(join, f"mismatched input '{kind}'")
        right_sql, right = self._relation(join.this, Scope(fields=tuple(left), parent=parent))
        for inner in join.this.args.get("joins") or []:
            right_sql, right = self._join(inner, right_sql, right, parent)
        fields = [*left, *right]
        if join.args.get("using"):
            return self._using(join, side, left_sql, left, right_sql, right)
        on = join.args.get("on")
        if on is None:
            if kind != "CROSS" and side:
                raise self.session.invalid(join, "mismatched input. Expecting: 'ON', 'USING'")
            return f"{left_sql} CROSS JOIN {right_sql}", fields
        condition = self.queries.expressions.condition(on, Scope(fields=tuple(fields), parent=parent), "JOIN ON clause")
        if side:
            fields = [replace(field, origin=None) if side == "FULL" else field for field in fields]
        return f"{left_sql} {side + ' ' if side else ''}JOIN {right_sql} ON {condition}", fields

    def _using(
        self, join: exp.Join, side: str, left_sql: str, left: list[Field], right_sql: str, right: list[Field]
    ) -> Source:
        merged, conditions, taken = [], [], set()
        for column in join.args["using"]:
            name = column.name.lower()
            a, b = (next((field for field in fields if field.name == name), None) for fields in (left, right))
            if a is None or b is None:
                raise self.session.invalid(
                    join,
                    f"Column '{name}' is missing from {'left' if a is None else 'right'} side of join",
                    "COLUMN_NOT_FOUND",
                )
            kind = common_type(a.value.type, b.value.type)
            if kind is None:
                raise self.session.mismatch(
                    join, f"Column type mismatch in JOIN USING: {a.value.type} and {b.value.type}"
                )
            x, y = coerce(a.value, kind).sql, coerce(b.value, kind).sql
            conditions.append(f"{x} = {y}")
            chosen = {"RIGHT": y, "FULL": f"coalesce({x}, {y})"}.get(side, x)
            merged.append(Field(name, Typed(chosen, kind)))
            taken |= {id(a), id(b)}
        rest = [field for field in [*left, *right] if id(field) not in taken]
        return f"{left_sql} {side + ' ' if side else ''}JOIN {right_sql} ON {' AND '.join(conditions)}", [
            *merged,
            *rest,
        ]
