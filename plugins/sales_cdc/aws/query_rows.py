"""The rows of an Athena query, and their form as a table of plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

EXACT: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    "decimal": Decimal,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
}


@dataclass(frozen=True)
class QueryRows:
    """A query's columns by name and by Athena's type, and its rows as Athena's texts (None for NULL).

    ``changed_rows`` is how many rows a statement changed, 0 where Athena counts none.
    """

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]
    changed_rows: int = field(default=0, kw_only=True)

    def as_dicts(self) -> list[dict[str, str | None]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def values(self) -> list[list[Any]]:
        """The rows with whole numbers, decimals and booleans as such, exact; everything else stays text."""
        exact = [EXACT.get(kind, str) for kind in self.types]
        return [
            [None if cell is None else make(cell) for make, cell in zip(exact, row, strict=True)] for row in self.rows
        ]

    def as_table(self) -> str:
        """Plain text columns, as wide as their widest value; empty for NULL."""
        return as_table(self.columns, [[cell or "" for cell in row] for row in self.rows])


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[at]) for line in (header, *rows)) for at in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (header, *rows)
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])
