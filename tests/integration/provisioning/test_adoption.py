"""Test a deployment that adopts a table, on the local cloud, with permissions enforced."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import KEYS, Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.deployment import Deployment

pytestmark = pytest.mark.integration
SETUP, TEARDOWN = "sales_cdc_setup.py", "sales_cdc_teardown.py"
ACCOUNT = "000000000000"
BUCKET = ("lake.provision_raw_events_queue", "lake.provision_bucket")
ADOPTION = ("find_account", "expect_table_fits", *BUCKET, "capture.adopt_table")


@pytest.fixture
def adopting(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topology]:
    """Name a table to adopt in the settings; it is removed with the deployment afterwards, whatever a test left."""
    monkeypatch.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
    monkeypatch.setenv("SALES_CDC_TABLE", f"Their.Table-{uuid.uuid4().hex[:8]}")
    topology = Topology(Settings.from_environment(), ACCOUNT)
    yield topology
    DagRun(TEARDOWN, confirm=topology.prefix).run()
    dynamodb = cloud.client("dynamodb")
    if topology.table.name in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=topology.table.name)


def make_table(cloud: Cloud, name: str, view_type: str | None = None, key: str = "orderid") -> dict[str, Any]:
    """Make somebody's table with two items; return its description."""
    dynamodb = cloud.client("dynamodb")
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view_type}} if view_type else {}
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "owner", "Value": "them"}], **stream,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
    )  # fmt: skip
    for number in ("1", "2"):
        dynamodb.put_item(TableName=name, Item={key: {"S": f"theirs-{number}"}, "quantity": {"N": number}})
    return described(cloud, name)


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    """Return all that can be seen of a table: description, tags, recovery, items."""
    dynamodb = cloud.client("dynamodb")
    table: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    return {
        **table,
        "Tags": dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"],
        "Recovery": dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
        "Items": sorted(dynamodb.scan(TableName=name)["Items"], key=str),
    }


def but_its_stream(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in seen.items() if "Stream" not in name}


def test_setup_adopts_a_table_carries_its_changes_and_teardown_leaves_it(adopting: Topology, cloud: Cloud) -> None:
    name = adopting.table.name
    before = make_table(cloud, name)
    with pytest.raises(AirflowFailException, match=r'It has no stream.*\{"enable_stream": true\}'):
        DagRun(SETUP).run()
    assert described(cloud, name) == before
    assert adopting.bucket.name not in [each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]]

    setup = DagRun(SETUP, enable_stream="True")
    setup.run()
    assert setup.actions()["capture.adopt_table"] == "stream enabled"
    adopted = described(cloud, name)
    assert but_its_stream(adopted) == but_its_stream(before)
    assert adopted["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}

    deployment = Deployment(cloud, adopting)
    deployment.lands(deployment.write_order())
    for dag, first in (("sales_cdc_generate.py", "plan_changes"), ("sales_cdc_drill.py", "plan_drill")):
        with pytest.raises(
            AirflowFailException, match=f"Cannot write mock orders to the DynamoDB table '{name}': it is adopted"
        ):
            DagRun(dag).run("find_account", first)
    again = DagRun(SETUP)
    again.run()
    assert {action for action in again.actions().values() if action != "unchanged"} == {"adopted"}

    left = described(cloud, name)
    teardown = DagRun(TEARDOWN, confirm=adopting.prefix)
    teardown.run()
    assert teardown.actions()["release_table"] == "stream disabled"
    assert set(teardown.actions().values()) == {"removed", "stream disabled"}
    assert but_its_stream(described(cloud, name)) == but_its_stream(left)
    assert not described(cloud, name).get("StreamSpecification", {}).get("StreamEnabled")


def test_a_stream_that_the_owner_enabled_is_used_and_left(adopting: Topology, cloud: Cloud) -> None:
    name = adopting.table.name
    before = make_table(cloud, name, "NEW_AND_OLD_IMAGES")
    setup = DagRun(SETUP)
    setup.run(*ADOPTION)
    assert setup.outcomes["capture.adopt_table"] == {
        "name": name, "stream_arn": before["LatestStreamArn"], "action": "adopted",
    }  # fmt: skip
    teardown = DagRun(TEARDOWN, confirm=adopting.prefix)
    teardown.run()
    assert teardown.actions()["release_table"] == "left"
    assert described(cloud, name) == before


def test_a_table_that_does_not_fit_is_refused_and_left_as_it_is(
    adopting: Topology, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = {
        ("KEYS_ONLY", "orderid"): "Its stream is KEYS_ONLY",
        ("OLD_IMAGE", "orderid"): "Its stream is OLD_IMAGE",
        ("NEW_IMAGE", "id"): r"Its key is id \(S\); the contract declares orderid \(S\)",
    }
    expected = ("find_account", "expect_table_fits")
    with pytest.raises(AirflowFailException, match=r"There is no DynamoDB table .* in us-east-1 for this account"):
        DagRun(SETUP, enable_stream="True").run(*expected)
    for (view_type, key), reason in refusals.items():
        name = f"{adopting.table.name}-{view_type}"
        monkeypatch.setenv("SALES_CDC_TABLE", name)
        before = make_table(cloud, name, view_type, key)
        with pytest.raises(AirflowFailException, match=reason):
            DagRun(SETUP, enable_stream="True").run(*expected)
        assert described(cloud, name) == before
        cloud.client("dynamodb").delete_table(TableName=name)


def test_a_table_that_may_not_be_described_is_refused_with_the_call_and_the_remedy(
    adopting: Topology, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error's code is AWS's: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html."""
    before = make_table(cloud, adopting.table.name, "NEW_IMAGE")
    said = rf"Could not look at the DynamoDB table '{adopting.table.name}'.*AccessDenied.*principal do DescribeTable.*run the DAG again"
    with monkeypatch.context() as stranger:
        become_stranger(cloud, adopting.prefix, stranger)
        with pytest.raises(AirflowFailException, match=said):
            DagRun(SETUP).run_only("expect_table_fits")
    assert described(cloud, adopting.table.name) == before


def become_stranger(cloud: Cloud, name: str, environment: pytest.MonkeyPatch) -> None:
    """Give Airflow's connection a user that may do everything but describe the table."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    rules = [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "dynamodb:DescribeTable", "Resource": "*"}]  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": rules})
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy)
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    login = {"login": keys["AccessKeyId"], "password": keys["SecretAccessKey"]}
    place = {"region_name": "us-east-1", "endpoint_url": cloud.endpoint}
    environment.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", **login, "extra": place}))


def test_a_table_in_another_region_is_refused_with_the_region_that_was_looked_in(
    adopting: Topology, cloud: Cloud
) -> None:
    elsewhere = boto3.client("dynamodb", endpoint_url=cloud.endpoint, **{**KEYS, "region_name": "eu-central-1"})
    elsewhere.create_table(
        TableName=adopting.table.name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
    )  # fmt: skip
    said = (
        rf"There is no DynamoDB table '{adopting.table.name}' in us-east-1.*SALES_CDC_REGION to the region of the table"
    )
    try:
        with pytest.raises(AirflowFailException, match=said):
            DagRun(SETUP, enable_stream="True").run_only("expect_table_fits")
    finally:
        elsewhere.delete_table(TableName=adopting.table.name)


def test_a_setup_that_is_killed_after_it_enabled_the_stream_is_finished_by_the_next(
    adopting: Topology, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(cloud, adopting.table.name)
    killed = DagRun(SETUP, enable_stream="True")
    killed.run(*ADOPTION[:-1])
    with monkeypatch.context() as patched:
        task = killed.dag.get_task("capture.adopt_table")
        patched.setattr(task.hook, "get_waiter", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            killed.run("capture.adopt_table")
    DagRun(SETUP).run(*ADOPTION)
    teardown = DagRun(TEARDOWN, confirm=adopting.prefix)
    teardown.run()
    assert teardown.actions()["release_table"] == "stream disabled"
