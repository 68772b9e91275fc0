"""Reconciliation while others write: it finds lost changes and no change that is still on its way."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sales_cdc.contract.change_contract import probe_key
from sales_cdc.contract.curated_row import Item, Row, fingerprint, item_row
from sales_cdc.reconcile import findings, reconciliation
from sales_cdc.reconcile.findings import Reconciliation
from sales_cdc.reconcile.operators.reconcile import DifferencesFoundError, ReconcileOperator, require_no_differences
from sales_cdc.reconcile.reconciliation import reconcile
from sales_cdc.reconcile.sides import Version
from sales_cdc.reconcile.suspects import same_item

CUTOFF = datetime(2026, 11, 25, tzinfo=UTC)


def order(order_id: str, quantity: int) -> Item:
    return {"orderid": {"S": order_id}, "quantity": {"N": str(quantity)}}


class World:
    """A table, its stream, the raw zone and the curated table; ``meanwhile`` runs before and within each call."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.streamed: list[tuple[str, Version]] = []
        self.raw: list[tuple[str, Version]] = []
        self.curated: dict[str, Version] = {}
        self.deliveries = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self._sequence = 0

    # What writers and the pipeline do

    def write(self, order_id: str, quantity: int | None, *, lost: bool = False) -> None:
        item = None if quantity is None else order(order_id, quantity)
        if item == self.items.get(order_id):
            return
        self._sequence += 1
        if item is None:
            del self.items[order_id]
        else:
            self.items[order_id] = item
        if not lost:
            row: Row | None = None if item is None else item_row(item)
            self.streamed.append((order_id, Version(("", f"{self._sequence:040d}"), row)))

    def arrive(self, changes: int) -> None:
        self.raw += self.streamed[:changes]
        del self.streamed[:changes]

    def curate(self) -> None:
        for order_id, version in self.raw:
            self.curated[order_id] = version
        self.raw = []

    def settle(self) -> None:
        self.arrive(len(self.streamed))
        self.curate()

    # What reconciliation calls

    columns = ("quantity",)

    def scan(self) -> Iterator[Item]:
        for order_id in list(self.items):
            self.meanwhile()
            if order_id in self.items:
                yield self.items[order_id]

    def get(self, order_ids: Collection[str]) -> dict[str, Item]:
        self.meanwhile()
        return {order_id: self.items[order_id] for order_id in order_ids if order_id in self.items}

    def fingerprints(self) -> Iterator[tuple[str, str]]:
        self.meanwhile()
        current = [(order_id, version.row) for order_id, version in self.curated.items() if version.row is not None]
        for order_id, row in current:
            self.meanwhile()
            yield order_id, fingerprint(row)

    def versions(self, order_ids: Collection[str]) -> dict[str, Version]:
        self.meanwhile()
        return {order_id: self.curated[order_id] for order_id in order_ids if order_id in self.curated}

    def deliver(self) -> None:
        self.deliveries += 1
        committed = len(self.streamed)
        behind = self._sequence
        self.meanwhile()
        while self.streamed and int(self.streamed[0][1].position[1]) <= behind and committed:
            self.arrive(1)
            committed -= 1
        self.meanwhile()

    def pending(self, order_ids: Collection[str]) -> dict[str, Version]:
        self.meanwhile()
        found = {order_id: version for order_id, version in self.raw if order_id in order_ids}
        self.meanwhile()
        return found

    def reconcile(self) -> Reconciliation:
        return reconcile(self, self, self, CUTOFF)


@pytest.fixture
def world() -> World:
    """Five orders, a deleted one and a probe, all curated."""
    made = World()
    for number in range(5):
        made.write(f"order-{number}", number)
    made.write("gone", 1)
    made.write("gone", None)
    made.write(probe_key(), 1)
    made.settle()
    return made


def named(found: Reconciliation) -> dict[str, str]:
    return (
        dict.fromkeys(found.missing, "missing")
        | dict.fromkeys(found.extra, "extra")
        | {each["orderid"]: "stale" for each in found.stale}
    )


def test_equal_sides_match_without_a_delivery(world: World) -> None:
    found = world.reconcile()
    assert (found.source_items, found.curated_items, found.counts["matching"]) == (5, 5, 5)
    assert found.differing == world.deliveries == 0


def test_an_order_whose_id_contains_probe_is_an_order(world: World) -> None:
    world.write("microprobe-1", 1, lost=True)
    assert named(world.reconcile()) == {"microprobe-1": "missing"}


def test_lost_changes_are_found_and_named_with_their_fields(world: World) -> None:
    world.write("order-0", 9, lost=True)
    world.write("order-1", None, lost=True)
    world.write("new", 7, lost=True)
    world.write("gone", 2, lost=True)
    report = world.reconcile().report()
    assert report["stale"] == [{"orderid": "order-0", "fields": {"quantity": {"source": "9", "curated": "0"}}}]
    assert report["extra"] == ["order-1"]
    assert report["missing"] == ["gone", "new"]
    assert report["counts"] == {"missing": 2, "extra": 1, "stale": 1}
    assert (report["matching"], report["in_flight"], report["truncated"]) == (3, 0, False)


def test_changes_on_their_way_are_in_flight(world: World) -> None:
    world.write("order-0", 9)
    world.write("order-1", None)
    world.arrive(2)
    world.write("new", 7)
    found = world.reconcile()
    assert found.counts == {"matching": 3, "in_flight": 3, "missing": 0, "extra": 0, "stale": 0}


def test_a_lost_change_after_one_that_arrives_is_found(world: World) -> None:
    world.write("order-0", 8)
    world.write("order-0", 9, lost=True)
    assert named(world.reconcile()) == {"order-0": "stale"}


def test_an_order_with_only_its_key_is_compared(world: World) -> None:
    world.items["bare"] = {"orderid": {"S": "bare"}}
    assert named(world.reconcile()) == {"bare": "missing"}


def test_an_order_that_keeps_changing_is_in_flight(world: World) -> None:
    world.write("order-0", 9, lost=True)
    turn = iter(range(10, 10**6))
    world.meanwhile = lambda: world.write("order-0", next(turn))
    found = world.reconcile()
    assert named(found) == {}
    assert found.counts["in_flight"] == 1


def test_findings_beyond_the_named_ones_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MAX_NAMED", 2)
    monkeypatch.setattr(reconciliation, "SUSPECTS_AT_ONCE", 2)
    for number in range(5):
        world.write(f"order-{number}", 100 + number, lost=True)
    report = world.reconcile().report()
    assert (len(report["stale"]), report["counts"]["stale"], report["truncated"]) == (2, 5, True)
    assert world.deliveries == 1


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), patience=st.sampled_from([1, 3, 12]))
def test_concurrent_writes_neither_hide_a_lost_change_nor_make_a_false_finding(seed: int, patience: int) -> None:
    """Others write the ``busy`` orders; two ``quiet`` orders lose their last change; some have changes on their way."""
    dice, world = random.Random(seed), World()
    names = [f"order-{number}" for number in range(8)]
    quiet, busy = names[:4], names[4:]

    def write(order_id: str, *, lost: bool = False) -> None:
        world.write(order_id, dice.choice([None, 0, 1, 2]), lost=lost)

    for _ in range(40):
        write(dice.choice(names))
        dice.choice([lambda: world.arrive(dice.randrange(4)), world.curate, lambda: None])()
    settled = dice.sample(quiet, 2)
    for order_id in settled:
        write(order_id, lost=True)
    on_their_way = {order_id for order_id, _ in world.streamed + world.raw}

    def meanwhile() -> None:
        if dice.randrange(patience) == 0:
            write(dice.choice(busy))
        if dice.randrange(4) == 0:
            world.arrive(dice.randrange(4))
        if dice.randrange(12) == 0:
            world.curate()

    world.meanwhile = meanwhile
    found = named(world.reconcile())
    world.meanwhile = lambda: None
    world.settle()
    wrong = expected(world, quiet)
    assert found.items() <= wrong.items()
    assert found.keys() >= wrong.keys() - on_their_way


def expected(world: World, order_ids: Collection[str]) -> dict[str, str]:
    """Return the differences that stay once everything has arrived and is curated."""
    wrong = {}
    for order_id in order_ids:
        item, version = world.items.get(order_id), world.curated.get(order_id)
        row = version.row if version else None
        if item is None and row is not None:
            wrong[order_id] = "extra"
        elif item is not None and row is None:
            wrong[order_id] = "missing"
        elif item is not None and row is not None and item_row(item) != row:
            wrong[order_id] = "stale"
    return wrong


def any_item(**values: Any) -> Item:
    return {"orderid": {"S": "1"}, **values}


def test_the_order_of_sets_and_maps_does_not_distinguish_two_reads_of_an_item() -> None:
    one = any_item(tags={"SS": ["a", "b"]}, parts={"M": {"x": {"NS": ["1", "2.0"]}, "y": {"L": [{"S": "1"}]}}})
    other = any_item(parts={"M": {"y": {"L": [{"S": "1"}]}, "x": {"NS": ["2", "1.0"]}}}, tags={"SS": ["b", "a"]})
    assert same_item(one, other)
    assert not same_item(one, any_item(tags={"SS": ["a"]}))
    assert not same_item(one, None)
    assert same_item(None, None)


def test_a_report_with_findings_raises_an_error_that_names_the_first_orders() -> None:
    report = {
        "source_items": 3, "curated_items": 2, "matching": 1, "in_flight": 0, "missing": ["one"], "extra": [],
        "stale": [{"orderid": "two", "fields": {"price": {"source": "1.00", "curated": None}}}],
        "counts": {"missing": 1, "extra": 0, "stale": 1},
    }  # fmt: skip
    said = r"(?s)2 orders differ.*missing: one.*stale: two: price is '1.00', curated None.*s3://place.*sales_cdc_repair"
    with pytest.raises(DifferencesFoundError, match=said):
        require_no_differences(report, "s3://place")
    require_no_differences(report | {"counts": {"missing": 0}}, "s3://place")
    require_no_differences(report | {"awaits_backfill": True}, "s3://place")


@pytest.mark.parametrize(
    ("adopted", "mended_until", "counts", "waits"),
    [
        (True, None, {"missing": 2, "extra": 0, "stale": 0}, True),
        (True, None, {"missing": 2, "extra": 0, "stale": 1}, False),
        (True, None, {"missing": 0, "extra": 0, "stale": 0}, False),
        (True, "2026-11-22T10:00:00.999Z", {"missing": 2, "extra": 0, "stale": 0}, False),
        (False, None, {"missing": 2, "extra": 0, "stale": 0}, False),
    ],
)
def test_only_items_of_an_adopted_table_that_was_never_backfilled_may_be_older_than_its_stream(
    adopted: bool, mended_until: str | None, counts: dict[Any, int], waits: bool
) -> None:
    operator = ReconcileOperator(
        task_id="r", hops={"bucket": "b", "table": "t"}, database="d", workgroup="w", adopted=adopted
    )
    operator.__dict__["_raw_zone"] = SimpleNamespace(mended_until=lambda: mended_until)
    found = Reconciliation(datetime.now(UTC))
    found.counts |= counts
    assert operator._awaits_backfill(found) == ({"awaits_backfill": True} if waits else {})
