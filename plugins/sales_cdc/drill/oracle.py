"""Replay what the ledger says was written, and compare it with the curated tables. Pure.

This module imports nothing of the project on purpose: an oracle must not share code with the pipeline that it judges.
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
class Oracle:
    """The replayed ledger: each order's changes in the order in which they were written.

    A change's values are all values of the order after the change; there are none after a delete.
    """

    histories: Mapping[str, Sequence[Event]]

    @classmethod
    def replay(cls, lines: Iterable[bytes]) -> Oracle:
        """Replay the lines of ``written.jsonl``.

        >>> Oracle.replay([b'{"orderID": "a", "event_type": "INSERT", "set": {"quantity": 2}}']).alive()
        {'a': {'quantity': '2'}}
        """
        histories: dict[str, list[Event]] = {}
        for line in lines:
            document = json.loads(line, parse_float=Decimal)
            history = histories.setdefault(document["orderID"], [])
            before = history[-1][1] if history else {}
            fresh = {name: text_of(name, value) for name, value in (document.get("set") or {}).items()}
            history.append((document["event_type"], {} if document["event_type"] == "REMOVE" else {**before, **fresh}))
        return cls(histories)

    @property
    def changes(self) -> int:
        return sum(map(len, self.histories.values()))

    def alive(self) -> dict[str, Values]:
        """Return the values of the orders that are not deleted at the end."""
        return {order: history[-1][1] for order, history in self.histories.items() if history[-1][0] != "REMOVE"}


def text_of(name: str, value: Any) -> str:
    """Return a value as text for the comparison; a number without trailing zeros."""
    if name not in NUMBERS:
        return str(value)
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_csv(body: str) -> Iterator[dict[str, str]]:
    """Return the rows of an Athena result in CSV."""
    yield from csv.DictReader(io.StringIO(body))


def values_of(row: Mapping[str, str]) -> Values:
    """Return the values of a row that the drill writes, as text."""
    return {name: text_of(name, row[name]) for name in VALUES if row.get(name)}


def content_hash(orders: Mapping[str, Values]) -> str:
    """Return the SHA-256 of the orders and their values, sorted by order."""
    digest = hashlib.sha256()
    for order in sorted(orders):
        digest.update(json.dumps([order, sorted(orders[order].items())]).encode() + b"\n")
    return digest.hexdigest()


@dataclass(frozen=True)
class Comparison:
    """How the drill's orders in the curated tables differ from the oracle; orders are named by id."""

    lost: int
    duplicated: int
    out_of_order: Sequence[str]
    resurrected: Sequence[str]
    differing: Sequence[str]
    oracle_hash: str
    table_hash: str


def compare(oracle: Oracle, changes: Iterable[Mapping[str, str]], current: Iterable[Mapping[str, str]]) -> Comparison:
    """Compare the curated tables with the oracle; rows of orders that the oracle does not know are ignored.

    ``lost`` and ``duplicated`` count changes. An order is out of order when it has all of its changes in another sequence.

    Args:
        changes: rows of ``orders_changes``.
        current: rows of ``orders_current``.
    """
    found: dict[str, list[tuple[str, Event]]] = {}
    for row in changes:
        if row["orderid"] in oracle.histories:
            event = (row["event_type"], values_of(row))
            found.setdefault(row["orderid"], []).append((row["sequence_number"], event))
    lost = duplicated = 0
    out_of_order = []
    for order, history in oracle.histories.items():
        seen = [event for _, event in sorted(found.get(order, ()), key=lambda each: each[0])]
        wanted, had = Counter(map(_key, history)), Counter(map(_key, seen))
        lost += (wanted - had).total()
        duplicated += (had - wanted).total()
        if wanted == had and list(history) != seen:
            out_of_order.append(order)
    rows = {row["orderid"]: row for row in current if row["orderid"] in oracle.histories}
    shown = {order: values_of(row) for order, row in rows.items() if row["is_deleted"] != "true"}
    alive = oracle.alive()
    return Comparison(
        lost,
        duplicated,
        out_of_order,
        sorted(shown.keys() - alive.keys()),
        sorted(order for order in alive if shown.get(order) != alive[order]),
        content_hash(alive),
        content_hash(shown),
    )


def _key(event: Event) -> tuple[str, tuple[tuple[str, str], ...]]:
    return event[0], tuple(sorted(event[1].items()))
