"""State what a drill claims, expected against found, as text and as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One line of the verdict; it holds when ``found`` equals ``expected``."""

    claim: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        return bool(self.expected == self.found)

    def document(self) -> dict[str, Any]:
        """Return the claim as the report has it."""
        return {"claim": self.claim, "expected": self.expected, "found": self.found, "holds": self.holds}


def as_table(claims: Sequence[Claim]) -> str:
    """Return the claims as a plain text table, one claim a line."""
    rows = [("", "claim", "expected", "found")]
    rows += [("ok" if each.holds else "NO", each.claim, _short(each.expected), _short(each.found)) for each in claims]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def as_markdown(claims: Sequence[Claim]) -> str:
    """Return the claims as a Markdown table."""
    lines = ["| | claim | expected | found |", "| --- | --- | ---: | ---: |"]
    lines += [
        f"| {'✓' if each.holds else '✗'} | {each.claim} | {_short(each.expected)} | {_short(each.found)} |"
        for each in claims
    ]
    return "\n".join(lines)


def _short(value: Any) -> str:
    return f"{value:,}" if type(value) is int else str(value)[:16]
