"""Write the report of a batch as a Markdown page. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sales_cdc.batch.report_document import MAX_ORDERS
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.declared import declared_contract

ENTITY = declared_contract().view


def as_markdown(report: Mapping[str, Any]) -> str:
    """Return the report as a Markdown page: counts, then changed orders, then insights."""
    return "\n\n".join(
        [
            f"# Batch {report['run_id']}",
            *_verdict(report.get("verdict")),
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


def failure_page(failure: Mapping[str, Any]) -> str:
    """Return the verdict of a batch that failed as a Markdown page."""
    return "\n\n".join([f"# Batch {failure['run_id']}: failed", *_verdict(failure["verdict"]), str(failure["at"])])


def _verdict(verdict: Mapping[str, Any] | None) -> list[str]:
    if verdict is None:
        return []
    return [" ".join(each for each in (f"**{verdict['sentence']}**", verdict["reason"], verdict["remedy"]) if each)]


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
