"""Test a pipeline over a table that is older: set up, backfill, check."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.deployment import Deployment
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
CHECK = "checks.query_changes_follow_an_insert"
ORDERS = {f"old-{number}" for number in range(30)}


@pytest.fixture
def deployment(cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Set up over a table that holds orders already and carries this deployment's tags."""
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    topology = Topology(Settings.from_environment(), "000000000000")
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=topology.table.name,
        KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=topology.tag_list,
    )
    for order_id in ORDERS:
        values = {
            "orderid": {"S": order_id},
            "product_name": {"S": "desk"},
            "quantity": {"N": "1"},
            "price": {"N": "9"},
        }
        dynamodb.put_item(TableName=topology.table.name, Item=values)
    setup = DagRun("sales_cdc_setup.py", replace_stream="True")
    setup.run()
    assert setup.actions()["capture.provision_table"] == "updated"
    yield Deployment(cloud, topology)
    DagRun("sales_cdc_teardown.py", confirm=prefix).run()


def test_old_orders_arrive_and_only_later_ones_must_begin_with_an_insert(deployment: Deployment) -> None:
    table, topology = deployment.client("dynamodb"), deployment.topology
    table.update_item(
        TableName=topology.table.name, Key={"orderid": {"S": "old-7"}}, UpdateExpression="SET quantity = :q",
        ExpressionAttributeValues={":q": {"N": "2"}},
    )  # fmt: skip
    deployment.lands("old-7")
    assert without_an_insert(deployment) == ["old-7"]

    backfill = DagRun("sales_cdc_backfill.py", segments=2)
    backfill.run()
    assert backfill.outcomes["record_backfill"] == {"touched": 30, "gone": 0}
    wait_for(lambda: {line["orderID"] for line in rows(deployment)} >= ORDERS, "every old order in raw/")
    assert all("sales_cdc_touch" not in line for line in rows(deployment))
    assert without_an_insert(deployment) == []

    ghost = {**next(line for line in rows(deployment) if line["orderID"] == "old-7"), "orderID": "ghost"}
    ghost["creation_time"] = "2999-01-01T00:00:00.000Z"
    key = f"{bucket_keys.RAW_PREFIX}dt=2999-01-01/hr=00/{topology.delivery.name}-1-ghost.json"
    deployment.client("s3").put_object(Bucket=topology.bucket.name, Key=key, Body=json.dumps(ghost).encode())
    assert without_an_insert(deployment) == ["ghost"]


def without_an_insert(deployment: Deployment) -> list[str]:
    """Return the orders that the batch's check names."""
    batch = DagRun("sales_cdc_batch.py")
    batch.run("find_account", "wait_for_delivery", "crawl_raw", CHECK)
    athena, query = deployment.client("athena"), batch.outcomes[CHECK]
    found = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
    return [row["Data"][0]["VarCharValue"] for row in found]


def rows(deployment: Deployment) -> list[dict[str, str]]:
    return [json.loads(line) for body in deployment.landed() for line in body.splitlines()]
