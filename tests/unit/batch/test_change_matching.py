"""Test which written changes count as delivered, among other changes of the same orders."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.batch.change_matching import compare, quantile
from sales_cdc.contract.lines import Arrival, FailedChange, WrittenChange, is_change_event

COMMITTED = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def arrival(order: str, position: int, event_type: str, lag_seconds: float = 1.5, **values: Any) -> Arrival:
    event = {
        "orderID": order,
        "product_name": None,
        "quantity": None,
        "price": None,
        "event_type": event_type,
        "creation_time": "2026-11-22T10:00:00Z",
        "sequence_number": str(position).zfill(40),
        **values,
    }
    return Arrival(event, COMMITTED + timedelta(seconds=lag_seconds))


def written(order: str, event_type: str, run: str = "run", since: datetime = COMMITTED, **values: Any) -> WrittenChange:
    return WrittenChange(run, order, event_type, values, since)


def test_a_change_is_delivered_when_type_and_values_match() -> None:
    found = compare(
        [written("a", "INSERT", price=Decimal("10.50"))], [arrival("a", 1, "INSERT", price=Decimal("10.5"))]
    )
    assert found.complete
    assert found.delivered == {"INSERT": 1}


@pytest.mark.parametrize(
    "other",
    [
        arrival("b", 1, "INSERT", quantity=5),
        arrival("a", 1, "MODIFY", quantity=5),
        arrival("a", 1, "INSERT", quantity=6),
        arrival("a", 1, "INSERT"),
    ],
)
def test_another_order_type_or_value_is_not_the_change(other: Arrival) -> None:
    change = written("a", "INSERT", quantity=5)
    assert compare([change], [other]).missing == [change]


def test_an_attribute_that_was_set_and_did_not_arrive_is_missing() -> None:
    assert not compare([written("a", "INSERT", note=None)], [arrival("a", 1, "INSERT")]).complete


def test_a_duplicate_delivery_counts_once() -> None:
    found = compare(
        [written("a", "INSERT"), written("a", "REMOVE")], [arrival("a", 1, "INSERT")] * 2 + [arrival("a", 2, "REMOVE")]
    )
    assert found.complete
    assert found.delivered.total() == 2
    assert found.duplicates == 1


def test_one_arrival_matches_one_change_only() -> None:
    twice = [written("a", "MODIFY", quantity=5)] * 2
    assert len(compare(twice, [arrival("a", 1, "MODIFY", quantity=5)]).missing) == 1


def test_changes_that_others_made_in_between_do_not_matter() -> None:
    ours = [written("a", "INSERT", quantity=1), written("a", "MODIFY", quantity=2)]
    history = [
        arrival("a", 1, "INSERT", quantity=1),
        arrival("a", 2, "MODIFY", quantity=9),
        arrival("a", 3, "MODIFY", quantity=2),
    ]
    assert compare(ours, history).complete


def test_changes_in_another_order_are_not_the_written_changes() -> None:
    ours = [written("a", "MODIFY", quantity=1), written("a", "MODIFY", quantity=2)]
    history = [arrival("a", 1, "MODIFY", quantity=2), arrival("a", 2, "MODIFY", quantity=1)]
    assert len(compare(ours, history).missing) == 1


def test_interleaved_runs_are_matched_separately() -> None:
    ours = [written("a", "MODIFY", "one", quantity=1), written("a", "MODIFY", "two", quantity=2)]
    history = [arrival("a", 1, "MODIFY", quantity=2), arrival("a", 2, "MODIFY", quantity=1)]
    assert compare(ours, history).complete


def test_one_arrival_matches_a_change_of_one_run_only() -> None:
    first, again = written("a", "INSERT", "one", quantity=5), written("a", "INSERT", "two", quantity=5)
    assert compare([first, again], [arrival("a", 1, "INSERT", quantity=5)]).missing == [again]


def test_an_arrival_from_before_the_run_is_not_its_change() -> None:
    later = written("a", "INSERT", since=COMMITTED + timedelta(seconds=10))
    assert compare([later], [arrival("a", 1, "INSERT")]).missing == [later]


def test_clocks_may_differ_by_some_seconds() -> None:
    assert compare(
        [written("a", "INSERT", since=COMMITTED + timedelta(seconds=3))], [arrival("a", 1, "INSERT")]
    ).complete


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), max_size=30), st.randoms(), st.data())
def test_any_order_and_duplication_of_arrivals_gives_the_same_result(
    made: list[tuple[str, int]], shuffle: random.Random, data: st.DataObject
) -> None:
    changes = [written(order, "MODIFY", quantity=quantity) for order, quantity in made]
    arrivals = [arrival(order, at, "MODIFY", quantity=quantity) for at, (order, quantity) in enumerate(made)]
    lost = data.draw(st.sets(st.integers(0, max(len(made) - 1, 0)), max_size=5)) if made else set()
    kept = [one for at, one in enumerate(arrivals) if at not in lost]
    in_order = compare(changes, kept)
    disordered = kept + kept[: len(kept) // 2]
    shuffle.shuffle(disordered)
    found = compare(changes, disordered)
    assert found.missing == in_order.missing
    assert found.delivered == in_order.delivered
    assert found.duplicates == len(kept) // 2
    assert found.complete == (not lost)


@pytest.mark.parametrize(
    "line", [{"a": 1}, {"orderID": ["x"], "sequence_number": "1", "event_type": "INSERT", "creation_time": "t"}]
)
def test_a_line_without_an_order_is_no_change_event(line: dict[str, Any]) -> None:
    assert not is_change_event(line)


def test_the_summary_has_counts_and_lags() -> None:
    changes = [written("a", "INSERT"), written("b", "INSERT"), written("c", "REMOVE")]
    summary = compare(changes, [arrival("a", 1, "INSERT", 1.0), arrival("b", 2, "INSERT", 3.0)]).summary()
    assert summary == {
        "delivered": {"INSERT": 2, "MODIFY": 0, "REMOVE": 0},
        "missing": 1,
        "duplicates_in_raw": 0,
        "lag_seconds": {"p50": 1.0, "p99": 3.0, "max": 3.0},
    }


def test_without_arrivals_there_is_no_lag() -> None:
    assert compare([], []).summary()["lag_seconds"] == {"p50": None, "p99": None, "max": None}


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)])
def test_quantiles_are_values_that_were_seen(share: float, value: float) -> None:
    assert quantile([float(n) for n in range(1, 101)], share) == value


def failed_line(order_id: str, event_type: str, number: int) -> dict[str, Any]:
    """Return a line as Firehose writes it under the error prefix."""
    change = {"Keys": {"orderid": {"S": order_id}}, "SequenceNumber": str(number)}
    record = json.dumps({"eventName": event_type, "dynamodb": change}).encode()
    return {
        "errorCode": "Lambda.FunctionError",
        "errorMessage": "bad price",
        "rawData": base64.b64encode(record).decode(),
    }


def failed(order_id: str, event_type: str, number: int) -> FailedChange:
    record = FailedChange.from_line("errors/1", failed_line(order_id, event_type, number))
    assert record is not None
    return record


def test_a_failed_record_has_its_order_and_the_reason() -> None:
    record = failed("a", "INSERT", 7)
    assert (record.order_id, record.event_type, record.sequence_number) == ("a", "INSERT", "7".zfill(40))
    assert (record.reason, record.key) == ("Lambda.FunctionError: bad price", "errors/1")


@pytest.mark.parametrize(
    "line",
    [{}, {"rawData": "%"}, {"rawData": "e30="}, {"rawData": "W10="}, {"rawData": 7}],
    ids=["no data", "no base64", "no change", "no object", "no text"],
)
def test_a_foreign_line_under_the_error_prefix_is_no_failed_record(line: dict[str, Any]) -> None:
    assert FailedChange.from_line("errors/1", line) is None


def test_one_failed_record_explains_one_missing_change() -> None:
    changes = [written("a", "MODIFY", price=1), written("a", "MODIFY", price=2)]
    delivery = compare(changes, [])
    assert len(delivery.missing_because([failed("a", "MODIFY", 1)])) == 1
    assert len(delivery.missing_because([failed("a", "MODIFY", 1), failed("a", "MODIFY", 1)])) == 1
    assert len(delivery.missing_because([failed("a", "MODIFY", 1), failed("a", "MODIFY", 2)])) == 2
    assert delivery.missing_because([failed("a", "INSERT", 1), failed("b", "MODIFY", 2)]) == []


def test_a_failed_record_that_was_delivered_since_explains_nothing() -> None:
    changes = [written("a", "MODIFY", price=1), written("a", "MODIFY", price=2)]
    delivery = compare(changes, [arrival("a", 1, "MODIFY", price=1)])
    assert [change.values["price"] for change in delivery.missing] == [2]
    assert delivery.missing_because([failed("a", "MODIFY", 1)]) == []
