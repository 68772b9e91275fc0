"""Test setup and teardown on the local cloud, with permissions enforced."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun

pytestmark = pytest.mark.integration
SETUP, TEARDOWN = "sales_cdc_setup.py", "sales_cdc_teardown.py"
ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def deployment(cloud: Cloud) -> Iterator[Topology]:
    """Set up a deployment once for this module; each test restores what it changed."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        run = DagRun(SETUP)
        run.run()
        assert set(run.actions().values()) == {"created"}
        yield Topology(Settings.from_environment(), ACCOUNT)
        tear_down(Settings.from_environment().prefix)


def tear_down(prefix: str) -> dict[str, str]:
    """Run a confirmed teardown; return what it did to each resource."""
    run = DagRun(TEARDOWN, confirm=prefix)
    run.run()
    return run.actions()


def changes(run: DagRun) -> dict[str, str]:
    """Return what a run did to the resources that it changed."""
    return {task: action for task, action in run.actions().items() if action != "unchanged"}


def test_a_rerun_creates_what_is_gone_and_updates_only_what_a_setting_changed(
    deployment: Topology, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.client("glue").delete_crawler(Name=deployment.crawler.name)
    cloud.client("iam").delete_role_policy(RoleName=deployment.role("crawler").name, PolicyName="permissions")
    monkeypatch.setenv("SALES_CDC_FIREHOSE_INTERVAL_SECONDS", "2")
    monkeypatch.setenv("SALES_CDC_PIPE_PARTITION_KEY", "$.eventID")
    rerun = DagRun(SETUP)
    rerun.run()
    assert changes(rerun) == {
        "roles.provision_crawler_role": "updated",
        "lake.provision_crawler": "created",
        "delivery.provision_delivery_stream": "updated",
        "capture.provision_pipe": "updated",
        "watch.provision_stream_age_alarm": "updated",  # both wait for Firehose's interval
        "watch.provision_delivery_freshness_alarm": "updated",
    }
    pipe = cloud.client("pipes").describe_pipe(Name=deployment.pipe.name)
    assert pipe["TargetParameters"]["KinesisStreamParameters"]["PartitionKey"] == "$.eventID"


def test_another_view_type_is_refused_until_the_stream_may_be_replaced(
    deployment: Topology, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb = cloud.client("dynamodb")
    before = dynamodb.describe_table(TableName=deployment.table.name)["Table"]
    monkeypatch.setenv("SALES_CDC_STREAM_VIEW_TYPE", "NEW_AND_OLD_IMAGES")
    with pytest.raises(AirflowFailException, match="replace_stream"):
        DagRun(SETUP).run("find_account", "capture")
    assert dynamodb.describe_table(TableName=deployment.table.name)["Table"] == before

    allowed = DagRun(SETUP, replace_stream="True")
    allowed.run("find_account", "capture", "proof")
    table = dynamodb.describe_table(TableName=deployment.table.name)["Table"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert cloud.client("pipes").describe_pipe(Name=deployment.pipe.name)["Source"] == table["LatestStreamArn"]
    assert dynamodb.scan(TableName=deployment.table.name)["Count"] == 0


def test_the_bucket_is_private_encrypted_versioned_and_tls_only(deployment: Topology, cloud: Cloud) -> None:
    s3, name = cloud.client("s3"), deployment.bucket.name
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_teardown_does_nothing_without_its_confirmation(deployment: Topology, cloud: Cloud) -> None:
    with pytest.raises(AirflowFailException, match="Nothing was removed"):
        DagRun(TEARDOWN, confirm="sales").run()
    assert cloud.client("dynamodb").describe_table(TableName=deployment.table.name)


def test_teardown_removes_all_of_one_deployment_and_leaves_foreign_resources(
    deployment: Topology, cloud: Cloud
) -> None:
    s3, kinesis = cloud.client("s3"), cloud.client("kinesis")
    s3.put_object(Bucket=deployment.bucket.name, Key="raw/orders/x.json", Body=b"{}")
    s3.delete_object(Bucket=deployment.bucket.name, Key="raw/orders/x.json")
    kinesis.delete_stream(StreamName=deployment.stream.name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=deployment.stream.name, WaiterConfig={"Delay": 1})
    kinesis.create_stream(StreamName=deployment.stream.name, ShardCount=1, Tags={"owner": "them"})

    actions = tear_down(deployment.prefix)
    assert actions.pop("remove_stream") == "left"
    assert set(actions.values()) == {"removed"}
    assert leftovers(deployment, cloud) == [deployment.stream.name]
    with pytest.raises(AirflowFailException, match="did not create it"):
        DagRun(SETUP).run("find_account", "delivery.provision_stream")

    kinesis.delete_stream(StreamName=deployment.stream.name)
    assert set(tear_down(deployment.prefix).values()) == {"absent"}


def leftovers(deployment: Topology, cloud: Cloud) -> list[str]:
    """Return every name of the deployment that a service still lists."""
    glue, logs = cloud.client("glue"), cloud.client("logs")
    listed = [
        *cloud.client("dynamodb").list_tables()["TableNames"],
        *cloud.client("kinesis").list_streams()["StreamNames"],
        *cloud.client("firehose").list_delivery_streams()["DeliveryStreamNames"],
        *cloud.client("sqs").list_queues().get("QueueUrls", []),
        *[each["Name"] for each in cloud.client("pipes").list_pipes()["Pipes"]],
        *[each["FunctionName"] for each in cloud.client("lambda").list_functions()["Functions"]],
        *[each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]],
        *[each["RoleName"] for each in cloud.client("iam").list_roles()["Roles"]],
        *[each["Name"] for each in cloud.client("athena").list_work_groups()["WorkGroups"]],
        *[each["Name"] for each in glue.get_databases()["DatabaseList"]],
        *glue.list_crawlers()["CrawlerNames"],
        *glue.list_jobs()["JobNames"],
        *[each["JsonClassifier"]["Name"] for each in glue.get_classifiers()["Classifiers"] if "JsonClassifier" in each],
        *[each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]],
    ]
    return [name for name in listed if deployment.prefix in name]
