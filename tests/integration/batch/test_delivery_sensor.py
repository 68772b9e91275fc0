"""Test the delivery sensor on S3: what it reads, confirms, and names after the timeout."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.batch.sensors.delivery import ChangesFailedError, DeliveryIncompleteError, DeliverySensor

pytestmark = pytest.mark.integration


class Lake:
    """Hold a bucket with ledgers and raw objects that the test writes."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self.s3, self.bucket = s3, bucket
        s3.create_bucket(Bucket=bucket)

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def ledger(self, run: str, *changes: dict[str, Any]) -> None:
        lines = "".join(json.dumps({"n": at, **change}) + "\n" for at, change in enumerate(changes))
        self.put(f"ledger/generate/{run}/written.jsonl", lines.encode())
        kinds = [change["event_type"] for change in changes]
        written = {kind: kinds.count(kind) for kind in ("INSERT", "MODIFY", "REMOVE")}
        summary = {
            "run_id": run,
            "started_at": "2026-01-01T00:00:00Z",
            "finished_at": "2026-01-01T00:00:01Z",
            "written": written,
        }
        self.put(f"ledger/generate/{run}/summary.json", json.dumps(summary).encode())

    def raw(self, name: str, *events: dict[str, Any]) -> None:
        lines = "".join(json.dumps(event) + "\n" for event in events).encode()
        body = gzip.compress(lines) if name.endswith(".gz") else lines
        self.put(f"raw/orders/dt=2026-01-01/hr=00/{name}", body)

    def sensor(self, timeout: float = 0) -> DeliverySensor:
        return DeliverySensor(task_id="wait", bucket=self.bucket, poke_interval=0.1, timeout=timeout, mode="poke")


@pytest.fixture
def lake(cloud: Any, prefix: str) -> Lake:
    return Lake(cloud.client("s3"), f"{prefix}-lake")


def event(order: str, position: int, event_type: str = "INSERT", **values: Any) -> dict[str, Any]:
    return {
        "orderID": order, "product_name": None, "quantity": None, "price": None, "event_type": event_type,
        "creation_time": "2026-01-01T00:00:00Z", "sequence_number": str(position).zfill(40), **values,
    }  # fmt: skip


RECORD = base64.b64encode(
    json.dumps({"eventName": "INSERT", "dynamodb": {"Keys": {"orderid": {"S": "a"}}, "SequenceNumber": "1"}}).encode()
).decode()
INSERTED = {"event_type": "INSERT", "orderID": "a", "set": {"quantity": 5, "price": 10.50}}


def test_delivered_changes_are_counted_and_their_run_confirmed(lake: Lake) -> None:
    lake.ledger("one", INSERTED)
    lake.raw("1.json", event("a", 1, quantity=5, price=10.5))
    result = lake.sensor().poke({})
    assert result.xcom_value["written"] == {"INSERT": 1, "MODIFY": 0, "REMOVE": 0}
    assert result.xcom_value["delivered"] == {"INSERT": 1, "MODIFY": 0, "REMOVE": 0}
    assert result.xcom_value["runs"] == ["one"]
    hook = LandingZoneHook(bucket=lake.bucket)
    assert hook.runs()["one"]["confirmed"]


def test_a_confirmed_run_is_not_waited_for_again_and_still_counts_as_written(lake: Lake) -> None:
    lake.ledger("one", INSERTED)
    lake.raw("1.json", event("a", 1, quantity=5, price=10.5))
    lake.sensor().poke({})
    lake.ledger("two", {"event_type": "REMOVE", "orderID": "a", "set": {}})
    lake.raw("2.json", event("a", 2, "REMOVE"))
    result = lake.sensor().poke({}).xcom_value
    assert result["runs"] == ["two"]
    assert result["written"] == {"INSERT": 1, "MODIFY": 0, "REMOVE": 1}


def test_missing_changes_are_named_after_the_timeout(lake: Lake) -> None:
    lake.ledger("one", INSERTED, {"event_type": "REMOVE", "orderID": "gone-astray", "set": {}})
    lake.raw("1.json", event("a", 1, quantity=5, price=10.5))
    with pytest.raises(DeliveryIncompleteError, match=r"(?s)1 changes.*REMOVE gone-astray.*written by one"):
        lake.sensor().execute({})
    assert not LandingZoneHook(bucket=lake.bucket).runs()["one"]["confirmed"]


def test_a_run_that_has_not_finished_writing_is_not_waited_for(lake: Lake) -> None:
    lake.put("ledger/generate/half/written.jsonl", json.dumps(INSERTED).encode())
    assert lake.sensor().poke({}).is_done


def test_an_empty_bucket_has_nothing_to_wait_for(lake: Lake) -> None:
    assert lake.sensor().poke({}).xcom_value["written"] == {"INSERT": 0, "MODIFY": 0, "REMOVE": 0}


def test_foreign_and_broken_lines_in_raw_are_ignored(lake: Lake) -> None:
    lake.ledger("one", INSERTED)
    lake.put(
        "raw/orders/dt=2026-01-01/hr=00/broken.json",
        b'{"orderID": "a", "pri\n[1]\n\xff\xfe\n{"a": 1}\n{"orderID": ["a"]}\n',
    )
    lake.put("raw/orders/dt=2026-01-01/hr=00/broken.json.gz", b"no gzip")
    lake.raw("1.json.gz", event("a", 1, quantity=5, price=10.5))
    assert lake.sensor().poke({}).is_done


def test_failed_records_are_counted(lake: Lake) -> None:
    lake.ledger("one", INSERTED)
    lake.raw("1.json", event("a", 1, quantity=5, price=10.5))
    lake.put("errors/processing-failed/dt=2026-01-01/x", b'{"rawData": "eA=="}\n{"rawData": "eQ=="}\n')
    assert lake.sensor().poke({}).xcom_value["failed"] == 2


def test_failed_changes_are_named_at_once_with_the_dag_that_delivers_them(lake: Lake) -> None:
    lake.ledger("one", INSERTED, {"event_type": "REMOVE", "orderID": "b", "set": {}})
    failed = {"errorCode": "Lambda.ProcessingFailed", "errorMessage": "no price", "rawData": RECORD}
    lake.put("errors/processing-failed/dt=2026-01-01/x", json.dumps(failed).encode() + b"\n[]\n")
    assert not lake.sensor().poke({}).is_done  # b is still on its way
    lake.raw("1.json", event("b", 2, "REMOVE"))
    with pytest.raises(ChangesFailedError, match=r"(?s)1 changes.*INSERT a  .*no price.*errors/.*sales_cdc_redrive"):
        lake.sensor(timeout=900).poke({})


def test_a_missing_bucket_is_an_error_at_once(cloud: Any) -> None:
    sensor = DeliverySensor(task_id="wait", bucket="there-is-no-such-bucket", timeout=60, poke_interval=1)
    with pytest.raises(sensor.hook.get_conn().exceptions.NoSuchBucket):
        sensor.poke({})


@pytest.mark.parametrize("ended", ["ledger/backfill/one/summary.json", "ledger/repair/one.json"])
def test_orders_may_lack_their_insert_until_the_last_backfill_or_repair_ended(lake: Lake, ended: str) -> None:
    lake.put("ledger/backfill/one/segments/0000.json", b"{}")
    assert lake.sensor().poke({}).xcom_value["mended_until"] is None
    before = datetime.now(UTC)
    lake.put(ended, b"{}")
    until = datetime.fromisoformat(lake.sensor().poke({}).xcom_value["mended_until"])
    assert before < until < datetime.now(UTC) + timedelta(minutes=1)


def test_a_sensor_that_leaves_its_slot_reads_each_object_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    body = LandingZoneHook._body
    monkeypatch.setattr(LandingZoneHook, "_body", lambda hook, key: (read.append(key), body(hook, key))[1])

    def look() -> tuple[bool, list[str]]:
        read.clear()
        sensor = DeliverySensor(task_id="wait", bucket=lake.bucket, poke_interval=60, timeout=900, mode="reschedule")
        seen = sensor.poke({"run_id": "manual__1"})
        return seen.is_done, [key.rpartition("/")[2] for key in read if key.startswith("raw/")]

    lake.ledger("one", *({"event_type": "INSERT", "orderID": order, "set": {"price": 10.5}} for order in "ab"))
    lake.raw("first.json", event("a", 1, price=10.5), event("theirs", 2))
    assert look() == (False, ["first.json"])
    assert look() == (False, [])
    lake.ledger("two", {"event_type": "INSERT", "orderID": "c", "set": {}})
    assert look() == (False, ["first.json"])  # other runs are waited for: their changes may be in it
    lake.raw("second.json", event("b", 3, price=10.5), event("c", 4))
    assert look() == (True, ["second.json"])
    assert LandingZoneHook(bucket=lake.bucket).runs()["one"]["confirmed"] is True


def test_a_damaged_memory_of_a_sensor_is_read_again(lake: Lake) -> None:
    lake.ledger("one", {"event_type": "INSERT", "orderID": "a", "set": {}})
    lake.raw("first.json", event("a", 1))
    lake.put("ledger/batch/manual__1/arrivals.jsonl", b"{")
    sensor = DeliverySensor(task_id="wait", bucket=lake.bucket, poke_interval=60, timeout=900, mode="reschedule")
    assert sensor.poke({"run_id": "manual__1"}).is_done
