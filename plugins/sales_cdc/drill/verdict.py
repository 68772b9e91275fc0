"""The verdict of a drill: what the ledger says was written, replayed, against what the curated tables hold.

Pure, and on purpose a stranger to the project: it shares no code with the pipeline that it judges.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

VALUES = ("product_name", "quantity", "price", "order_status", "customer")
NUMBERS = frozenset({"quantity", "price"})

Values = dict[str, str]
Event = tuple[str, Values]


@dataclass(frozen=True)
class Claim:
    """One line of the verdict; it holds when ``found`` is what was ``expected``."""

    claim: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        return bool(self.expected == self.found)

    def document(self) -> dict[str, Any]:
        return {"claim": self.claim, "expected": self.expected, "found": self.found, "holds": self.holds}


@dataclass(frozen=True)
class Oracle:
    """The ledger, replayed: each order's changes in the order of writing, and the orders that live at the end.

    A change's values are all that the order holds after it (none after a delete).
    """

    histories: Mapping[str, Sequence[Event]]

    @classmethod
    def replay(cls, lines: Iterable[bytes]) -> Oracle:
        histories: dict[str, list[Event]] = {}
        for line in lines:
            told = json.loads(line, parse_float=Decimal)
            history = histories.setdefault(told["orderID"], [])
            before = history[-1][1] if history else {}
            fresh = {name: text_of(name, value) for name, value in (told.get("set") or {}).items()}
            history.append((told["event_type"], {} if told["event_type"] == "REMOVE" else {**before, **fresh}))
        return cls(histories)

    @property
    def changes(self) -> int:
        return sum(map(len, self.histories.values()))

    def alive(self) -> dict[str, Values]:
        return {order: history[-1][1] for order, history in self.histories.items() if history[-1][0] != "REMOVE"}


def text_of(name: str, value: Any) -> str:
    """A value as both sides write it: numbers by what they are worth, not by how many zeros follow."""
    if name not in NUMBERS:
        return str(value)
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_csv(body: str) -> Iterator[dict[str, str]]:
    """An Athena result."""
    yield from csv.DictReader(io.StringIO(body))


def values_of(row: Mapping[str, str]) -> Values:
    return {name: text_of(name, row[name]) for name in VALUES if row.get(name)}


def content_hash(orders: Mapping[str, Values]) -> str:
    """SHA-256 of the orders and their values, by order."""
    digest = hashlib.sha256()
    for order in sorted(orders):
        digest.update(json.dumps([order, sorted(orders[order].items())]).encode() + b"\n")
    return digest.hexdigest()


@dataclass(frozen=True)
class Comparison:
    """The drill's orders in the curated tables, held against the oracle; orders by id."""

    lost: int
    doubled: int
    out_of_order: Sequence[str]
    resurrected: Sequence[str]
    differing: Sequence[str]
    oracle_hash: str
    table_hash: str


def compare(oracle: Oracle, changes: Iterable[Mapping[str, str]], current: Iterable[Mapping[str, str]]) -> Comparison:
    """``changes`` are rows of orders_changes, ``current`` of orders_current; those of other orders are passed over.

    Lost and doubled count changes; an order is out of order when it has all its changes, but in another sequence.
    """
    found: dict[str, list[tuple[str, Event]]] = {}
    for row in changes:
        if row["orderid"] in oracle.histories:
            event = (row["event_type"], values_of(row))
            found.setdefault(row["orderid"], []).append((row["sequence_number"], event))
    lost = doubled = 0
    out_of_order = []
    for order, history in oracle.histories.items():
        seen = [event for _, event in sorted(found.get(order, ()), key=lambda each: each[0])]
        wanted, had = Counter(map(_key, history)), Counter(map(_key, seen))
        lost += (wanted - had).total()
        doubled += (had - wanted).total()
        if wanted == had and list(history) != seen:
            out_of_order.append(order)
    rows = {row["orderid"]: row for row in current if row["orderid"] in oracle.histories}
    shown = {order: values_of(row) for order, row in rows.items() if row["is_deleted"] != "true"}
    alive = oracle.alive()
    return Comparison(
        lost,
        doubled,
        out_of_order,
        sorted(shown.keys() - alive.keys()),
        sorted(order for order in alive if shown.get(order) != alive[order]),
        content_hash(alive),
        content_hash(shown),
    )


def _key(event: Event) -> tuple[str, tuple[tuple[str, str], ...]]:
    return event[0], tuple(sorted(event[1].items()))


def as_table(claims: Sequence[Claim]) -> str:
    """The verdict as plain text, one claim a line."""
    rows = [("", "claim", "expected", "found")]
    rows += [("ok" if each.holds else "NO", each.claim, _short(each.expected), _short(each.found)) for each in claims]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def as_markdown(claims: Sequence[Claim]) -> str:
    lines = ["| | claim | expected | found |", "| --- | --- | ---: | ---: |"]
    lines += [
        f"| {'✓' if each.holds else '✗'} | {each.claim} | {_short(each.expected)} | {_short(each.found)} |"
        for each in claims
    ]
    return "\n".join(lines)


def _short(value: Any) -> str:
    return f"{value:,}" if type(value) is int else str(value)[:16]
