"""Test generate runs on the local cloud: the ledger equals the table's own stream.

The oracle is the stream: after interruptions, repetitions and other writes, the changes in the ledger are those of the stream.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from sales_cdc.aws.errors import DeniedError, ResourceMissingError
from sales_cdc.aws.ledger_folder import ForeignPlanError
from sales_cdc.contract.change_contract import EVENT_TYPES, probe_key
from sales_cdc.generate.ledger import RunLedger
from sales_cdc.generate.run import GenerateRun
from sales_cdc.generate.transactional_table import OrdersTable
from sales_cdc.generate.workload import Workload, WorkloadError

from tests.conftest import KEYS, Cloud
from tests.integration.shop import Event, Shop

pytestmark = pytest.mark.integration
SCRIPT = Path(__file__).parents[3] / "include" / "scripts" / "dynamodb_mock_data_gen.py"


@pytest.fixture
def shop(cloud: Cloud, prefix: str) -> Iterator[Shop]:
    shop = Shop(cloud, prefix)
    shop.open()
    yield shop
    shop.close()


def by_order(events: list[Event]) -> dict[str, list[str]]:
    histories: dict[str, list[str]] = {}
    for order_id, event_type in events:
        histories.setdefault(order_id, []).append(event_type)
    return histories


def test_a_run_writes_its_plan_and_the_ledger_equals_the_stream(shop: Shop) -> None:
    summary = shop.generate("first", Workload(1, inserts=250))
    second = shop.generate("second", Workload(1, updates=150, deletes=60))
    assert summary["written"] == {"INSERT": 250, "MODIFY": 0, "REMOVE": 0}
    assert second["written"] == {"INSERT": 0, "MODIFY": 150, "REMOVE": 60}
    assert summary["skipped"] == second["skipped"] == []
    assert second["run_id"] == "second"
    assert second["params"] == {"inserts": 0, "updates": 150, "deletes": 60, "seed": 1, "rate_per_second": None}
    assert summary["started_at"] < summary["finished_at"] < second["finished_at"]
    assert by_order(shop.ledger("first", "second")) == by_order(shop.stream())
    assert len(shop.orders()) == 190


def test_the_ledger_replayed_gives_the_table(shop: Shop) -> None:
    shop.generate("first", Workload(5, inserts=60, updates=50, deletes=20))
    replayed: dict[str, dict[str, Any]] = {}
    for n, line in enumerate(shop.lines("first", "written.jsonl")):
        assert line["n"] == n
        replayed.setdefault(line["orderID"], {}).update(line["set"])
        if line["event_type"] == "REMOVE":
            del replayed[line["orderID"]]
    assert replayed == shop.orders()


def test_the_same_seed_and_table_give_the_same_plan_under_any_run_name(shop: Shop) -> None:
    for run_id in ("one", "two"):
        shop.run(run_id).plan(Workload(3, inserts=40, updates=20, deletes=10))
    assert shop.lines("one", "plan.jsonl") == shop.lines("two", "plan.jsonl")


def test_a_plan_logs_its_cost_on_aws_before_anything_is_written(shop: Shop) -> None:
    said: list[str] = []
    ledger = RunLedger(shop.cloud.client("s3"), shop.bucket, "priced", str)
    GenerateRun(OrdersTable(shop.dynamodb(), shop.table), ledger, said.append).plan(Workload(1, inserts=1_000))
    assert said[-1].startswith("On AWS 1,000 changes cost about $0.0021 (mostly DynamoDB $0.0013, ")
    assert shop.stream() == []


def test_a_repeated_run_writes_nothing_more(shop: Shop) -> None:
    workload = Workload(1, inserts=120, updates=70, deletes=30)
    summary = shop.generate("again", workload)
    before = shop.stream()
    assert shop.generate("again", workload) == summary
    assert shop.stream() == before


def test_a_run_keeps_its_plan_and_refuses_other_parameters(shop: Shop) -> None:
    shop.generate("kept", Workload(1, inserts=5))
    with pytest.raises(ForeignPlanError, match="start a new run"):
        shop.generate("kept", Workload(1, inserts=6))
    with pytest.raises(ForeignPlanError, match="'kept'"):
        shop.run("kept").plan(Workload(2, inserts=5))


class KilledError(Exception):
    """Raised to end an attempt as if its process had been killed."""


def killing(event: str, call: int) -> Callable[..., None]:
    """Return a botocore event handler that ends the attempt at the n-th call, before or after it was sent."""
    calls = iter(range(1, 1_000))

    def kill(**_: Any) -> None:
        if next(calls) >= call:
            raise KilledError(event)

    return kill


@pytest.mark.parametrize("event", ["before-call", "after-call"])
@pytest.mark.parametrize("token", ["still known", "forgotten"])
def test_attempts_killed_half_way_neither_duplicate_nor_lose_changes(
    shop: Shop, event: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill attempts before and after a call.

    After ``after-call`` the change is written, and the attempt does not know it. DynamoDB forgets a token after ten minutes.
    """
    monkeypatch.setattr("sales_cdc.generate.run.PART_CHANGES", 250)
    shop.run("killed").plan(Workload(1, inserts=600, updates=500, deletes=300))
    for event_type in EVENT_TYPES:
        dynamodb = shop.dynamodb()
        dynamodb.meta.events.register(f"{event}.dynamodb.TransactWriteItems", killing(event, 4))
        with pytest.raises(KilledError):
            shop.run("killed", dynamodb).write(event_type)
        if token == "forgotten":
            header = shop.lines("killed", "run.json")[0]
            header["started_at"] = datetime.now(UTC).isoformat()
            shop.cloud.client("s3").put_object(
                Bucket=shop.bucket, Key="ledger/generate/killed/run.json", Body=json.dumps(header).encode()
            )
        shop.run("killed").write(event_type)
    summary = shop.run("killed").record()
    assert summary["written"] == {"INSERT": 600, "MODIFY": 500, "REMOVE": 300}
    assert by_order(shop.ledger("killed")) == by_order(shop.stream())


def test_two_runs_at_the_same_time_share_the_changes_and_both_ledgers_are_right(shop: Shop) -> None:
    shop.generate("base", Workload(1, inserts=200))
    runs = ("left", "right")
    workload = Workload(1, inserts=200, updates=200, deletes=100)
    for run_id in runs:
        shop.run(run_id).plan(workload)
    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(lambda run_id: shop.generate(run_id, workload), runs))
    written = Counter(shop.ledger("base", *runs))
    assert written == Counter(shop.stream())
    for summary in summaries:
        assert sum(summary["written"].values()) + len(summary["skipped"]) == 500


def test_orders_that_others_changed_after_the_plan_are_skipped_and_never_overwritten(shop: Shop) -> None:
    shop.generate("base", Workload(1, inserts=40))
    shop.run("late").plan(Workload(2, inserts=1, updates=10, deletes=30))
    plan = shop.lines("late", "plan.jsonl")
    inserted, updated, deleted = plan[0]["orderID"], plan[1]["orderID"], plan[-1]["orderID"]
    shop.put(inserted, product_name="desk", quantity=1, price=Decimal(9))
    shop.put(updated, product_name="desk", quantity=99, price=Decimal(9), order_status="unheard of")
    shop.delete(deleted)
    theirs = Counter(shop.stream())
    summary = shop.generate("late", Workload(2, inserts=1, updates=10, deletes=30))
    reasons = {(line["orderID"], line["event_type"]): line["reason"] for line in summary["skipped"]}
    assert reasons[inserted, "INSERT"] == "someone else put an order with this id there"
    assert reasons[updated, "MODIFY"].startswith("someone else changed the order's ")
    assert reasons[deleted, "REMOVE"] == "someone else made the same change first"
    assert {inserted, updated} <= shop.orders().keys()
    assert shop.orders()[updated]["quantity"] == 99
    assert Counter(shop.ledger("late")) == Counter(shop.stream()) - theirs


def test_orders_with_wrong_attributes_and_the_probe_are_not_changed(shop: Shop) -> None:
    odd: dict[str, dict[str, Any]] = {
        "no-price": {"product_name": "desk", "quantity": 1},
        "text-quantity": {"product_name": "desk", "quantity": "many", "price": Decimal(1)},
        "half-a-desk": {"product_name": "desk", "quantity": Decimal("0.5"), "price": Decimal(1)},
        "too-exact": {"product_name": "desk", "quantity": 1, "price": Decimal("0.001")},
        "status-of-numbers": {"product_name": "desk", "quantity": 1, "price": Decimal(1), "order_status": 3},
        probe_key(): {"product_name": "desk", "quantity": 1, "price": Decimal(1)},
    }
    for order_id, attributes in odd.items():
        shop.put(order_id, **attributes)
    shop.put("by-hand", product_name="hat", quantity=2, price=Decimal("3.5"))
    with pytest.raises(WorkloadError, match="only 1 orders could be deleted"):
        shop.generate("greedy", Workload(1, deletes=2))
    summary = shop.generate("all", Workload(1, updates=3, deletes=1))
    assert summary["written"] == {"INSERT": 0, "MODIFY": 3, "REMOVE": 1}
    assert shop.orders() == odd


def test_refused_workloads_leave_nothing_behind(shop: Shop) -> None:
    with pytest.raises(WorkloadError):
        shop.generate("refused", Workload(1, inserts=3, deletes=4))
    assert shop.stream() == []
    assert "Contents" not in shop.cloud.client("s3").list_objects_v2(Bucket=shop.bucket)


def test_a_missing_table_or_bucket_names_the_setup(shop: Shop, cloud: Cloud) -> None:
    with pytest.raises(ResourceMissingError, match=r"nowhere-orders: it does not exist.*sales_cdc_setup"):
        GenerateRun(
            OrdersTable(shop.dynamodb(), "nowhere-orders"), RunLedger(cloud.client("s3"), shop.bucket, "r", str), str
        ).plan(Workload(1, inserts=1))
    with pytest.raises(ResourceMissingError, match=r"nowhere: it does not exist.*sales_cdc_setup"):
        GenerateRun(
            OrdersTable(shop.dynamodb(), shop.table), RunLedger(cloud.client("s3"), "nowhere", "r", str), str
        ).plan(Workload(1, inserts=1))


def test_unknown_credentials_are_named_as_the_cause(shop: Shop, cloud: Cloud) -> None:
    strangers = {**KEYS, "aws_access_key_id": "AKIASTRANGER"}
    stranger = boto3.client("dynamodb", endpoint_url=cloud.endpoint, **strangers)
    with pytest.raises(DeniedError, match=shop.table):
        OrdersTable(stranger, shop.table).scan()


def script(shop: Shop, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "SALES_CDC_PREFIX": shop.prefix, "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def only_run(shop: Shop) -> str:
    found = shop.cloud.client("s3").list_objects_v2(Bucket=shop.bucket, Prefix="ledger/generate/", Delimiter="/")
    (folder,) = found["CommonPrefixes"]
    return str(folder["Prefix"]).split("/")[2]


def test_the_script_writes_and_says_what_it_wrote(shop: Shop) -> None:
    process = script(shop, "--inserts", "30", "--updates", "10", "--deletes", "5", "--seed", "9")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Written: 30 INSERT, 10 MODIFY, 5 REMOVE; skipped: 0" in said
    assert by_order(shop.ledger(only_run(shop))) == by_order(shop.stream())


def test_ctrl_c_ends_the_script_with_a_right_ledger(shop: Shop) -> None:
    process = script(shop, "--inserts", "5000", "--rate-per-second", "200")
    assert process.stderr
    while not shop.stream():
        assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    (summary,) = shop.lines(only_run(shop), "summary.json")
    written = f"{summary['written']['INSERT']:,}"
    assert f"Interrupted: {written} of 5,000 planned changes were written" in said
    assert f"{written} INSERT, 0 MODIFY, 0 REMOVE" in said
    assert 'make airflow ARGS="dags test sales_cdc_batch"' in said
    assert (
        f'make generate-orders ARGS="--inserts {5_000 - summary["written"]["INSERT"]} --updates 0 --deletes 0"' in said
    )
    assert summary["interrupted"]
    assert 0 < summary["written"]["INSERT"] < 5_000
    assert Counter(shop.ledger(only_run(shop))) == Counter(shop.stream())


def test_the_script_goes_by_the_name_of_its_make_target(shop: Shop) -> None:
    for arguments, code in (("--help",), 0), (("--inserts", "-1"), 2):
        process = script(shop, *arguments)
        told = "".join(process.communicate(timeout=60))
        assert process.returncode == code, told
        assert 'usage: make generate-orders ARGS="' in told
    assert "make generate-orders: error: argument --inserts: '-1' is not a whole number, 0 or more" in told


def test_the_script_explains_a_missing_deployment(shop: Shop) -> None:
    process = script(Shop(shop.cloud, f"{shop.prefix}-elsewhere"))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "it does not exist" in said
    assert "sales_cdc_setup" in said
    assert "Traceback" not in said
