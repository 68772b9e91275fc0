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


STREAMS = (None, "2026-11-01T09:00:00.000", "2026-11-04T09:00:00.000")
"""The table's streams, in their order; the first has no label, as in lines of former versions."""


def _history(rng: random.Random, orderid: str, length: int) -> list[Change]:
    """The changes of one order in their true order; times fall into few seconds and stray over days."""
    alive, changes = False, []
    moment = START + timedelta(days=rng.randrange(10))
    for stream, number in _positions(rng, length):
        event_type = rng.choice(["MODIFY", "MODIFY", "MODIFY", "REMOVE"]) if alive else "INSERT"
        alive = event_type != "REMOVE"
        moment += timedelta(seconds=rng.choice([0, 0, 1, 40_000]))
        changes.append(_change(rng, orderid, event_type, stream, number, moment))
    return changes


def _positions(rng: random.Random, length: int) -> list[tuple[str | None, int]]:
    """Streams in their order, and in each its own sequence numbers, of 21 and of 40 digits."""
    shares = sorted(rng.choice(range(len(STREAMS))) for _ in range(length))
    return [(STREAMS[place], number) for place in range(len(STREAMS)) for number in _numbers(rng, shares.count(place))]


def _numbers(rng: random.Random, length: int) -> list[int]:
    short, long = rng.sample(range(10**3), length // 2), rng.sample(range(10**3), length - length // 2)
    return sorted([10**20 + 7 * number for number in short] + [9 * 10**39 + number for number in long])


def _change(
    rng: random.Random, orderid: str, event_type: str, stream: str | None, number: int, moment: datetime
) -> Change:
    gone = event_type == "REMOVE"
    quantity = None if gone else rng.choice([0, -3, 2**63 - 1, None, "5"])
    rescued = {} if quantity != "5" or rng.random() < 0.5 else {"rescued_data": '{"quantity":{"S":"5"}}'}
    return {
        "orderID": orderid,
        "product_name": None if gone else rng.choice(["laptop", "", "Überzug \u2028 \U0001f4e6"]),
        "quantity": None if rescued else quantity,
        "price": None if gone else rng.choice(["10.50", "9999999999.99", "0", "-0.01", "1E+1", "7.1000", "10.999"]),
        "event_type": event_type,
        "creation_time": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "event_id": f"{orderid}/{stream}/{number}",
        "sequence_number": str(number).zfill(rng.choice([0, 40])),
        "actor": rng.choice(["user", "ttl"]),
        **({} if stream is None else {"source_stream": stream}),
        **rescued,
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


def _rescued(change: Change) -> str | None:
    """What fits no column: three decimal places, and a quantity that is a text."""
    rescued = ['"price":{"N":"10.999"}'] if change["price"] == "10.999" else []
    if change["quantity"] == "5" or "rescued_data" in change:
        rescued.append('"quantity":{"S":"5"}')
    return f"{{{','.join(rescued)}}}" if rescued else None


def _row(change: Change, further: Iterable[str]) -> tuple[Any, ...]:
    texts = {name: change.get(name) for name in further}
    price = None if change["price"] in (None, "10.999") else Decimal(change["price"]).quantize(Decimal("0.01"))
    return (
        change["orderID"],
        change["product_name"],
        None if change["quantity"] == "5" else change["quantity"],
        price,
        change["event_type"],
        datetime.fromisoformat(change["creation_time"]).replace(tzinfo=None),
        change["event_id"],
        f"{int(change['sequence_number']):040d}",
        change["actor"],
        change.get("source_stream"),
        _rescued(change),
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
    in_order = sorted(changes, key=lambda change: (change.get("source_stream", ""), int(change["sequence_number"])))
    latest = {change["orderID"]: change for change in in_order}
    return sorted(((*_row(row, further), row["event_type"] == "REMOVE") for row in latest.values()), key=repr)
