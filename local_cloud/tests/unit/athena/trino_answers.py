"""Ask the local Athena what a real Trino was asked, and say how its answers differ.

A recording is a file of JSON lines: ``id``, ``sql``, and what Trino 476 answered: ``names``, ``types`` and ``rows``, or ``error``.
Run ``python -m tests.unit.athena.trino_answers FILE…`` in ``local_cloud/`` to classify every statement of recordings.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from local_cloud.athena.errors import MalformedQueryError, QueryFailedError
from local_cloud.athena.selection.connections import Connections
from local_cloud.athena.selection.selector import Selection
from local_cloud.athena.sql.dialect import compile_query
from local_cloud.athena.sql.model import Session
from local_cloud.athena.sql.parsing.grammar import parse_query

RIGHT, WRONG, UNSUPPORTED, MISLEADING, LENIENT = "right", "wrong", "unsupported", "misleading refusal", "lenient"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)  # when the statements were recorded


@dataclass(frozen=True)
class Answer:
    """What an engine answers: columns and rows as text, or an error."""

    names: Sequence[str] = ()
    types: Sequence[str] = ()
    rows: Sequence[Sequence[str | None]] = ()
    error: str = ""


class EmptyCatalog:
    """A Glue catalog without databases; the recorded statements bring their rows along."""

    def find_table(self, database: str, name: str) -> None:
        return None

    def databases(self) -> list[str]:
        return []


def recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answers(statements: Sequence[str], spill: Path) -> Iterator[Answer]:
    """Yield the local Athena's answer to each statement, without a running cloud."""
    with Connections(spill).one() as connection:
        for sql in statements:
            yield _answer(connection, sql)


def _answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    catalog: Any = EmptyCatalog()
    connection.execute("SELECT trino_refusal()")  # one of a statement before
    try:
        selection = Selection(connection, compile_query(Session(sql, catalog, "", NOW), parse_query(sql)))
        rows = [tuple(row) for row in selection.rows()]
    except MalformedQueryError as error:
        return Answer(error=f"SYNTAX_ERROR: {error}")
    except QueryFailedError as error:
        return Answer(error=error.message)
    names = [name for name, _ in selection.columns]
    return Answer(names, [str(kind) for _, kind in selection.columns], rows)


def verdict(case: dict[str, Any], answer: Answer) -> str:
    """Compare an answer with the recorded one."""
    if "error" in case:
        return RIGHT if answer.error else LENIENT
    if answer.error:
        return UNSUPPORTED if is_honest(answer.error) else MISLEADING
    return RIGHT if not difference(case, answer) else WRONG


def is_honest(error: str) -> bool:
    """Say whether a refusal tells that the local cloud is the reason, and not the statement."""
    return error.startswith("NOT_SUPPORTED: ") and "local cloud" in error


def difference(case: dict[str, Any], answer: Answer) -> str:
    """Return what differs: names, types, rows, or nothing."""
    if list(case["names"]) != list(answer.names):
        return "names"
    kinds = [_type(kind) for kind in case["types"]]
    if kinds != [_type(kind) for kind in answer.types]:
        return "types"
    mine, theirs = [list(row) for row in answer.rows], [list(row) for row in case["rows"]]
    if not re.search(r"\bORDER BY\b[^()]*$", case["sql"], re.IGNORECASE):
        mine, theirs = sorted(mine, key=str), sorted(theirs, key=str)
    unordered = re.search(r"array_agg\(DISTINCT [^()]*\)", case["sql"]) is not None
    same = len(mine) == len(theirs) and all(
        _same_value(a, b, kind, unordered=unordered)
        for one, other in zip(mine, theirs, strict=True)
        for a, b, kind in zip(one, other, kinds, strict=True)
    )
    return "" if same else "rows"


def _type(name: str) -> str:
    """Return a type as one spelling: Trino's protocol and Trino's functions write it with other spaces and quotes."""
    return re.sub(r'[\s"]', "", name).lower()


def _same_value(mine: str | None, theirs: str | None, kind: str, *, unordered: bool) -> bool:
    if mine == theirs:
        return True
    if mine is None or theirs is None:
        return False
    if "map(" in kind or kind.startswith("array("):  # neither a map nor what DISTINCT gathers has an order
        parts = [sorted(re.split(r"[\[\]{}, ]+", text)) for text in (mine, theirs)]
        return ("map(" in kind or unordered) and parts[0] == parts[1]
    if kind not in {"double", "real"}:
        return False
    try:
        return math.isclose(float(mine), float(theirs), rel_tol=1e-12 if kind == "double" else 1e-6)
    except ValueError:
        return False


def main(paths: Sequence[str]) -> None:
    """Print the counts, and every statement that is not right, as JSON lines."""
    counts: Counter[str] = Counter()
    for path in paths:
        cases = recorded(Path(path))
        for case, answer in zip(cases, answers([case["sql"] for case in cases], Path("/nonexistent")), strict=True):
            found = verdict(case, answer)
            counts[found] += 1
            if found != RIGHT:
                mine = answer.error or {"names": answer.names, "types": answer.types, "rows": answer.rows}
                print(json.dumps({"verdict": found, "mine": mine, **case}, ensure_ascii=False))
    print(dict(counts), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
