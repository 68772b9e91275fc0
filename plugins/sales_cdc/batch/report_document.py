"""What a batch found and did, as one document and as a page for people. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sales_cdc.contract.change_contract import EVENT_TYPES

MOST_ROWS = 50
MOST_ORDERS = 20
MOST_NAMED = 5
Document = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A query's rows with the question that its file opens with; ``query`` is the id of its execution, "" when there is none."""

    name: str
    question: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    query: str = ""

    def document(self) -> Document:
        shown = [list(row) for row in self.rows[:MOST_ROWS]]
        return {
            "name": self.name,
            "question": self.question,
            "query": self.query,
            "columns": list(self.columns),
            "rows": shown,
        }


def question_of(statement: str) -> str:
    """The question in a statement's header comment; of a header that says more, the first line."""
    return statement.strip().splitlines()[0].removeprefix("--").strip()


def changed_orders(answer: Answer) -> list[Document]:
    """Each order before and after the run: its columns, None where it did not stand."""
    orders = []
    for row in answer.rows[:MOST_ORDERS]:
        named = dict(zip(answer.columns, row, strict=True))
        order: Document = {"orderid": named["orderid"]}
        for when in ("before", "after"):
            said = {
                name.removeprefix(f"{when}_"): value for name, value in named.items() if name.startswith(f"{when}_")
            }
            order[when] = None if said.pop("is_deleted") else said
        orders.append(order)
    return orders


def batch_report(
    *,
    run_id: str,
    at: str,
    delivery: Mapping[str, Any],
    curated: Mapping[str, Any],
    checks: Mapping[str, int],
    answers: Iterable[Answer],
    changed: Answer,
    quarantine: Answer,
    reconciliation: Mapping[str, Any] | None,
    ledger: Mapping[str, Mapping[str, int]] | None = None,
    foreign_types: Mapping[str, str] | None = None,
) -> Document:
    """The report of one run; ``at`` in ISO-8601 UTC, ``written`` and ``delivered`` of the generate runs that it waited for.

    ``ledger``: what became of these changes, by event type; None when that was not recorded. ``foreign_types``: columns of the
    raw table whose type the pipeline's own lines do not explain.
    """
    return {
        "run_id": run_id,
        "at": at,
        "written": dict(delivery["awaited"]),
        "delivered": dict(delivery["delivered"]),
        "failed": delivery["failed"],
        "lost": delivery["missing"],
        "duplicates_in_raw": delivery["duplicates_in_raw"],
        "lag_seconds": dict(delivery["lag_seconds"]),
        "curated": {name: value for name, value in curated.items() if name != "time_travel"},
        "checks": [{"name": name, "rows": rows} for name, rows in checks.items()],
        "insights": [answer.document() for answer in answers],
        "changed_orders": changed_orders(changed),
        "reconciliation": dict(reconciliation) if reconciliation is not None else None,
        "ledger": ledger,
        "warnings": batch_warnings(foreign_types or {}, curated.get("quarantined", 0), quarantine),
        "quarantine": quarantine.document(),
    }


def batch_warnings(foreign_types: Mapping[str, str], quarantined: int, quarantine: Answer) -> list[str]:
    """What is odd and failed nothing. ``quarantined``: lines of this run; ``quarantine``: what lies there, newest first."""
    lines = [dict(zip(quarantine.columns, row, strict=True)) for row in quarantine.rows]
    warnings = []
    for column, kind in foreign_types.items():
        blamed = [
            f"{line['source_object']} ({line['reason']})"
            for line in lines
            if line["reason"].lower().startswith(f"{column} ")
        ]
        named = "; ".join(blamed[:MOST_NAMED]) or "an object of which no line was quarantined lately"
        warnings.append(
            f"The column {column} of raw_orders is {kind}, which the pipeline's own lines do not explain, for everyone who reads it. "
            f"The curated tables are not affected. The cause: {named}. Move foreign objects out of raw/ and run the batch again."
        )
    if quarantined:
        warnings.append(
            f"This run quarantined {quarantined} of raw/'s lines: they break the contract and are in no other curated table. "
            "Their objects and reasons are listed under 'In quarantine', all of them in orders_quarantine."
        )
    return warnings


def as_markdown(report: Mapping[str, Any]) -> str:
    """The page: counts first, then what changed, then what it means."""
    lag = report["lag_seconds"]
    return "\n\n".join(
        [
            f"# Batch {report['run_id']}",
            f"{report['at']}. Failed {report['failed']}, lost {report['lost']}, twice in raw {report['duplicates_in_raw']}.",
            *(["## Warnings", "\n".join(f"* {each}" for each in report["warnings"])] if report["warnings"] else []),
            f"From commit to S3: p50 {_cell(lag['p50'])} s, p99 {_cell(lag['p99'])} s, at most {_cell(lag['max'])} s.",
            _table(
                ["event type", "written", "delivered"],
                [[kind, report["written"][kind], report["delivered"][kind]] for kind in EVENT_TYPES],
            ),
            *_ledger(report["ledger"]),
            "## Curated",
            _table(["", "this run"], [[name, value] for name, value in report["curated"].items()]),
            *_quarantined(report["quarantine"]),
            "## Checks",
            _table(["check", "rows"], [[check["name"], check["rows"]] for check in report["checks"]]),
            *_reconciled(report["reconciliation"]),
            "## Orders before and after",
            _table(
                ["order", "before", "after"],
                [[each["orderid"], *_difference(each["before"], each["after"])] for each in report["changed_orders"]],
            ),
            "## Insights",
            *(
                f"**{each['question']}**\n\n{_table(each['columns'], each['rows'][:MOST_ORDERS])}"
                for each in report["insights"]
            ),
        ]
    )


def _ledger(entries: Mapping[str, Mapping[str, int]] | None) -> list[str]:
    if not entries:
        return []
    columns = list(next(iter(entries.values())))
    return ["## Ledger", _table(["event type", *columns], [[kind, *each.values()] for kind, each in entries.items()])]


def _quarantined(found: Mapping[str, Any]) -> list[str]:
    if not found["rows"]:
        return []
    return ["## In quarantine", _table(found["columns"], found["rows"])]


def _reconciled(counts: Mapping[str, Any] | None) -> list[str]:
    if counts is None:
        return []
    return ["## DynamoDB against orders", _table(list(counts), [list(counts.values())])]


def _difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, str]:
    """What an order said before and after: of one that stands in both, only what differs."""
    if before is None or after is None:
        return _said(before), _said(after)
    differs = [name for name in after if name != "creation_time" and after[name] != before.get(name)]
    return (
        _said({name: before.get(name) for name in differs}),
        _said({name: after[name] for name in differs}),
    )


def _said(order: Mapping[str, Any] | None) -> str:
    if order is None:
        return "—"
    return ", ".join(f"{name} {_cell(value)}" for name, value in order.items() if name != "creation_time") or "the same"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [[_cell(value) for value in row] for row in (columns, *rows)]
    if len(lines) == 1:
        return "None."
    lines.insert(1, ["---"] * len(columns))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    """A value inside a table's cell, on one line."""
    if value is None:
        return "—"
    if isinstance(value, list):
        return ", ".join(map(_cell, value)) or "—"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(held)}" for name, held in value.items())
    return " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|")
