"""Test comparisons in turn, day by day: each order is compared within seven days, and what differs stays open until it is equal."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sales_cdc.contract.rotation import PARTS
from sales_cdc.reconcile import comparison

from tests.unit.reconcile.days import DAY, ORDERS, Days, part_of
from tests.unit.reconcile.test_reconciliation import expected, named


@pytest.fixture
def world() -> Days:
    """Forty orders that were compared whole."""
    made = Days()
    for number, order_id in enumerate(ORDERS):
        made.write(order_id, number)
    made.settle()
    made.now += DAY
    assert made.compare().plan.why_whole == "what was compared before is not known"
    return made


def test_each_day_reads_one_part_and_what_has_changed(world: Days) -> None:
    read = []
    for day in range(14):
        world.write(ORDERS[day], 100 + day)
        world.items_read = 0
        compared = world.tomorrow()
        assert compared.plan.why_whole == ""
        assert compared.changed >= 1
        assert world.items_read < len(ORDERS) / 2
        assert compared.found.counts["matching"] == compared.found.source_items >= world.items_read
        read += compared.plan.parts
        assert world.now - min(part.verified_at for part in compared.coverage.parts) < 7 * DAY
    assert sorted(Counter(read).values()) == [2] * PARTS


@pytest.mark.parametrize("loss", ["change", "insert", "delete", "row", "edited row"])
def test_a_loss_is_found_within_seven_days_and_stays_open_until_it_is_equal(world: Days, loss: str) -> None:
    for _ in range(3):
        world.tomorrow()
    order_id = "new" if loss == "insert" else ORDERS[5]
    if loss == "row":
        del world.curated[order_id]
    elif loss == "edited row":
        world.curated[order_id] = world.curated[ORDERS[6]]
    else:
        world.write(order_id, {"change": 99, "insert": 1, "delete": None}[loss], lost=True)
    kind = {"insert": "missing", "row": "missing", "delete": "extra"}.get(loss, "stale")
    found = [named(world.tomorrow().found).get(order_id) for _ in range(10)]
    first = found.index(kind)
    assert first < 7
    assert found == [None] * first + [kind] * (10 - first)
    world.write(order_id, 7)
    if loss == "delete":
        world.settle()
        world.write(order_id, None)
    compared = world.tomorrow()
    assert named(compared.found) == {}
    assert compared.coverage.findings == {}


def test_an_order_whose_delete_is_lost_right_after_its_insert_is_found_within_seven_days(world: Days) -> None:
    for _ in range(5):
        world.tomorrow()
    world.write("brief", 1)
    world.tomorrow()
    world.write("brief", None, lost=True)
    found = [named(world.tomorrow().found).get("brief") for _ in range(9)]
    assert "extra" in found[:8]
    assert found[-1] == "extra"


def test_a_changed_order_is_compared_on_the_day_of_its_change(world: Days) -> None:
    world.tomorrow()
    world.write(ORDERS[3], 50)
    world.settle()
    world.write(ORDERS[3], 51, lost=True)
    assert named(world.tomorrow().found) == {ORDERS[3]: "stale"}


def test_an_order_in_flight_is_looked_at_again_the_next_day(world: Days) -> None:
    order_id = next(each for each in ORDERS if part_of(each) == 0)
    turn = iter(range(1_000, 10**6))
    world.now += DAY
    world.meanwhile = lambda: world.write(order_id, next(turn), lost=True)
    compared = world.compare()
    assert (compared.plan.parts, compared.found.counts["in_flight"], named(compared.found)) == ((0,), 1, {})
    world.meanwhile = lambda: None
    assert named(world.tomorrow().found) == {order_id: "stale"}


def test_days_that_were_missed_are_made_up_for(world: Days) -> None:
    world.tomorrow()
    world.now += 4 * DAY
    assert world.tomorrow().plan.parts == (1,)
    world.now += 3 * DAY
    compared = world.tomorrow()
    assert compared.plan.parts == (0, 2, 3, 4, 5, 6)
    assert min(part.verified_at for part in compared.coverage.parts) > world.now - 7 * DAY


@pytest.mark.parametrize("harm", ["lost", "damaged", "ahead", "table", "lake", "lists"])
def test_all_orders_are_read_once_where_the_coverage_does_not_count(world: Days, harm: str) -> None:
    world.tomorrow()
    document = json.loads(world.document or "")
    if harm == "lists":
        world.listed.popitem()
    elif harm in ("table", "lake"):
        setattr(world, harm, "another")
    else:
        ahead = json.dumps({**document, "began": "2030-01-01T00:00:00+00:00"})
        world.document = {"lost": None, "damaged": "[]", "ahead": ahead}[harm]
    assert world.tomorrow().plan.why_whole
    assert world.tomorrow().plan.why_whole == ""


def test_a_coverage_that_was_set_back_reads_more_and_misses_nothing(world: Days) -> None:
    former, lists = world.document, dict(world.listed)
    world.write(ORDERS[1], 61)
    world.tomorrow()
    world.write(ORDERS[2], 62, lost=True)
    world.tomorrow()
    world.document, world.listed = former, world.listed | lists
    found = [named(world.tomorrow().found) for _ in range(7)]
    assert found[-1] == {ORDERS[2]: "stale"}


def test_a_comparison_beside_another_keeps_what_the_other_has_found(world: Days) -> None:
    world.write(ORDERS[9], 77, lost=True)
    world.now += DAY

    def meanwhile() -> None:
        world.meanwhile = lambda: None
        other = world.compare(full=True)
        assert named(other.found) == {ORDERS[9]: "stale"}

    world.meanwhile = meanwhile
    compared = world.compare()
    assert compared.plan.why_whole == ""
    assert named(compared.found) == {ORDERS[9]: "stale"} == compared.coverage.findings
    assert len({part.verified_at for part in compared.coverage.parts}) == 1


def test_an_order_that_its_part_should_have_had_makes_the_next_comparison_read_all(
    world: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB promises that an order stays in its segment; if it did not, orders would be passed over."""
    moved = next(each for each in ORDERS if part_of(each) == 3)
    world.listed = {name: [each for each in keys if each != moved] for name, keys in world.listed.items()}
    monkeypatch.setattr(comparison, "READ_AT_ONCE", 3)
    assert named(world.tomorrow().found) == {}
    assert world.tomorrow().plan.why_whole == "an order was in another part than before"


@pytest.mark.parametrize("days_between_moves", [1, 3, 9])
@pytest.mark.parametrize("loss", ["change", "insert"])
def test_losses_are_found_within_two_turns_though_orders_change_their_parts(
    world: Days, loss: str, days_between_moves: int
) -> None:
    """AWS's page promises segments that stay. Nothing is missed if they do not."""
    world.tomorrow()
    order_id = "new" if loss == "insert" else ORDERS[5]
    world.write(order_id, 99, lost=True)
    found, whole = [], 0
    for day in range(14):
        world.salt = str(day // days_between_moves)
        compared = world.tomorrow()
        found.append(named(compared.found).get(order_id))
        whole += bool(compared.plan.why_whole)
    assert found[-1] == {"insert": "missing", "change": "stale"}[loss]
    assert whole, "that orders have moved was seen"


def test_more_differences_than_can_be_named_make_the_next_comparison_read_all(
    world: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_cdc.reconcile.findings.MAX_NAMED", 1)
    for order_id in ORDERS:
        world.curated[order_id] = world.curated[ORDERS[-1]]
    world.tomorrow()
    assert "could name" in world.tomorrow().plan.why_whole


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_days_of_changes_losses_and_repairs_name_exactly_what_differs_within_a_week(seed: int) -> None:
    """The oracle compares both sides whole: a finding is never false, and what differs for eight days is named."""
    dice, world = random.Random(seed), Days()
    names = [f"order-{number}" for number in range(12)]
    differing: dict[str, int] = {}
    for _ in range(25):
        for _ in range(dice.randrange(4)):
            world.write(dice.choice(names), dice.choice([None, 0, 1, 2]), lost=dice.randrange(6) == 0)
        if world.curated and dice.randrange(8) == 0:
            world.curated.pop(dice.choice(list(world.curated)))
        if dice.randrange(10) == 0:
            world.now += dice.randrange(3) * DAY
        compared = world.tomorrow()
        wrong = expected(world, names)
        found = named(compared.found)
        assert found.items() <= wrong.items()
        assert compared.coverage.findings == found
        differing = {order: differing.get(order, 0) + 1 for order in wrong}
        assert found.keys() >= {order for order, days in differing.items() if days > 8}
        if found and dice.randrange(3) == 0:
            for order_id in found:
                item = world.items.pop(order_id, None)
                world.write(order_id, 9)
                world.write(order_id, None if item is None else int(item["quantity"]["N"]))
