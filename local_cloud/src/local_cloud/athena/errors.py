"""Word the failures of a query as Athena does.

Sources: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html (``AthenaError``: category 1 system, 2 user), and Trino's standard
error codes.
"""

from __future__ import annotations

from typing import Any

SYSTEM, USER = 1, 2
# Measured against Athena in September 2026: https://github.com/aoyagikouhei/athena-local/blob/main/docs/api.md
_ERROR_TYPES = {
    "HIVE_BAD_DATA": 1006, "HIVE_CURSOR_ERROR": 1006, "HIVE_PARTITION_SCHEMA_MISMATCH": 1006,
    "TABLE_NOT_FOUND": 1301, "SCHEMA_NOT_FOUND": 1301, "COLUMN_NOT_FOUND": 1006, "CATALOG_NOT_FOUND": 1006, "TYPE_MISMATCH": 1002,
    "FUNCTION_NOT_FOUND": 1303, "DIVISION_BY_ZERO": 1001, "INVALID_CAST_ARGUMENT": 1100, "NOT_SUPPORTED": 1200, "SYNTAX_ERROR": 1300,
    "PERMISSION_DENIED": 1500,
}  # fmt: skip
DEFAULT_ERROR_TYPE = 1000


class QueryFailedError(Exception):
    """The query ends FAILED; ``str()`` is its StateChangeReason."""

    def __init__(
        self, name: str, message: str, *, category: int = USER, position: tuple[int, int] | None = None
    ) -> None:
        self.name, self.category = name, category
        where = f"line {position[0]}:{position[1]}: " if position else ""
        self.message = f"{name}: {where}{message}" if name else where + message
        super().__init__(self.message)

    def athena_error(self) -> dict[str, Any]:
        """Return the ``AthenaError`` structure of GetQueryExecution."""
        return {
            "ErrorCategory": self.category,
            "ErrorType": _ERROR_TYPES.get(self.name, DEFAULT_ERROR_TYPE),
            "Retryable": False,
            "ErrorMessage": self.message,
        }


class QueryCancelledError(Exception):
    """The query was stopped; ``str()`` is its StateChangeReason."""


class MalformedQueryError(Exception):
    """The statement is no SQL of Athena: StartQueryExecution refuses it (AthenaErrorCode MALFORMED_QUERY)."""


def not_supported(what: str, position: tuple[int, int] | None = None) -> QueryFailedError:
    """Return the error for what Athena may do and the local cloud cannot do exactly. A wrong answer would be worse."""
    return QueryFailedError("NOT_SUPPORTED", f"{what} is not supported by the local cloud's Athena.", position=position)
