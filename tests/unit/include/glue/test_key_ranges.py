"""Which files of the current state a batch's MERGE opens: those that may hold its keys, whatever the keys are, and no order is lost."""

from __future__ import annotations

import random

import curation
import key_ranges
import pytest
from curated_tables import Lake
from hypothesis import given
from hypothesis import strategies as st
from key_ranges import Confined, File, ranges_of

from tests.unit.include.glue import histories
from tests.unit.include.glue.raw_zone import CONTRACT, RawZone, content, event

KEYS = st.text("ab9é\U0001f4e6", min_size=1, max_size=4)
SPANS = st.tuples(KEYS, KEYS).map(sorted)


def disjoint(keys: list[str]) -> list[tuple[str, str]]:
    """Return pairs of neighbours: groups as keys that begin alike make them."""
    ordered = sorted(keys)
    return list(zip(ordered[::2], ordered[1::2], strict=False))


@given(st.sets(KEYS, max_size=12).map(list).map(disjoint), st.lists(SPANS, max_size=8), st.integers(1, 4))
def test_every_key_is_in_a_range_and_no_more_than_asked_for(
    groups: list[tuple[str, str]], spans: list[list[str]], limit: int
) -> None:
    files = [File(first, last, 10 + at) for at, (first, last) in enumerate(spans)]
    ranges = ranges_of(groups, files, limit)
    assert len(ranges) <= limit
    assert [each for pair in ranges for each in pair] == sorted(each for pair in ranges for each in pair)
    for first, last in groups:
        assert any(begin <= first and last <= end for begin, end in ranges)


def test_the_largest_gaps_are_kept() -> None:
    groups = [("a", "a"), ("c", "c"), ("e", "e"), ("g", "g")]
    files = [File("b", "b", 1), File("d", "d", 100), File("f", "f", 50), File("a", "g", 1000)]
    assert ranges_of(groups, files) == groups
    assert ranges_of(groups, files, 3) == [("a", "c"), ("e", "e"), ("g", "g")]
    assert ranges_of(groups, files, 1) == [("a", "g")]
    assert ranges_of([], files) == []


@pytest.fixture
def conditions(monkeypatch: pytest.MonkeyPatch) -> list[Confined]:
    """Have tables of any size confined; the list gets what each run was confined to."""
    found: list[Confined] = []

    def watched(*arguments: object) -> Confined:
        found.append(key_ranges.confined(*arguments))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(curation, "WORTH_CONFINING_BYTES", -1)
    monkeypatch.setattr(curation, "confined", watched)
    return found


def test_a_batch_opens_the_files_that_may_hold_its_orders(lake: Lake, conditions: list[Confined]) -> None:
    raw = RawZone()
    for number, pair in enumerate((("a1", "a2"), ("c1", "it's"), ("x1", "x2"))):
        raw.put(f"{number}.json", *(event(order, 10 * number + at) for at, order in enumerate(pair)))
        raw.curate(lake)
    raw.put("next.json", event("a2", 90), event("a1", 1), event("x1", 91, "REMOVE"), event("{n}\\'", 92, "INSERT"))
    raw.curate(lake)
    ranges, _, keys = conditions[-1].condition.partition(" AND t.`orderid` IN ")
    assert (
        ranges == "(t.`orderid` >= 'a1' AND t.`orderid` <= 'a2' OR t.`orderid` >= 'x1' AND t.`orderid` <= '{n}\\\\\\'')"
    )
    assert set(keys[1:-1].split(", ")) == {"'a1'", "'a2'", "'x1'", "'{n}\\\\\\''"}
    held = {row[0]: row[1:] for row in content(lake, "orders_current", ("orderid", "sequence_number", "is_deleted"))}
    assert {order: (int(number), gone) for order, (number, gone) in held.items()} == {
        "a1": (1, False), "a2": (90, False), "c1": (10, False), "it's": (11, False), "x1": (91, True), "x2": (21, False), "{n}\\'": (92, False),
    }  # fmt: skip


def test_of_many_orders_what_leaves_out_little_confines_nothing_and_a_file_without_bounds_may_have_any(
    lake: Lake, conditions: list[Confined], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ranges, "MAX_KEYS", 0)
    raw = RawZone()
    for number in range(2):
        raw.put(f"{number}.json", *(event(f"{first}{number}", number) for first in "az"))
        raw.curate(lake)
    assert [each.condition for each in conditions] == ["true", "true"]
    for mode in ("default", "column.orderid"):
        lake.set_property("orders_current", f"write.metadata.metrics.{mode}", "none")
    raw.put("without.json", event("b", 1))
    raw.curate(lake)
    raw.put("after.json", event("b", 9))
    raw.curate(lake)
    held = content(lake, "orders_current", ("orderid", "sequence_number"))
    assert [(order, int(number)) for order, number in held] == [("a0", 0), ("a1", 1), ("b", 9), ("z0", 0), ("z1", 1)]


@pytest.mark.parametrize("most_named", [0, 10_000])
def test_random_histories_in_slices_of_their_keys_give_the_oracles_tables(
    lake: Lake, conditions: list[Confined], monkeypatch: pytest.MonkeyPatch, most_named: int
) -> None:
    monkeypatch.setattr(key_ranges, "MAX_KEYS", most_named)
    rng, raw = random.Random(13), RawZone()
    changes = histories.random_histories(rng, 30, 8)
    lines = [histories.line(change) for change in changes]
    places = list(range(len(lines)))
    for batch in range(4):
        first = rng.randrange(len(lines) - 40)
        raw.put(f"{batch}.json", *(lines[place] for place in rng.sample(places[first : first + 40], 20)))
        raw.curate(lake)
    raw.put("rest.json", *lines)
    raw.curate(lake)
    assert any(each.condition != "true" for each in conditions)
    assert content(lake, "orders_changes", CONTRACT) == histories.expected_changes(changes, ())
    assert content(lake, "orders_current", (*CONTRACT, "is_deleted")) == histories.expected_current(changes, ())
