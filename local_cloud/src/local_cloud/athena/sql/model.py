"""Define what the compiler passes around: typed SQL, the fields in sight, and the tables that a query reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlglot import exp

from local_cloud.athena.catalog.glue import Catalog, GlueTable
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.sql.parsing.grammar import line_and_column, start_of
from local_cloud.athena.types import Type

PATH_COLUMN = "$path"


@dataclass(frozen=True, slots=True)
class Typed:
    """DuckDB SQL that yields values of a Trino type; safe to put next to any operator."""

    sql: str
    type: Type


@dataclass(frozen=True, slots=True)
class Field:
    """A column in sight. ``*`` has no hidden ones.

    ``name``: None when it has none; ``qualifier``: the relation's name or alias;
    ``origin``: the scan and column, of a partition or of an Iceberg table, that every value of it comes from unchanged.
    """

    name: str | None
    value: Typed
    qualifier: tuple[str, ...] = ()
    hidden: bool = False
    label: str | None = None
    origin: tuple[Scan, str] | None = None

    @property
    def shown(self) -> str | None:
        """Return the name as it was written."""
        return self.label or self.name

    def is_meant_by(self, parts: tuple[str, ...]) -> bool:
        """Say whether a name, qualified or not, means this field."""
        if self.name != parts[-1]:
            return False
        return len(parts) == 1 or self.qualifier[-(len(parts) - 1) :] == parts[:-1]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where names are looked up.

    ``groups``: SQL of the grouping keys when the query is aggregated, else None; ``variables``: a lambda's; ``outputs``: what ORDER BY
    knows by the names of the list, None where two have the name.
    """

    fields: tuple[Field, ...] = ()
    parent: Scope | None = None
    variables: dict[str, Typed] = field(default_factory=dict)
    groups: frozenset[str] | None = None
    aggregates: bool = False
    windows: dict[str, exp.Window] = field(default_factory=dict)
    outputs: Mapping[str, Typed | None] = field(default_factory=dict)

    def inside_aggregate(self) -> Scope:
        return replace(self, groups=None, aggregates=False)

    def with_variables(self, variables: dict[str, Typed]) -> Scope:
        return replace(self, variables={**self.variables, **variables})


@dataclass(frozen=True, slots=True)
class Demand:
    """What a condition demands of one column, with constants: ``=``, ``<``, ``<=``, ``>``, ``>=`` or ``any`` or ``all`` of ``parts``.

    ``kind``: the constant's type: ``varchar``, ``number``, ``boolean``, ``timestamp`` or ``date``; ``text``: the constant as it is written.
    """

    column: str
    sign: str
    kind: str = ""
    text: str = ""
    parts: tuple[Demand, ...] = ()


@dataclass(slots=True, eq=False)
class Scan:
    """One reading of a table: the view that will hold it, and the conditions on its partitions (SQL over their columns).

    ``demands``: what the rows have to meet, each of one column of an Iceberg table, of partitions or of buckets.

    ``version``: of an Iceberg table, ("VERSION", snapshot id) or ("TIMESTAMP", moment); ``metadata``: the name after ``$``.
    ``columns``: all that the view has, in order; ``needed``: the names of those that the query needs, ``$path`` among them.
    """

    view: str
    table: GlueTable
    columns: list[tuple[str, Type]]
    version: tuple[str, Any] | None = None
    conditions: list[str] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    metadata: str | None = None
    needed: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query in DuckDB's SQL with its columns: ``c0``, ``c1``, … in the order of ``columns``."""

    sql: str
    columns: tuple[tuple[str | None, Type], ...]
    origins: tuple[tuple[Scan, str] | None, ...] = ()


class VersionedTables(Protocol):
    """Knows the columns of Iceberg tables, which the Glue catalog shows less exactly."""

    def columns(self, table: GlueTable, version: tuple[str, Any] | None) -> list[tuple[str, Type]]: ...

    def partition_columns(self, table: GlueTable) -> list[tuple[str, Type]]: ...


@dataclass(slots=True)
class Session:
    """One statement's compilation: its text, the catalog it sees, and the tables found so far.

    ``resolved``: the field that each name means, as SQL, by the text that has the name and the name's place in it.
    """

    sql: str
    catalog: Catalog
    database: str
    now: datetime
    iceberg: VersionedTables | None = None
    scans: list[Scan] = field(default_factory=list)
    common: dict[str, Compiled] = field(default_factory=dict)
    view_depth: int = 0
    resolved: dict[tuple[str, int], str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self, prefix: str) -> str:
        """Return a name that nothing else of the statement has."""
        return f"{prefix}{next(self._numbers)}"

    def resolve(self, node: exp.Expr, meant: str) -> None:
        """Keep what a name means."""
        start = start_of(node)
        if start is not None:
            self.resolved[self.sql, start] = meant

    def meaning(self, node: exp.Expr) -> str | None:
        """Return the field that a name means, as SQL; None for what is no field, as a lambda's variable."""
        start = start_of(node)
        return None if start is None else self.resolved.get((self.sql, start))

    def place(self, node: exp.Expr) -> tuple[int, int]:
        start = start_of(node)
        return line_and_column(self.sql, start) if start is not None else (1, 1)

    def mismatch(self, node: exp.Expr, message: str) -> QueryFailedError:
        return QueryFailedError("TYPE_MISMATCH", message, position=self.place(node))

    def invalid(self, node: exp.Expr, message: str, name: str = "SYNTAX_ERROR") -> QueryFailedError:
        return QueryFailedError(name, message, position=self.place(node))

    def unsupported(self, node: exp.Expr, what: str) -> QueryFailedError:
        return not_supported(what, self.place(node))
