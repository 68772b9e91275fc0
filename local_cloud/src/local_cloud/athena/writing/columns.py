"""Name the columns that a statement writes, and fit them to a table's."""

from __future__ import annotations

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.selection.selector import Selection
from local_cloud.athena.sql.model import Compiled, Typed
from local_cloud.athena.sql.values.casts import assigned, can_assign, cast
from local_cloud.athena.tables.buckets import TYPES as BUCKET_TYPES
from local_cloud.athena.types import UNKNOWN, Type
from local_cloud.athena.writing.files import Target


def named_columns(selection: Selection) -> list[tuple[str, Type]]:
    columns: list[tuple[str, Type]] = []
    for index, (name, kind) in enumerate(selection.compiled.columns, 1):
        if name is None:
            raise QueryFailedError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {index}")
        if name.lower() in dict(columns):
            raise QueryFailedError(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name.lower()}' specified more than once"
            )
        if kind == UNKNOWN:
            raise QueryFailedError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown at position {index}")
        columns.append((name.lower(), kind))
    return columns


def require_milliseconds(columns: list[tuple[str, Type]]) -> None:
    """Refuse timestamps that Hive's formats cannot hold: they have three digits.

    Raises:
        QueryFailedError: a column's timestamps have more or fewer.
    """
    for name, kind in columns:
        if kind.name == "timestamp" and kind.numbers != (3,):
            raise QueryFailedError(
                "NOT_SUPPORTED",
                f"Incorrect timestamp precision for {kind}; the configured precision is MILLISECONDS; column name: {name}",
            )
        require_milliseconds([(name, part) for part in kind.parts])


def require_bucketable(target: Target, columns: list[tuple[str, Type]]) -> None:
    """Refuse columns that Athena cannot bucket by.

    Raises:
        QueryFailedError: a column to bucket by is of such a type.
    """
    for name, kind in columns:
        if name in target.bucketed and kind.name not in BUCKET_TYPES:
            raise QueryFailedError("NOT_SUPPORTED", f"Cannot bucket by column {name} of type {kind}")


def fitted_to(selection: Selection, wanted: list[tuple[str, Type]], given: list[str]) -> Selection:
    """Cast the query's columns to the table's, in the table's order; columns that are not given are NULL.

    Raises:
        QueryFailedError: they do not fit.
    """
    if len(given) != len(selection.compiled.columns):
        raise QueryFailedError(
            "MISMATCHED_COLUMN",
            f"line 1:1: Insert query has {len(selection.compiled.columns)} expression(s) but expected {len(given)} target column(s)",
        )
    _check_names(wanted, given)
    kinds = {
        name: (index, kind)
        for index, (name, (_, kind)) in enumerate(zip(given, selection.compiled.columns, strict=True))
    }
    chosen = [_fitted(selection, wanted, kinds.get(name), kind) for name, kind in wanted]
    listed = ", ".join(f"{sql} AS c{index}" for index, sql in enumerate(chosen))
    compiled = Compiled(f"SELECT {listed} FROM ({selection.compiled.sql}) fitted", tuple(wanted))
    return Selection(selection.connection, compiled)


def _fitted(selection: Selection, wanted: list[tuple[str, Type]], source: tuple[int, Type] | None, kind: Type) -> str:
    """Return SQL of one column of the table from the output at a position; NULL when there is none."""
    if source is None:
        return cast(Typed("NULL", Type("unknown")), kind).sql
    position, given = source
    if not can_assign(given, kind):
        raise QueryFailedError(
            "TYPE_MISMATCH",
            f"line 1:1: Insert query has mismatched column types: Table: {[str(k) for _, k in wanted]}, Query: {[str(k) for _, k in selection.compiled.columns]}",
        )
    return assigned(Typed(f"c{position}", given), kind).sql


def _check_names(wanted: list[tuple[str, Type]], given: list[str]) -> None:
    repeated = next((name for name in given if given.count(name) > 1), None)
    if repeated is not None:
        raise QueryFailedError(
            "DUPLICATE_COLUMN_NAME", f"line 1:1: Insert column name is specified more than once: {repeated}"
        )
    unknown = set(given) - {name for name, _ in wanted}
    if unknown:
        raise QueryFailedError(
            "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {min(unknown)}"
        )
