"""The rows of an Athena query: read from its first page, and shown as a table of plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_ROWS = 999  # of one GetQueryResults call; its first row repeats the column names
EXACT: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    "decimal": Decimal,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
}


@dataclass(frozen=True)
class QueryRows:
    """A query's columns by name and by Athena's type, and its rows as Athena's texts (None for NULL)."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]

    def values(self) -> list[list[Any]]:
        """The rows with whole numbers, decimals and booleans as such, exact; everything else stays text."""
        exact = [EXACT.get(kind, str) for kind in self.types]
        return [
            [None if cell is None else make(cell) for make, cell in zip(exact, row, strict=True)] for row in self.rows
        ]

    def as_table(self) -> str:
        """Plain text columns, as wide as their widest value; empty for NULL."""
        return as_table(self.columns, [[cell or "" for cell in row] for row in self.rows])


def first_rows(client: Any, query_execution_id: str, limit: int = MAX_ROWS) -> QueryRows:
    """The first rows of a SELECT that has succeeded. Source: Amazon Athena API Reference, *GetQueryResults*."""
    found = client.get_query_results(QueryExecutionId=query_execution_id, MaxResults=limit + 1)["ResultSet"]
    columns = found["ResultSetMetadata"]["ColumnInfo"]
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found["Rows"][1:]]
    return QueryRows([column["Name"] for column in columns], [column["Type"] for column in columns], rows)


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[at]) for line in (header, *rows)) for at in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (header, *rows)
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])
