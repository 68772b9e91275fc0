"""Cut the ledger's reports and the failed records to what the page shows. Pure.

Other features write the reports. What a report lacks is left out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.verdict.lake_reader import MAX_OBJECTS, Report, Tail

MAX_RECORDS = 50
MAX_ORDERS = 50
MAX_CHANGED = 20
MAX_REASON_LENGTH = 300
MAX_RAW_LENGTH = 4_000


def batch_view(report: Report) -> dict[str, Any]:
    """Return the ledger of a batch: written against delivered, lag, and checks."""
    document = report.document
    written, delivered = _counts(document.get("written")), _counts(document.get("delivered"))
    return {
        **_named(report),
        "ledger": [
            {
                "event_type": kind,
                "written": written[kind],
                "delivered": delivered[kind],
                "missing": _less(written[kind], delivered[kind]),
            }
            for kind in EVENT_TYPES
        ],
        **{name: _number(document.get(name)) for name in ("failed", "lost", "duplicates_in_raw")},
        "lag_seconds": _mapping(document.get("lag_seconds")),
        "curated": {k: v for k, v in _mapping(document.get("curated")).items() if isinstance(v, int)},
        "checks": [
            {"name": str(each.get("name", "")).replace("_", " "), "rows": _number(each.get("rows"))}
            for each in _listed(document.get("checks"))
        ],
        "changed_orders": _listed(document.get("changed_orders"))[:MAX_CHANGED],
        "changed_count": len(_listed(document.get("changed_orders"))),
    }


def reconciliation_view(report: Report) -> dict[str, Any]:
    """Return whether the curated table equals the orders table, and which orders differ."""
    document = report.document
    counts = {name: _number(_mapping(document.get("counts")).get(name)) for name in ("missing", "extra", "stale")}
    stale = [
        {"orderid": str(each.get("orderid", "")), "fields": _mapping(each.get("fields"))}
        for each in _listed(document.get("stale"))[:MAX_ORDERS]
    ]
    coverage = _mapping(document.get("coverage"))
    return {
        **_named(report),
        **{name: _number(document.get(name)) for name in ("source_items", "curated_items", "matching", "in_flight")},
        "reads_all": coverage.get("reads_all") is not False,
        "why": str(coverage.get("why") or ""),
        "changed": _number(coverage.get("changed")),
        "reopened": _number(coverage.get("open")),
        "parts": [
            {"part": part, "verified_at": str(at), "is_new": part in _values(coverage.get("parts"))}
            for part, at in enumerate(_values(coverage.get("verified_at")), 1)
        ],
        "cutoff": document.get("cutoff"),
        "counts": counts,
        "is_equal": None if None in counts.values() else not any(counts.values()),
        "missing": [str(each) for each in _values(document.get("missing"))[:MAX_ORDERS]],
        "extra": [str(each) for each in _values(document.get("extra"))[:MAX_ORDERS]],
        "stale": stale,
    }


def drill_view(report: Report) -> dict[str, Any]:
    """Return a drill's verdict, claim by claim, and how often each fault struck."""
    document = report.document
    orders = _mapping(document.get("orders"))
    struck = {**_mapping(document.get("struck")), **_mapping(document.get("extras"))}
    return {
        **_named(report),
        "is_exact": document.get("verdict") == "exact",
        "claims": [
            {
                "claim": str(each.get("claim", "")),
                "expected": _short(each.get("expected")),
                "found": _short(each.get("found")),
                "holds": each.get("holds") is True,
            }
            for each in _listed(document.get("claims"))
        ],
        "orders": {name: _number(orders.get(name)) for name in ("all", "live")},
        "struck": {name.replace("_", " "): count for name, count in struck.items() if _number(count)},
    }


def counts_view(report: Report) -> dict[str, Any]:
    """Return the numbers, words and reasons of a repair's or a redrive's report, under any names."""
    document = report.document
    simple = {
        name.replace("_", " "): value
        for name, value in document.items()
        if isinstance(value, int | str | float)
        and value != ""
        and name not in ("run_id", "at")
        and len(str(value)) <= MAX_REASON_LENGTH
    }
    tables = {name.replace("_", " "): _listed(value)[:MAX_ORDERS] for name, value in document.items()}
    reasons = {
        name.replace("_", " "): _mapping(value) for name, value in document.items() if name.endswith("by_reason")
    }
    return {
        **_named(report),
        "facts": simple,
        "reasons": {name: counts for name, counts in reasons.items() if counts},
        "tables": {name: rows for name, rows in tables.items() if rows},
    }


def failures_view(tail: Tail, waiting: int | None) -> dict[str, Any]:
    """Return the newest failed records, counted by reason; ``waiting`` positions are in the dead-letter queue, None: it cannot be read."""
    records = [_failed(line, stored.key, stored.at.isoformat()) for line, stored in tail.lines]
    reasons = Counter(record["reason"] for record in records)
    return {
        "count": len(records),
        "is_whole": tail.is_whole,
        "dead_letters": waiting,
        "by_reason": [{"reason": reason, "count": count} for reason, count in reasons.most_common()],
        "records": records[:MAX_RECORDS],
    }


def failed_list(read: Callable[[int], Tail], page: int) -> dict[str, Any]:
    """Return a page of failed records; a page has those of ``MAX_OBJECTS`` objects. ``total`` counts the objects."""
    tail = read((page - 1) * MAX_OBJECTS)
    records = [_failed(line, stored.key, stored.at.isoformat()) for line, stored in tail.lines]
    return {"records": records, "total": len(tail.objects), "page": page, "size": MAX_OBJECTS, "of": "objects"}


def quarantined_list(rows: Sequence[Mapping[str, str | None]], page: int, size: int, total: int) -> dict[str, Any]:
    """Return a page of quarantined lines in the form of failed records; the order and event type are in the line, if it is JSON."""
    return {"records": [_quarantined(row) for row in rows], "total": total, "page": page, "size": size, "of": "lines"}


def _quarantined(row: Mapping[str, str | None]) -> dict[str, Any]:
    line = str(row["raw_line"] or "")
    try:
        event = _mapping(json.loads(line))
    except ValueError:
        event = {}
    return {
        "reason": str(row["reason"] or "No reason given")[:MAX_REASON_LENGTH],
        "orderid": KEYS.of_event(event) if KEYS.names_event(event) else "",
        "event_type": str(event.get("event_type") or ""),
        "object": f"{row['source_object']}, line {row['line_number']}",
        "at": None,
        "raw": line[:MAX_RAW_LENGTH],
        "is_cut": len(line) > MAX_RAW_LENGTH,
    }


def _failed(line: Mapping[str, Any], key: str, stored_at: str) -> dict[str, Any]:
    """Return the error in a failed record's line, and the order and event type in its base64 ``rawData``."""
    event = _raw_event(line.get("rawData"))
    keys = _mapping(_mapping(event.get("dynamodb")).get("Keys"))
    reason = str(line.get("errorMessage") or line.get("errorCode") or "No reason given")
    return {
        "reason": reason[:MAX_REASON_LENGTH],
        "code": str(line.get("errorCode") or ""),
        "attempts": _number(line.get("attemptsMade")),
        "orderid": _order_id(keys),
        "event_type": str(event.get("eventName") or ""),
        "object": key,
        "at": stored_at,
        **_raw_text(line.get("rawData")),
    }


def _raw_text(encoded: Any) -> dict[str, Any]:
    """Return the beginning of a record's original data; bytes that are no UTF-8 are shown as replacements."""
    try:
        text = base64.b64decode(str(encoded or ""), validate=True).decode(errors="replace")
    except binascii.Error:
        text = ""
    return {"raw": text[:MAX_RAW_LENGTH], "is_cut": len(text) > MAX_RAW_LENGTH}


def _order_id(keys: Mapping[str, Any]) -> str:
    """Return the id of a record's order; "" when the record names none."""
    try:
        return KEYS.of_item(keys)
    except (KeyError, TypeError, ValueError):
        return ""


def _raw_event(encoded: Any) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(base64.b64decode(str(encoded or ""), validate=True)))
    except (binascii.Error, ValueError):
        return {}


def run_of(report: Report) -> str:
    """Return the id of the run that wrote a report, or the report's key if it names none."""
    return str(report.document.get("run_id") or report.key)


def query_of(report: Report, insight: str) -> str:
    """Return the id of the query that answered a batch's insight; "" when the report names none."""
    named = {each.get("name"): each.get("query") for each in _listed(report.document.get("insights"))}
    return str(named.get(insight) or "")


def _named(report: Report) -> dict[str, Any]:
    return {
        "run_id": run_of(report),
        "at": str(report.document.get("at") or report.at.isoformat()),
        "object": report.key,
    }


def _short(value: Any) -> int | str:
    """Return a count as it is, and the beginning of a digest."""
    number = _number(value)
    return str(value)[:8] if number is None else number


def _counts(value: Any) -> dict[str, int | None]:
    """Return the counts by event type; None where the report has none."""
    return {kind: _number(_mapping(value).get(kind)) for kind in EVENT_TYPES}


def _less(written: int | None, delivered: int | None) -> int | None:
    return None if written is None or delivered is None else max(0, written - delivered)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in _values(value) if isinstance(each, dict)]
