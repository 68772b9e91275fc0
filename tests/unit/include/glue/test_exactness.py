"""Random histories, duplicated, shuffled and split, with the job killed before each of its commits: the tables are the oracle's."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from tests.unit.include.glue.raw_zone import CONTRACT, RawZone, content

ORDERS, CHANGES_PER_ORDER = 200, 50
DAYS = datetime(2026, 11, 1, tzinfo=UTC)


class Killed(BaseException):
    """The job ends here, as by kill -9."""


def random_history(rng: random.Random, orderid: str) -> list[dict[str, Any]]:
    """The changes of one order in their true order; times fall into few seconds and stray over days."""
    alive, changes = False, []
    moment = DAYS + timedelta(days=rng.randrange(10))
    for number in _numbers(rng):
        event_type = rng.choice(["MODIFY", "MODIFY", "MODIFY", "REMOVE"]) if alive else "INSERT"
        alive = event_type != "REMOVE"
        moment += timedelta(seconds=rng.choice([0, 0, 1, 40_000]))
        changes.append(_change(rng, orderid, event_type, number, moment))
    return changes


def _numbers(rng: random.Random) -> list[int]:
    """Sequence numbers of 21 and of 40 digits."""
    short, long = rng.sample(range(10**3), 25), rng.sample(range(10**3), CHANGES_PER_ORDER - 25)
    return sorted([10**20 + 7 * number for number in short] + [9 * 10**39 + number for number in long])


def _change(rng: random.Random, orderid: str, event_type: str, number: int, moment: datetime) -> dict[str, Any]:
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


def line(change: dict[str, Any]) -> str:
    """One raw line. The price is a number: its text goes in without quotes."""
    text = json.dumps({**change, "price": "the price"})
    return text.replace('"the price"', change["price"] or "null")


def expected_row(change: dict[str, Any], further: list[str]) -> tuple[Any, ...]:
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


def arrivals(rng: random.Random, changes: list[dict[str, Any]], batches: int) -> list[list[str]]:
    """The lines of each batch: every change at least once, some twice or three times, in any order."""
    lines = [line(change) for change in changes]
    lines += rng.sample(lines, len(lines) // 10) + rng.sample(lines, len(lines) // 50)
    rng.shuffle(lines)
    cuts = sorted(rng.sample(range(len(lines)), batches - 1))
    return [lines[first:end] for first, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]


def kill_before_commit(patch: pytest.MonkeyPatch, job: ModuleType, number: int) -> None:
    commit, commits = job.Lake.commit, iter(range(10**6))

    def commit_or_die(self: Any, attempt: Any) -> None:
        if next(commits) == number:
            raise Killed
        commit(self, attempt)

    patch.setattr(job.Lake, "commit", commit_or_die)


def test_any_duplication_order_split_and_crash_gives_the_oracles_tables(job: ModuleType, lake: Any) -> None:
    rng = random.Random(20261122)
    changes = [change for number in range(ORDERS) for change in random_history(rng, f"order-{number}")]
    further = sorted({name for change in changes for name in change} - {"orderID", *CONTRACT})
    raw, kills = RawZone(), 0
    for batch, lines in enumerate(arrivals(rng, changes, batches=19)):
        raw.put(f"{batch}.json", *lines)
        with pytest.MonkeyPatch.context() as patch:
            kill_before_commit(patch, job, number=batch)
            try:
                raw.curate(job, lake)
            except Killed:
                kills += 1
    assert 12 <= kills < 19, "the last run ends by itself: every commit has had its kill"

    rows = {(change["orderID"], int(change["sequence_number"])): change for change in changes}
    assert len(rows) == ORDERS * CHANGES_PER_ORDER
    columns = (*CONTRACT, *further)
    assert content(lake, "orders_changes", columns) == sorted(
        (expected_row(row, further) for row in rows.values()), key=repr
    )
    latest = {orderid: rows[orderid, number] for orderid, number in sorted(rows)}
    assert content(lake, "orders_current", (*columns, "is_deleted")) == sorted(
        ((*expected_row(row, further), row["event_type"] == "REMOVE") for row in latest.values()), key=repr
    )
    assert content(lake, "orders_quarantine") == []
