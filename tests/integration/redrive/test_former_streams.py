"""Test that setup drains the stream that a table had before: off and on, the table made again, restored from point in time.

The judge of what a former stream holds, and for how long, is DynamoDB Local: ``local_cloud/tests/integration/stream_oracle``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.deployment import Deployment
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
ACCOUNT = "000000000000"
OFF = {"StreamEnabled": False}


class Shop:
    """Hold a deployment, and write orders to its table."""

    def __init__(self, cloud: Cloud, topology: Topology) -> None:
        self.deployed, self.table = Deployment(cloud, topology), topology.table.name
        self.dynamodb = cloud.client("dynamodb")

    def put(self, *order_ids: str, quantity: int = 1) -> None:
        for order_id in order_ids:
            item = {"orderid": {"S": order_id}, "product_name": {"S": "laptop"}, "quantity": {"N": str(quantity)}}
            self.dynamodb.put_item(TableName=self.table, Item=item)

    def delete(self, *order_ids: str) -> None:
        for order_id in order_ids:
            self.dynamodb.delete_item(TableName=self.table, Key={"orderid": {"S": order_id}})

    def stream_off(self) -> None:
        self.dynamodb.update_table(TableName=self.table, StreamSpecification=OFF)

    def stream_on(self) -> None:
        self.dynamodb.update_table(TableName=self.table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})  # fmt: skip

    def drop_table(self) -> None:
        self.dynamodb.update_table(TableName=self.table, DeletionProtectionEnabled=False)
        self.dynamodb.delete_table(TableName=self.table)

    def tag(self, tags: list[dict[str, str]]) -> None:
        arn = self.dynamodb.describe_table(TableName=self.table)["Table"]["TableArn"]
        self.dynamodb.tag_resource(ResourceArn=arn, Tags=tags)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.deployed.landed() for line in body.splitlines() if '"sales-cdc-probe-' not in line]  # fmt: skip

    def changes(self) -> set[tuple[str, str, str]]:
        """Return each change in raw/ once: order, event type, stream."""
        return {(each["orderID"], each["event_type"], each["source_stream"]) for each in self.events()}

    def becomes_exact(self) -> dict[str, int]:
        """Do what setup says; return what the reconciliation found before the repair, whose own then finds nothing."""
        DagRun("sales_cdc_batch.py").run("find_account", "start_curation", "await_curation")
        compared = DagRun("sales_cdc_reconcile.py", fail_on_difference=False)
        compared.run()
        DagRun("sales_cdc_repair.py").run()
        return {name: compared.outcomes["reconcile_orders"][name] for name in ("missing", "extra", "stale")}


@pytest.fixture
def shop(cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    set_up()
    return Shop(cloud, Topology(Settings.from_environment(), ACCOUNT))


def set_up(**params: Any) -> dict[str, Any]:
    """Run setup; return what became of the former stream."""
    run = DagRun("sales_cdc_setup.py", **params)
    run.run()
    drained: dict[str, Any] = run.outcomes["capture.drain_former_streams"]
    return drained


def findings(shop: Shop) -> str:
    """Return what the newest note on a former stream says."""
    s3, bucket = shop.deployed.client("s3"), shop.deployed.topology.bucket.name
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix="ledger/streams/20")["Contents"]]
    return "\n".join(json.load(s3.get_object(Bucket=bucket, Key=max(keys))["Body"])["findings"])


def test_no_change_of_a_former_stream_is_lost_and_the_end_is_exact(shop: Shop) -> None:
    assert "action" not in set_up()
    shop.put("kept", "changed", "removed")
    wait_for(lambda: len({change[0] for change in shop.changes()}) == 3, "three orders in raw/")

    # Off and on: what the pipe had not read is in the former stream, what was written in between is in none.
    shop.deployed.stop_pipe()
    shop.put("changed", quantity=2)
    shop.delete("removed")
    shop.put("new")
    shop.stream_off()
    shop.put("between")
    shop.stream_on()
    shop.put("after")
    drained = set_up()
    assert drained["action"] == "drained"
    assert drained["changes"] >= 6
    wait_for(lambda: "after" in {change[0] for change in shop.changes()}, "the order of the new stream in raw/")
    first, second = sorted({stream for _, _, stream in shop.changes()})
    assert shop.changes() == {
        ("kept", "INSERT", first), ("changed", "INSERT", first), ("removed", "INSERT", first), ("changed", "MODIFY", first),
        ("removed", "REMOVE", first), ("new", "INSERT", first), ("after", "INSERT", second),
    }  # fmt: skip
    assert "while no stream was on, are in no stream" in findings(shop)
    assert shop.becomes_exact() == {"missing": 1, "extra": 0, "stale": 0}
    assert "action" not in set_up()

    # Made again: the former table's orders emit no REMOVE.
    shop.deployed.stop_pipe()
    shop.put("last")
    shop.drop_table()
    assert set_up()["action"] == "drained"
    shop.put("kept", quantity=3)
    assert ("last", "INSERT", second) in shop.changes()
    assert "made again, or restored" in findings(shop)
    wait_for(lambda: len({stream for _, _, stream in shop.changes()}) == 3, "a change of the third stream in raw/")
    assert shop.becomes_exact() == {"missing": 0, "extra": 5, "stale": 0}

    # Restored from point in time: older values come back without a change, and orders that were written since are gone.
    shop.dynamodb.restore_table_to_point_in_time(SourceTableName=shop.table, TargetTableName=f"{shop.table}-then", UseLatestRestorableTime=True)  # fmt: skip
    shop.put("kept", quantity=4)
    shop.put("since")
    wait_for(lambda: "since" in {change[0] for change in shop.changes()}, "the last order in raw/")
    shop.drop_table()
    shop.dynamodb.restore_table_to_point_in_time(SourceTableName=f"{shop.table}-then", TargetTableName=shop.table, UseLatestRestorableTime=True)  # fmt: skip
    shop.tag(shop.deployed.topology.tag_list)
    assert set_up(replace_stream=True)["action"] == "drained"
    assert shop.becomes_exact() == {"missing": 0, "extra": 1, "stale": 1}
