"""Make each alarm of setup fire on the local cloud, by the fault that it is for, and see that the topic is told.

The local cloud publishes the metrics under AWS's names and judges alarms by AWS's own examples
(``local_cloud/tests/unit/emulator/test_alarms.py``). Nothing here waits out the fifteen minutes that changes may be late.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import ALARMS, HEARTBEAT, NAMESPACE, Topology
from sales_cdc.provisioning.definitions import watch
from sales_cdc.provisioning.operators.provision import ProvisionAlarmOperator

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun

pytestmark = pytest.mark.integration
ACCOUNT, PATIENCE_SECONDS = "000000000000", 90


class Watch:
    """A deployment whose alarms are looked at, and a queue that its topic tells."""

    def __init__(self, cloud: Cloud, topology: Topology) -> None:
        self.cloud, self.topology = cloud, topology

    def state(self, name: str) -> str:
        alarm = self.topology.alarm(name).name
        (found,) = self.cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        return str(found["StateValue"])

    def expect(self, name: str, state: str, meanwhile: Callable[[], Any] = lambda: None) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (seen := self.state(name)) != state:
            assert time.monotonic() < deadline, f"{name} is {seen}, not {state}"
            meanwhile()
            time.sleep(0.5)

    def deny(self, service: Any, action: str) -> None:
        """Take an action from the role of a service, by a policy of its own."""
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        self.cloud.client("iam").put_role_policy(
            RoleName=self.topology.role(service).name, PolicyName="fault",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )  # fmt: skip

    def listen(self) -> str:
        """Subscribe a queue to the topic of alerts; return its URL."""
        sqs, topic = self.cloud.client("sqs"), self.topology.alerts_topic.arn
        url = sqs.create_queue(QueueName=f"{self.topology.prefix}-told")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return str(url)

    def told(self, url: str) -> set[str]:
        """Return the names of the alarms that the queue was told to have fired."""
        sqs, found = self.cloud.client("sqs"), set[str]()
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            events = [json.loads(json.loads(each["Body"])["Message"]) for each in received]
            found |= {event["AlarmName"] for event in events if event["NewStateValue"] == "ALARM"}
        return found


@pytest.fixture
def deployment(cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    monkeypatch.setattr(watch, "LATE_SECONDS", 1)
    DagRun("sales_cdc_setup.py").run("find_account", "roles", "lake", "delivery", "capture", "watch")
    yield Watch(cloud, Topology(Settings.from_environment(), ACCOUNT))
    DagRun("sales_cdc_teardown.py", confirm=prefix).run()


def test_each_alarm_fires_by_the_fault_that_it_is_for_and_tells_the_topic(deployment: Watch) -> None:
    cloud, topology = deployment.cloud, deployment.topology
    for name in ALARMS:
        deployment.expect(name, "OK")
    queue = deployment.listen()

    cloud.client("lambda").invoke(FunctionName=topology.transformer.name, Payload=b'{"no": "records"}')
    deployment.expect("transformer-errors", "ALARM")

    letters = cloud.client("sqs").get_queue_url(QueueName=topology.dead_letter_queue.name)["QueueUrl"]
    cloud.client("sqs").send_message(QueueUrl=letters, MessageBody="a position that was given up")
    deployment.expect("dead-letters", "ALARM")

    deployment.deny("delivery", "s3:PutObject")
    kinesis, records = cloud.client("kinesis"), [{"Data": b"{}", "PartitionKey": "a"}]
    kinesis.put_records(StreamName=topology.stream.name, Records=records)
    deployment.expect("delivery-freshness", "ALARM")

    shard = kinesis.list_shards(StreamName=topology.stream.name)["Shards"][0]["ShardId"]

    def read_from_the_beginning() -> None:
        """A reader that stays at the first of two records is behind by the time between them."""
        kinesis.put_records(StreamName=topology.stream.name, Records=records)
        at = kinesis.get_shard_iterator(
            StreamName=topology.stream.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )
        kinesis.get_records(ShardIterator=at["ShardIterator"], Limit=1)

    deployment.expect("stream-age", "ALARM", read_from_the_beginning)

    deployment.deny("pipe", "kinesis:PutRecords")
    cloud.client("dynamodb").put_item(TableName=topology.table.name, Item={"orderid": {"S": "stuck"}})
    deployment.expect("pipe-failures", "ALARM")

    fired = {topology.alarm(name).name for name in ALARMS if name != "batch-overdue"}
    assert deployment.told(queue) == fired
    assert deployment.state("batch-overdue") == "OK"


def test_a_batch_is_overdue_when_none_has_passed_for_more_than_a_day(
    cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heartbeat is put with a time in the past, so that nobody waits for a day."""
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    topology = Topology(Settings.from_environment(), ACCOUNT)
    deployment, cloudwatch = Watch(cloud, topology), cloud.client("cloudwatch")

    def beat(hours_ago: float) -> None:
        cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[{
                "MetricName": HEARTBEAT, "Dimensions": [{"Name": "Deployment", "Value": prefix}], "Value": 1,
                "Timestamp": datetime.now(UTC) - timedelta(hours=hours_ago),
            }],
        )  # fmt: skip

    definition = watch.alarms(topology)["batch-overdue"]
    beat(hours_ago=watch.BATCH_HOURS + 4)
    ProvisionAlarmOperator(task_id="provision", definition=definition, owner_tags=topology.tags).execute({})
    deployment.expect("batch-overdue", "ALARM")
    beat(hours_ago=0)
    deployment.expect("batch-overdue", "OK")
    cloudwatch.delete_alarms(AlarmNames=[definition["AlarmName"]])
