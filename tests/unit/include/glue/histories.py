"""Random histories of orders, the raw lines that carry them, and the tables that they have to become: plain Python."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Change = dict[str, Any]

START = datetime(2026, 11, 1, tzinfo=UTC)


def random_histories(rng: random.Random, orders: int, changes: int) -> list[Change]:
    """``changes`` changes of each of ``orders`` orders."""
    return [change for number in range(orders) for change in _history(rng, f"order-{number}", changes)]


def _history(rng: random.Random, orderid: str, length: int) -> list[Change]:
    """The changes of one order in their true order; times fall into few seconds and stray over days."""
    alive, changes = False, []
    moment = START + timedelta(days=rng.randrange(10))
    for number in _numbers(rng, length):
        event_type = rng.choice(["MODIFY", "MODIFY", "MODIFY", "REMOVE"]) if alive else "INSERT"
        alive = event_type != "REMOVE"
        moment += timedelta(seconds=rng.choice([0, 0, 1, 40_000]))
        changes.append(_change(rng, orderid, event_type, number, moment))
    return changes


def _numbers(rng: random.Random, length: int) -> list[int]:
    """Sequence numbers of 21 and of 40 digits."""
    short, long = rng.sample(range(10**3), length // 2), rng.sample(range(10**3), length - length // 2)
    return sorted([10**20 + 7 * number for number in short] + [9 * 10**39 + number for number in long])


def _change(rng: random.Random, orderid: str, event_type: str, number: int, moment: datetime) -> Change:
    gone = event_type == "REMOVE"
    return {
        "orderID": orderid,
        "product_name": None if gone else rng.choice(["laptop", "", "Überzug \u2028 \U0001f4e6"]),
        "quantity": None if gone else rng.choice([0, -3, 2**63 - 1, None]),
        "price": None if gone else rng.choice(["10.50", "9999999999.99", "0", "-0.01", "1E+1", "7.1000"]),
        "event_type": event_type,
        "creation_time": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "event_id": f"{orderid}/{number}",
        "sequence_number": str(number).zfill(rng.choice([0, 40])),
        "actor": rng.choice(["user", "ttl"]),
        **(
            {}
            if gone
            else rng.choice([{}, {"weight": 1}, {"weight": "heavy"}, {"colour": True}, {"gift": {"to": ["x", None]}}])
        ),
    }


def line(change: Change) -> str:
    """One raw line. The price is a number: its text goes in without quotes."""
    text = json.dumps({**change, "price": "the price"})
    return text.replace('"the price"', change["price"] or "null")


def _row(change: Change, further: Iterable[str]) -> tuple[Any, ...]:
    texts = {name: change.get(name) for name in further}
    return (
        change["orderID"],
        change["product_name"],
        change["quantity"],
        None if change["price"] is None else Decimal(change["price"]).quantize(Decimal("0.01")),
        change["event_type"],
        datetime.fromisoformat(change["creation_time"]).replace(tzinfo=None),
        change["event_id"],
        f"{int(change['sequence_number']):040d}",
        change["actor"],
        *(
            text if text is None or isinstance(text, str) else json.dumps(text, separators=(",", ":"))
            for text in texts.values()
        ),
    )


def arrivals(rng: random.Random, changes: list[Change], batches: int) -> list[list[str]]:
    """The lines of each batch: every change at least once, some twice or three times, in any order."""
    lines = [line(change) for change in changes]
    lines += rng.sample(lines, len(lines) // 10) + rng.sample(lines, len(lines) // 50)
    rng.shuffle(lines)
    cuts = sorted(rng.sample(range(len(lines)), batches - 1))
    return [lines[first:end] for first, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]


def expected_changes(changes: Sequence[Change], further: Sequence[str]) -> list[tuple[Any, ...]]:
    """orders_changes: the contract's columns, then ``further``."""
    return sorted((_row(change, further) for change in changes), key=repr)


def expected_current(changes: Sequence[Change], further: Sequence[str]) -> list[tuple[Any, ...]]:
    """orders_current: the contract's columns, then ``further``, then ``is_deleted``."""
    latest = {
        change["orderID"]: change for change in sorted(changes, key=lambda change: int(change["sequence_number"]))
    }
    return sorted(((*_row(row, further), row["event_type"] == "REMOVE") for row in latest.values()), key=repr)
