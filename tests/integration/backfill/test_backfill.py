"""Test backfills on the local cloud: the stream carries every order once, and no other write is harmed.

The oracle is the table's own stream: after interruptions, repetitions and other writes, its last record of each order equals what
the table holds.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sales_cdc.aws.ledger_folder import ForeignPlanError
from sales_cdc.backfill.ledger import BackfillLedger
from sales_cdc.backfill.run import BackfillIncompleteError, BackfillRefusedError, BackfillRun
from sales_cdc.backfill.touches import TouchableTable
from sales_cdc.contract.change_contract import TOUCH, probe_key
from sales_cdc.cost.confirmation import CostNotConfirmedError

from tests.conftest import Cloud
from tests.integration.shop import Shop

pytestmark = pytest.mark.integration
SEGMENTS = 3


@dataclass(frozen=True)
class OldShop(Shop):
    """Hold a shop whose orders are older than its stream."""

    def backfill(self, run_id: str, dynamodb: Any = None, stop: Event | None = None) -> BackfillRun:
        ledger = BackfillLedger(self.cloud.client("s3"), self.bucket, run_id, lambda: datetime.now(UTC).isoformat())
        return BackfillRun(TouchableTable(dynamodb or self.dynamodb(), self.table), ledger, lambda _: None, stop)

    def whole_backfill(self, run_id: str, dynamodb: Any = None) -> dict[str, Any]:
        run = self.backfill(run_id, dynamodb)
        for segment in run.plan(SEGMENTS, "1", "us-east-1"):
            run.touch(segment, None)
        return run.record()

    def fill(self, orders: int) -> None:
        requests = [{"PutRequest": {"Item": item(f"old-{number}")}} for number in range(orders)]
        for at in range(0, orders, 25):
            self.dynamodb().batch_write_item(RequestItems={self.table: requests[at : at + 25]})

    def carried(self) -> dict[str, dict[str, Any] | None]:
        """Return each order's values in its last stream record, without the touch; None after a delete."""
        read = TypeDeserializer().deserialize
        states: dict[str, dict[str, Any] | None] = {}
        for record in self.records():
            image = record["dynamodb"].get("NewImage")
            values = {name: read(value) for name, value in image.items()} if image else None
            states[record["dynamodb"]["Keys"]["orderid"]["S"]] = values and without_touch(values)
        return states

    def held(self) -> dict[str, dict[str, Any]]:
        """Return the table's items, without the touch."""
        return {order_id: without_touch({"orderid": order_id, **values}) for order_id, values in self.orders().items()}


def item(order_id: str, quantity: int = 5) -> dict[str, Any]:
    return {
        "orderid": {"S": order_id},
        "product_name": {"S": "desk"},
        "quantity": {"N": str(quantity)},
        "price": {"N": "9.5"},
    }


def without_touch(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != TOUCH}


@pytest.fixture
def shop(cloud: Cloud, prefix: str) -> Iterator[OldShop]:
    shop = OldShop(cloud, prefix)
    shop.open(with_stream=False)
    yield shop
    shop.close()


def test_the_stream_carries_every_old_order_once_and_as_it_is(shop: OldShop) -> None:
    shop.fill(120)
    shop.dynamodb().put_item(TableName=shop.table, Item=item(probe_key()))
    before = shop.held()
    shop.switch_on()
    summary = shop.whole_backfill("first")
    assert (summary["touched"], summary["gone"], summary["too_large"]) == (120, 0, 0)
    assert Counter(shop.stream()) == Counter({(f"old-{number}", "MODIFY"): 1 for number in range(120)})
    assert shop.held() == before
    assert shop.carried() == {order_id: values for order_id, values in before.items() if "probe" not in order_id}


def test_a_repeated_run_touches_nothing_and_a_new_run_touches_all(shop: OldShop) -> None:
    shop.fill(40)
    shop.switch_on()
    assert shop.whole_backfill("again") == shop.whole_backfill("again")
    assert len(shop.stream()) == 40
    shop.whole_backfill("new")
    assert len(shop.stream()) == 80


class KilledError(Exception):
    """Raised to end an attempt as if its process had been killed."""


def killing(call: int) -> Callable[..., None]:
    calls = iter(range(1, 10_000))

    def kill(**_: Any) -> None:
        if next(calls) == call:
            raise KilledError

    return kill


@pytest.mark.parametrize("event", ["before-call", "after-call"])
def test_a_segment_killed_half_way_continues_after_its_last_page_without_duplicate_touches(
    shop: OldShop, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_cdc.backfill.touches.PAGE_ITEMS", 20)
    shop.fill(100)
    shop.switch_on()
    shop.backfill("killed").plan(1, "1", "us-east-1")
    dynamodb = shop.dynamodb()
    dynamodb.meta.events.register(f"{event}.dynamodb.UpdateItem", killing(50))
    with pytest.raises(KilledError):
        shop.backfill("killed", dynamodb).touch(0, None)
    with pytest.raises(BackfillIncompleteError, match=r"Segments 0 of 1 are not done"):
        shop.backfill("killed").record()
    scans: list[Any] = []
    dynamodb = shop.dynamodb()
    dynamodb.meta.events.register("before-call.dynamodb.Scan", lambda **call: scans.append(call))
    assert shop.backfill("killed", dynamodb).touch(0, None)["touched"] == 100
    assert len(scans) <= 4  # two pages of five were kept; the last may be an empty one
    assert shop.backfill("killed").record()["touched"] == 100
    assert Counter(shop.stream()) == Counter({(f"old-{number}", "MODIFY"): 1 for number in range(100)})


def test_a_duplicate_touch_makes_no_second_change_and_one_of_a_deleted_order_none(shop: OldShop) -> None:
    shop.fill(1)
    shop.switch_on()
    table = TouchableTable(shop.dynamodb(), shop.table)
    assert [table.touch(order_id, "m") for order_id in ("old-0", "old-0", "gone")] == ["made", "made", "gone"]
    assert shop.stream() == [("old-0", "MODIFY")]
    assert shop.held().keys() == {"old-0"}


def test_two_attempts_and_two_runs_at_the_same_time_harm_nothing(shop: OldShop) -> None:
    shop.fill(60)
    before = shop.held()
    shop.switch_on()
    for run_id in ("left", "right"):
        shop.backfill(run_id).plan(1, "1", "us-east-1")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda run_id: shop.backfill(run_id).touch(0, None), ("left", "right", "right")))
    assert shop.held() == shop.carried() == before
    assert all(shop.backfill(run_id).record()["touched"] + 60 >= 60 for run_id in ("left", "right"))


def user_write(shop: OldShop, dynamodb: Any, dice: random.Random) -> None:
    """Make somebody else's put, update, delete or new order."""
    order_id = f"old-{dice.randrange(20)}"
    kind = dice.choice(["put", "update", "delete", "insert"])
    if kind == "insert":
        dynamodb.put_item(TableName=shop.table, Item=item(f"new-{dice.randrange(10)}", dice.randrange(100)))
    elif kind == "put":
        dynamodb.put_item(TableName=shop.table, Item=item(order_id, dice.randrange(100)))
    elif kind == "delete":
        dynamodb.delete_item(TableName=shop.table, Key={"orderid": {"S": order_id}})
    else:
        dynamodb.update_item(
            TableName=shop.table, Key={"orderid": {"S": order_id}}, UpdateExpression="SET quantity = :q",
            ExpressionAttributeValues={":q": {"N": str(dice.randrange(100, 200))}},
        )  # fmt: skip


@settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), writes_between=st.integers(1, 3), deletes=st.sets(st.integers(0, 19), max_size=8))
def test_writes_of_others_stay_and_deleted_orders_stay_deleted(
    cloud: Cloud, seed: int, writes_between: int, deletes: set[int]
) -> None:
    """Write between any two calls of the backfill; compare with a table that has the same writes and no backfill."""
    dice = random.Random(seed)
    shop, alone = OldShop(cloud, f"t{uuid.uuid4().hex[:8]}"), OldShop(cloud, f"t{uuid.uuid4().hex[:8]}")
    for each in (shop, alone):
        each.open(with_stream=False)
        each.fill(20)
        each.switch_on()
    theirs, mirrored = shop.dynamodb(), alone.dynamodb()

    def others_write(**_: Any) -> None:
        for _each in range(writes_between):
            one = random.Random(dice.random())
            state = one.getstate()
            user_write(shop, theirs, one)
            one.setstate(state)
            user_write(alone, mirrored, one)

    def others_delete(**_: Any) -> None:
        for number in deletes:
            for each, dynamodb in ((shop, theirs), (alone, mirrored)):
                dynamodb.delete_item(TableName=each.table, Key={"orderid": {"S": f"old-{number}"}})

    dynamodb = shop.dynamodb()
    dynamodb.meta.events.register("after-call.dynamodb.Scan", others_delete)
    dynamodb.meta.events.register("before-call.dynamodb.UpdateItem", others_write)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sales_cdc.backfill.run.CONCURRENT_TOUCHES", 1)
        shop.whole_backfill("busy", dynamodb)
    assert shop.held() == alone.held()
    carried = shop.carried()
    assert {order_id: values for order_id, values in carried.items() if values is not None} == shop.held()
    for each in (shop, alone):
        each.close()


class Unhurried(Event):
    """Return from every wait at once, and record its seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return False


def test_the_segments_share_the_rate(shop: OldShop) -> None:
    shop.fill(20)
    shop.switch_on()
    shop.backfill("slow").plan(2, "1", "us-east-1")
    stop = Unhurried()
    touched = shop.backfill("slow", stop=stop).touch(0, 0.002)["touched"]
    assert [round(wait, -2) for wait in sorted(stop.waits)] == [1_000.0 * place for place in range(touched)]


def test_a_table_without_a_stream_is_refused(shop: OldShop) -> None:
    shop.fill(1)
    with pytest.raises(BackfillRefusedError, match=r"has no stream.*sales_cdc_setup"):
        shop.backfill("early").plan(SEGMENTS, "1", "us-east-1")
    assert "Contents" not in shop.cloud.client("s3").list_objects_v2(Bucket=shop.bucket)


def test_a_cost_above_the_confirmed_one_is_refused_before_anything_is_touched(shop: OldShop) -> None:
    shop.fill(1_000)
    shop.switch_on()
    with pytest.raises(
        CostNotConfirmedError, match=r"Touching 1,000 orders is forecast to cost \$0\.00\d\d on AWS, .* is 0\.001\."
    ):
        shop.backfill("dear").plan(SEGMENTS, "0.001", "us-east-1")
    assert shop.stream() == []
    with pytest.raises(ForeignPlanError, match="plan_backfill first"):
        shop.backfill("dear").touch(0, None)


def test_a_run_keeps_its_segments(shop: OldShop) -> None:
    shop.switch_on()
    shop.backfill("kept").plan(2, "1", "us-east-1")
    with pytest.raises(ForeignPlanError, match="began with 2 segments and now gets 3"):
        shop.backfill("kept").plan(3, "1", "us-east-1")
    assert (
        json.loads(
            shop.cloud.client("s3").get_object(Bucket=shop.bucket, Key="ledger/backfill/kept/run.json")["Body"].read()
        )["mark"]
        == "backfill/kept"
    )
