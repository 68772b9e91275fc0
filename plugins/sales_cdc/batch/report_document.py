"""Compose the report of a batch as a document. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sales_cdc.batch.report_warnings import (
    backfill_warning,
    batch_warnings,
    given_up_warning,
    raw_table_warnings,
    rescued_document,
)
from sales_cdc.contract.order_keys import KEYS

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
    holding_rescued: Mapping[str, Any] | None = None,
    given_up: Sequence[Mapping[str, str]] = (),
) -> Document:
    """Compose the report of one run; ``written`` and ``delivered`` count the generate runs that it waited for.

    Args:
        at: the time of the report, in ISO-8601 UTC.
        ledger: what became of these changes, by event type; None when that was not recorded.
        raw_table: what ``verify_raw_table`` found and mended.
        holding_rescued: which orders hold a rescued value now, whichever run rescued it; None when that was not asked.
        given_up: the changes that the pipe gave up on: order, event type, reason.

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
            *given_up_warning(given_up),
            *backfill_warning(reconciliation),
        ],
        "quarantine": quarantine.document(),
        "rescued": rescued_document(curated.get("rescued") or {}),
        "open": {"rescued": dict(holding_rescued)} if holding_rescued else {},
        "given_up": [dict(each) for each in given_up],
    }


def with_verdict(report: Mapping[str, Any], verdict: Mapping[str, Any]) -> Document:
    """Return the report with the verdict on the tables right after its run and time."""
    first = {name: report[name] for name in ("run_id", "at")}
    return {**first, "verdict": dict(verdict), **report}


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
