"""Test pacing, back-off, and how a refused change is judged, without a clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Event

import boto3
import pytest
from botocore.stub import Stubber
from sales_cdc.generate.change_writer import MAX_ATTEMPTS, ChangeWriter, Pace, StalledError, judge
from sales_cdc.generate.transactional_table import OrdersTable
from sales_cdc.generate.workload import Change

INSERT = Change(0, "INSERT", "a", {"quantity": 5, "price": Decimal("10.50")})
UPDATE = Change(1, "MODIFY", "a", {"quantity": 6}, {"quantity": 5})
DELETE = Change(2, "REMOVE", "a", {}, {"quantity": 6})


class Unhurried(Event):
    """Return from every wait at once, and record its seconds; set after ``patience`` waits."""

    def __init__(self, patience: int = 1_000) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._patience = patience

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        if len(self.waits) > self._patience:
            self.set()
        return self.is_set()


@pytest.fixture
def stubber() -> Iterator[Stubber]:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield stubber


def write(stubber: Stubber, changes: Sequence[Change], stop: Event, *, tried_before: bool = False) -> dict[int, str]:
    writer = ChangeWriter(OrdersTable(stubber.client, "orders"), "run", Pace(None), stop)
    outcomes = [outcome for some in writer.write(changes, tried_before=tried_before) for outcome in some]
    return {outcome.change.n: outcome.reason for outcome in outcomes}


def test_a_busy_table_is_tried_again_after_growing_waits_until_it_takes_the_changes(stubber: Stubber) -> None:
    for _ in range(5):
        stubber.add_client_error("transact_write_items", "ThrottlingException")
    stubber.add_response("transact_write_items", {})
    stop = Unhurried()
    assert write(stubber, [INSERT], stop) == {0: ""}
    backoffs = stop.waits[1:]
    assert len(backoffs) == 5
    assert all(0 <= wait <= 0.05 * 2**attempt for attempt, wait in enumerate(backoffs, start=1))


def test_a_table_that_stays_busy_ends_the_attempts_with_a_clear_error(stubber: Stubber) -> None:
    for _ in range(MAX_ATTEMPTS):
        stubber.add_client_error("transact_write_items", "ThrottlingException")
    with pytest.raises(StalledError, match=r"orders did not take .*\(ThrottlingException.*rate_per_second"):
        write(stubber, [INSERT], Unhurried())


def test_one_refused_change_does_not_keep_the_others_from_being_written(stubber: Stubber) -> None:
    other = Change(1, "INSERT", "b", {"quantity": 1})
    reasons = [{"Code": "ConditionalCheckFailed", "Item": {"quantity": {"N": "9"}}}, {"Code": "None"}]
    stubber.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": reasons}
    )
    stubber.add_response("transact_write_items", {})
    assert write(stubber, [INSERT, other], Unhurried()) == {0: "someone else put an order with this id there", 1: ""}


def test_the_same_changes_are_sent_with_the_same_token_by_every_attempt_of_a_run(stubber: Stubber) -> None:
    tokens: list[str] = []
    stubber.client.meta.events.register(
        "before-parameter-build.dynamodb.TransactWriteItems",
        lambda params, **_: tokens.append(params["ClientRequestToken"]),
    )
    for _ in range(3):
        stubber.add_response("transact_write_items", {})
    write(stubber, [INSERT], Unhurried())
    write(stubber, [INSERT], Unhurried())
    write(stubber, [DELETE], Unhurried())
    assert tokens[0] == tokens[1] != tokens[2]


def test_nothing_new_is_sent_once_stopped(stubber: Stubber) -> None:
    stop = Unhurried()
    stop.set()
    assert write(stubber, [INSERT], stop) == {}


def test_stopping_ends_the_waiting_for_a_busy_table(stubber: Stubber) -> None:
    stubber.add_client_error("transact_write_items", "ThrottlingException")
    assert write(stubber, [INSERT], Unhurried(patience=1)) == {}


def test_a_pace_reserves_times_evenly_and_never_in_the_past() -> None:
    now = [100.0]
    pace = Pace(50, clock=lambda: now[0])
    assert [round(pace.reserve(5), 3) for _ in range(3)] == [0.0, 0.1, 0.2]
    now[0] = 200.0
    assert [round(pace.reserve(5), 3) for _ in range(2)] == [0.0, 0.1]


@pytest.mark.parametrize(("rate", "at_once"), [(None, 100), (0.5, 1), (10, 1), (250, 25), (99_999, 100)])
def test_a_slow_pace_writes_few_changes_at_once(rate: float | None, at_once: int) -> None:
    assert Pace(rate).changes_at_once == at_once


AS_INSERTED = {"quantity": {"N": "5"}, "price": {"N": "10.5"}}
AS_UPDATED = {"quantity": {"N": "6"}}


@pytest.mark.parametrize(
    ("change", "item", "first", "again"),
    [
        (INSERT, AS_INSERTED, "someone else made the same change first", ""),
        (UPDATE, AS_UPDATED, "someone else made the same change first", ""),
        (DELETE, None, "someone else made the same change first", ""),
        (INSERT, AS_UPDATED, *["someone else put an order with this id there"] * 2),
        (UPDATE, None, *["someone else deleted the order"] * 2),
        (UPDATE, {"quantity": {"N": "9"}}, *["someone else changed the order's quantity"] * 2),
        (DELETE, {"price": {"N": "1"}}, *["someone else changed the order's quantity"] * 2),
    ],
)
def test_a_refused_change_counts_as_made_only_if_an_earlier_attempt_may_have_made_it(
    change: Change, item: dict[str, dict[str, str]] | None, first: str, again: str
) -> None:
    assert judge(change, item, tried_before=False) == first
    assert judge(change, item, tried_before=True) == again
