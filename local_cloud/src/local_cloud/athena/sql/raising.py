"""Raise errors while a query runs, in Trino's words: a marked exception from a function that DuckDB calls."""

from __future__ import annotations

import logging
import re

import duckdb

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.quoting import ERROR_MARK
from local_cloud.athena.types import Type, duckdb_name

logger = logging.getLogger("local_cloud")
_MARKED = re.compile(ERROR_MARK + r"([A-Z0-9_]+): (.*?)(?:" + ERROR_MARK + r"|\Z)", re.DOTALL)


def raising(name: str, message: str, kind: Type) -> str:
    """Return SQL of type ``kind`` that ends the query. ``message`` goes inside single quotes: SQL can be spliced in."""
    return f"CAST(trino_fail('{name}: {message}') AS {duckdb_name(kind)})"


class QueryError(Exception):
    """Raised inside a function that DuckDB calls; the mark survives DuckDB's own wrapping."""

    def __init__(self, name: str, message: str) -> None:
        self.name, self.message = name, message
        super().__init__(f"{ERROR_MARK}{name}: {message}{ERROR_MARK}")


def fail(text: str | None) -> str:
    """Raise the error of ``trino_fail``."""
    name, _, message = (text or "GENERIC_USER_ERROR: NULL").partition(": ")
    raise QueryError(name, message)


def explained(error: duckdb.Error) -> QueryFailedError:
    """Return DuckDB's error as Athena would word it; it shows nothing of DuckDB or of this machine."""
    text = str(error)
    marked = _MARKED.search(text)
    if marked:
        return QueryFailedError(marked[1], marked[2].strip())
    if isinstance(error, duckdb.OutOfRangeException):
        return QueryFailedError("NUMERIC_VALUE_OUT_OF_RANGE", _overflow(text))
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryFailedError("EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exhausted resources at this scale factor")
    if isinstance(error, duckdb.ConversionException) and "INT128" in text:
        return QueryFailedError("NUMERIC_VALUE_OUT_OF_RANGE", "bigint addition overflow")
    if isinstance(error, duckdb.ConversionException):
        return QueryFailedError(
            "INVALID_CAST_ARGUMENT", "A value could not be converted to the type that the query asks for"
        )
    if "More than one row returned by a subquery" in text:
        return QueryFailedError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    logger.warning("a compiled query was refused by the engine: %s", text)
    return QueryFailedError("NOT_SUPPORTED", "The local cloud's Athena cannot run this query exactly")


def _overflow(text: str) -> str:
    match = re.search(r"Overflow in (\w+) of (\w+) \((.*?)\)", text)
    if not match:
        return "A number is out of the range of its type"
    kinds = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
    return f"{kinds.get(match[2], match[2].lower())} {match[1]} overflow: {match[3]}"
