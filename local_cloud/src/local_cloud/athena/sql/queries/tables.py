"""Compile the names of tables, views and named queries in FROM.

Sources: https://docs.aws.amazon.com/athena/latest/ug/views.html,
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.catalog.views import stored_view
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.compiler import Compiler
from local_cloud.athena.sql.model import Compiled, Field, Scan, Session, Typed
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.athena.sql.queries import information_schema
from local_cloud.athena.sql.queries.sources import Source, alias_columns, checked_aliases, derived, qualified
from local_cloud.athena.sql.queries.versions import version_of
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.types import VARCHAR, parse_type

MAX_VIEW_DEPTH = 20


def table_source(compiler: Compiler, node: exp.Table) -> Source:
    """Compile the name of a table, a view, a query of WITH or a table of ``information_schema``."""
    session = compiler.session
    name, database = node.name.lower(), (node.db or session.database).lower()
    if not node.db and name in session.common:
        return qualified(node, derived(session, node, session.common[name]), (name,))
    if node.catalog and node.catalog.lower() != "awsdatacatalog":
        raise session.invalid(node, f"Catalog '{node.catalog.lower()}' does not exist", "CATALOG_NOT_FOUND")
    if database == "information_schema":
        rows = information_schema.compiled(session, node, name)
        return qualified(node, derived(session, node, rows), (database, name))
    base, _, metadata = name.partition("$")
    table = _found(session, node, database, base)
    if table.is_view:
        return qualified(node, derived(session, node, _view(compiler, node, table)), (database, name))
    return qualified(node, _scan(session, node, table, metadata or None), (database, name))


def _found(session: Session, node: exp.Table, database: str, base: str) -> GlueTable:
    table = session.catalog.find_table(database, base)
    if table is not None:
        return table
    if not node.db and not node.catalog and not session.database:
        message = "Schema must be specified when session schema is not set"
        raise session.invalid(node, message, "MISSING_SCHEMA_NAME")
    message = f"Table 'awsdatacatalog.{database}.{node.name.lower()}' does not exist"
    raise session.invalid(node, message, "TABLE_NOT_FOUND")


def _scan(session: Session, node: exp.Table, table: GlueTable, metadata: str | None) -> Source:
    version = version_of(session, node, table)
    columns = information_schema.scanned_columns(session, node, table, version, metadata)
    scan = Scan(session.fresh("scan_"), table, columns, version, metadata=metadata)
    session.scans.append(scan)
    view = session.fresh("r")
    keys = _pruning_columns(table, [name for name, _ in columns]) if metadata is None else set()
    labels: list[str] = [name for name, _ in columns]
    if names := alias_columns(node):
        labels = [str(label).lower() for label in checked_aliases(session, node, names, len(labels))]
    fields = [
        Field(label, Typed(f"{view}.c{index}", kind), origin=(scan, name) if name in keys else None)
        for index, (label, (name, kind)) in enumerate(zip(labels, columns, strict=True))
    ]
    fields.append(Field("$path", Typed(f'{view}."$path"', VARCHAR), hidden=True))
    return f"{scan.view} {view}", fields


def _pruning_columns(table: GlueTable, columns: list[str]) -> set[str]:
    """Return the columns by which a condition may leave out a part of the table: those of partitions and buckets, and all of an Iceberg table."""
    return (
        set(columns) if table.is_iceberg else {column.name for column in table.partition_keys} | {*table.bucket_columns}
    )


def _view(compiler: Compiler, node: exp.Table, table: GlueTable) -> Compiled:
    """Compile the view's stored query, its columns cast to those that the catalog declares."""
    view = stored_view(table)
    compiled = _stored_query(compiler, node, table, view.sql, view.schema)
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


def _stored_query(compiler: Compiler, node: exp.Table, table: GlueTable, sql: str, database: str) -> Compiled:
    """Compile a view's text in the view's own database. Names that the query around it has defined are not known there."""
    session = compiler.session
    if session.view_depth >= MAX_VIEW_DEPTH:
        message = f"Statement is too deep: view {table.database}.{table.name}"
        raise session.invalid(node, message, "VIEW_IS_RECURSIVE")
    kept = session.sql, session.database, session.common
    session.sql, session.database, session.common = sql, database, {}
    session.view_depth += 1
    try:
        return compiler.query(parse_query(sql))
    except QueryFailedError as error:
        raise QueryFailedError(
            "INVALID_VIEW",
            f"Failed analyzing stored view 'awsdatacatalog.{table.database}.{table.name}': {error.message}",
        ) from error
    finally:
        session.sql, session.database, session.common = kept
        session.view_depth -= 1
