"""Compose the report of a batch, as a document and as a Markdown page. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sales_cdc.batch.report_warnings import batch_warnings, raw_table_warnings, rescued_document
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS

ENTITY = declared_contract().view
MAX_ROWS = 50
MAX_ORDERS = 20
Document = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Hold a query's rows and the question in its file's header comment.

    ``query`` is the id of its execution; "" when there is none.
    """

    name: str
    question: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    query: str = ""

    def document(self) -> Document:
        shown = [list(row) for row in self.rows[:MAX_ROWS]]
        return {
            "name": self.name,
            "question": self.question,
            "query": self.query,
            "columns": list(self.columns),
            "rows": shown,
        }


def question_of(statement: str) -> str:
    """Return the question in a statement's header comment: its first line."""
    return statement.strip().splitlines()[0].removeprefix("--").strip()


def changed_orders(answer: Answer) -> list[Document]:
    """Return each order's columns before and after the run; None where the order was not alive."""
    orders = []
    for row in answer.rows[:MAX_ORDERS]:
        named = dict(zip(answer.columns, row, strict=True))
        order: Document = {"orderid": KEYS.of_texts([named[column] for column in KEYS.columns])}
        for when in ("before", "after"):
            columns = {
                name.removeprefix(f"{when}_"): value for name, value in named.items() if name.startswith(f"{when}_")
            }
            order[when] = None if columns.pop("is_deleted") else columns
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
    raw_table: Mapping[str, Any] | None = None,
) -> Document:
    """Compose the report of one run; ``written`` and ``delivered`` count the generate runs that it waited for.

    Args:
        at: the time of the report, in ISO-8601 UTC.
        ledger: what became of these changes, by event type; None when that was not recorded.
        raw_table: what ``verify_raw_table`` found and mended.

    Example::

        as_markdown(batch_report(run_id="manual__1", at="2026-11-22T00:00:00+00:00", delivery=delivery, curated=counts, checks={},
                                 answers=[], changed=changed, quarantine=quarantine, reconciliation=None))
    """
    return {
        "run_id": run_id,
        "at": at,
        **_delivery_counts(delivery),
        "curated": _curated_counts(curated),
        "checks": [{"name": name, "rows": rows} for name, rows in checks.items()],
        "insights": [answer.document() for answer in answers],
        "changed_orders": changed_orders(changed),
        "reconciliation": dict(reconciliation) if reconciliation is not None else None,
        "ledger": ledger,
        "warnings": [
            *raw_table_warnings(raw_table or {}),
            *batch_warnings(raw_table or {}, curated),
        ],
        "quarantine": quarantine.document(),
        "rescued": rescued_document(curated.get("rescued") or {}),
    }


def _curated_counts(curated: Mapping[str, Any]) -> Document:
    counts = {name: value for name, value in curated.items() if name not in {"time_travel", "rescued"}}
    return counts | {"rescued": (curated.get("rescued") or {}).get("changes", 0)}


def _delivery_counts(delivery: Mapping[str, Any]) -> Document:
    return {
        "written": dict(delivery["awaited"]),
        "delivered": dict(delivery["delivered"]),
        "failed": delivery["failed"],
        "lost": delivery["missing"],
        "duplicates_in_raw": delivery["duplicates_in_raw"],
        "lag_seconds": dict(delivery["lag_seconds"]),
    }


def as_markdown(report: Mapping[str, Any]) -> str:
    """Return the report as a Markdown page: counts, then changed orders, then insights."""
    return "\n\n".join(
        [
            f"# Batch {report['run_id']}",
            f"{report['at']}. Failed {report['failed']}, lost {report['lost']}, duplicated in raw {report['duplicates_in_raw']}.",
            *_warnings(report["warnings"]),
            "From commit to S3: p50 {p50} s, p99 {p99} s, at most {max} s.".format(
                **{name: _cell(seconds) for name, seconds in report["lag_seconds"].items()}
            ),
            _table(
                ["event type", "written", "delivered"],
                [[kind, report["written"][kind], report["delivered"][kind]] for kind in EVENT_TYPES],
            ),
            *_ledger(report["ledger"]),
            "## Curated",
            _table(["", "this run"], [[name, value] for name, value in report["curated"].items()]),
            *_quarantined(report["quarantine"]),
            *_rescued(report.get("rescued") or {}),
            "## Checks",
            _table(["check", "rows"], [[check["name"], check["rows"]] for check in report["checks"]]),
            *_reconciled(report["reconciliation"]),
            f"## {ENTITY.capitalize()} before and after",
            _table(
                ["order", "before", "after"],
                [[each["orderid"], *_difference(each["before"], each["after"])] for each in report["changed_orders"]],
            ),
            "## Insights",
            *(
                f"**{each['question']}**\n\n{_table(each['columns'], each['rows'][:MAX_ORDERS])}"
                for each in report["insights"]
            ),
        ]
    )


def _warnings(warnings: Sequence[str]) -> list[str]:
    return ["## Warnings", "\n".join(f"* {each}" for each in warnings)] if warnings else []


def _ledger(entries: Mapping[str, Mapping[str, int]] | None) -> list[str]:
    if not entries:
        return []
    columns = list(next(iter(entries.values())))
    return ["## Ledger", _table(["event type", *columns], [[kind, *each.values()] for kind, each in entries.items()])]


def _quarantined(found: Mapping[str, Any]) -> list[str]:
    if not found["rows"]:
        return []
    return ["## In quarantine", _table(found["columns"], found["rows"])]


def _rescued(found: Mapping[str, Any]) -> list[str]:
    if not found.get("values"):
        return []
    return ["## Rescued values", _table(list(found["values"][0]), [list(each.values()) for each in found["values"]])]


def _reconciled(counts: Mapping[str, Any] | None) -> list[str]:
    if counts is None:
        return []
    return [f"## DynamoDB against {ENTITY}", _table(list(counts), [list(counts.values())])]


def _difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, str]:
    """Describe an order before and after; of one that is alive in both, only the columns that differ."""
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
    """Format a value for a table's cell, on one line."""
    if value is None:
        return "—"
    if isinstance(value, list):
        return ", ".join(map(_cell, value)) or "—"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(held)}" for name, held in value.items())
    return " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|")
