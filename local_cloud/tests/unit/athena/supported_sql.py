"""Write the page of supported SQL (``docs/supported-sql.md``) from the recordings of Trino's answers.

Run ``python -m tests.unit.athena.supported_sql`` in ``local_cloud/`` after a change of the recordings or of the functions.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.athena.trino_answers import recorded

from local_cloud.athena.sql.functions.known import names
from local_cloud.athena.sql.functions.registry import FUNCTIONS

RECORDINGS = Path(__file__).parent / "trino"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "supported-sql.md"
_HEAD = """# Supported SQL of the local Athena

This page is generated from the statements in `tests/unit/athena/trino/`, which a real Trino 476 answered
(`python -m tests.unit.athena.supported_sql` writes it). The local Athena gives each the same names, types and rows, or refuses what
Trino refuses. What Trino has and the local cloud cannot do exactly is refused with `NOT_SUPPORTED` and names the local cloud.

"""


def _functions() -> set[str]:
    return {*FUNCTIONS.scalars, *FUNCTIONS.aggregates, *FUNCTIONS.windows}


def _called(statements: list[str]) -> list[str]:
    """Return the functions that the statements call, in the order of the alphabet."""
    calls = {name.lower() for sql in statements for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", sql)}
    return sorted(calls & _functions())


def page() -> str:
    """Return the page's text."""
    rows = ["| recording | answered as Trino | refused as Trino | functions |", "| --- | ---: | ---: | --- |"]
    for path in sorted(RECORDINGS.glob("*.jsonl")):
        cases = recorded(path)
        answered = [case["sql"] for case in cases if "error" not in case]
        called = ", ".join(f"`{name}`" for name in _called(answered))
        rows.append(f"| {path.stem} | {len(answered)} | {len(cases) - len(answered)} | {called} |")
    missing = ", ".join(f"`{name}`" for name in sorted(names() - _functions()))
    return f"{_HEAD}" + "\n".join(rows) + f"\n\n## Functions of Trino that are refused\n\n{missing}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
