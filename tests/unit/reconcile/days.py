"""A world of orders with a clock, whose comparisons take turns: DynamoDB, the curated table and the ledger in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from zlib import crc32

from sales_cdc.contract.curated_row import Item, fingerprint
from sales_cdc.contract.rotation import PARTS, TableFacts
from sales_cdc.reconcile.comparison import Compared, Comparison
from sales_cdc.reconcile.coverage import Coverage, file_name

from tests.unit.reconcile.test_reconciliation import World

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ORDERS = [f"order-{number}" for number in range(40)]


def part_of(order_id: str) -> int:
    return crc32(order_id.encode()) % PARTS


class Orders:
    """The ids of orders that have changed."""

    def __init__(self, order_ids: Collection[str]) -> None:
        self._order_ids, self.count = order_ids, len(order_ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._order_ids)


class Days(World):
    """A world with a clock, and a table that is too large to be read whole each time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGAN
        self.table, self.lake = "table", "lake"
        self.salt = ""  # another one has all orders change their parts
        self.taken: list[tuple[datetime, str]] = []
        self.written_at: dict[str, datetime] = {}
        self.items_read = 0
        self.document: str | None = None
        self.written = self.seen = 0
        self.listed: dict[str, list[str]] = {}

    def write(self, order_id: str, quantity: int | None, *, lost: bool = False) -> None:
        super().write(order_id, quantity, lost=lost)
        self.written_at[f"{self._sequence:040d}"] = self.now

    def curate(self) -> None:
        self.taken += [(self.now, order_id) for order_id, _ in self.raw]
        super().curate()

    # The orders table

    def facts(self) -> TableFacts:
        return TableFacts(self.table, 10**6, 10**9)

    def scan_parts(self, parts: Collection[int]) -> Iterator[tuple[int, Item]]:
        for order_id in list(self.items):
            self.meanwhile()
            part = part_of(order_id + self.salt)
            if order_id in self.items and part in parts:
                self.items_read += 1
                yield part, self.items[order_id]

    # The curated table

    def hours_taken(self, since: datetime) -> set[tuple[str, str]]:
        return {(f"{at:%Y-%m-%d}", f"{at:%H}") for at, _ in self.taken if at >= since}

    def changed(self, hours: Collection[tuple[str, str]]) -> Orders:
        return Orders({order for at, order in self.taken if (f"{at:%Y-%m-%d}", f"{at:%H}") in hours})

    def listed_fingerprints(
        self, asked: Collection[str], known: Collection[str], oldest: datetime
    ) -> Iterator[tuple[str, str, bool]]:
        of_asked = {order for name in asked for order in self.listed.get(name, ())}
        all_of_them = of_asked | {order for name in known for order in self.listed.get(name, ())}
        for order_id, version in list(self.curated.items()):
            is_orphan = order_id not in all_of_them and self.written_at[version.position[1]] < oldest
            if version.row is not None and (order_id in of_asked or is_orphan):
                yield order_id, fingerprint(version.row), is_orphan

    # The ledger

    def read(self, now: datetime) -> Coverage | None:
        self.seen = self.written
        return Coverage.of(json.loads(self.document), now) if self.document else None

    def put(self, coverage: Coverage) -> bool:
        if self.seen != self.written:
            return False
        self.document, self.written = json.dumps(coverage.document()), self.written + 1
        return True

    def compare(self, full: bool = False) -> Compared:
        scan = f"scan-{self.written}"
        return Comparison(self, self, self, Ledger(self), Lists(self, scan), run_id=scan, full=full).run(self.now)

    def tomorrow(self) -> Compared:
        self.now += DAY
        self.settle()
        return self.compare()


class Ledger:
    def __init__(self, world: Days) -> None:
        self._world, self.read, self.write = world, world.read, world.put

    def now(self) -> datetime:
        return self._world.now

    def lists(self) -> list[str]:
        return [file_name(name, 0) for name in self._world.listed]

    def forget(self, coverage: Coverage, now: datetime) -> None:
        kept = {part.scan for part in coverage.parts}
        self._world.listed = {name: keys for name, keys in self._world.listed.items() if name in kept}


class Lists:
    def __init__(self, world: Days, scan: str) -> None:
        self._world, self.scan, self.files = world, scan, Counter[str]()

    def add(self, name: str, order_id: str) -> None:
        self._world.listed.setdefault(f"{self.scan}/{name}", []).append(order_id)
        self.files[name] = 1

    def close(self) -> None: ...
