"""Test that every role needs every action: without it the chain breaks visibly, and with it again it continues.

Each action of ``sales_cdc.provisioning.policies`` is a test case. The roles of pipe, delivery stream, transformer and crawler are
tested in the deployed pipeline. A Spark run for each action of the job's role would take minutes: instead a Python shell job with
that role makes the calls of the script and of Iceberg (the Spark job runs with the role in ``test_curated_exactness``).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import SERVICES, Service, Topology
from sales_cdc.provisioning.definitions import flow
from sales_cdc.provisioning.policies import permissions

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun
from tests.integration.deployment import Deployment
from tests.integration.provisioning.job_calls import job_log, run_job
from tests.unit.topologies import topology as any_topology
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
ACCOUNT = "000000000000"
OF_A_LISTING = {"sqs:PurgeQueue", "glue:GetPartitions"}  # the crawler needs them only where it lists everything


@dataclass(frozen=True)
class Removal:
    """Name one action of one statement of one role's policy, to be removed."""

    service: Service
    statement: int
    action: str

    def __str__(self) -> str:
        return f"{self.service}-{self.statement}-{self.action}"

    def is_told_by(self, text: str) -> bool:
        """Return whether a text says that this action was denied, and on what; some actions have no resource."""
        return bool(re.search(rf"not authorized to perform: {self.action}( on resource: \W*arn:aws:| because )", text))


REMOVALS = [
    Removal(service, number, action)
    for service in SERVICES
    for number, statement in enumerate(permissions(any_topology(), service)["Statement"])
    for action in statement["Action"]
]


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[Deployment]:
    """Set up a pipeline, which proves itself by a probe order; it ends with the session's cloud."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        environment.setenv("SALES_CDC_FIREHOSE_INTERVAL_SECONDS", "0")
        DagRun("sales_cdc_setup.py").run()
        made = Deployment(cloud, Topology(Settings.from_environment(), ACCOUNT))
        make_table(made)
        yield made
        cloud.client("pipes").delete_pipe(Name=made.topology.pipe.name)
        cloud.client("firehose").delete_delivery_stream(DeliveryStreamName=made.topology.delivery.name)


def make_table(deployed: Deployment) -> None:
    """Make two partitions, and the table that the crawler makes of them."""
    body = deployed.landed()[0].encode()
    key = f"{bucket_keys.RAW_PREFIX}dt=2026-01-01/hr=00/earlier.json"
    deployed.client("s3").put_object(Bucket=deployed.topology.bucket.name, Key=key, Body=body)
    assert deployed.crawl()["Status"] == "SUCCEEDED"


@pytest.mark.parametrize("removal", REMOVALS, ids=str)
def test_no_action_can_be_removed(deployed: Deployment, removal: Removal) -> None:
    TRIALS[removal.service](deployed, removal)


def try_pipe(deployed: Deployment, removal: Removal) -> None:
    """Check that a pipe that cannot start, or cannot work, has the reason in StateReason.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
    """
    lets_go = removal.action == "sqs:SendMessage"
    deployed.stop_pipe()
    if lets_go:
        give_up_at_once(deployed)
    with deployed.without(removal.service, removal.statement, removal.action):
        deployed.start_pipe()
        order_id = deployed.write_order("x" * 260 if lets_go else "order")  # too long for a partition key
        wait_for(lambda: removal.is_told_by(deployed.pipe().get("StateReason", "")), f"a word of {removal.action}")
    if deployed.pipe()["CurrentState"] != "RUNNING":
        deployed.start_pipe()
    if lets_go:
        wait_for(lambda: dead_letters(deployed), "a dead letter")
    else:
        deployed.lands(order_id)


def give_up_at_once(deployed: Deployment) -> None:
    """Take the stopped pipe's retries away, so that it gives up on a poison record at once."""
    request = flow.pipe(deployed.topology, "")
    parameters = request["SourceParameters"]["DynamoDBStreamParameters"]
    wanted = {name: value for name, value in parameters.items() if name != "StartingPosition"}
    deployed.client("pipes").update_pipe(
        Name=request["Name"], RoleArn=request["RoleArn"], DesiredState="STOPPED",
        SourceParameters={"DynamoDBStreamParameters": {**wanted, "MaximumRetryAttempts": 0}},
    )  # fmt: skip
    wait_for(lambda: deployed.pipe()["CurrentState"] == "STOPPED", "the updated pipe")


def dead_letters(deployed: Deployment) -> list[Any]:
    sqs = deployed.client("sqs")
    queue = sqs.get_queue_url(QueueName=deployed.topology.dead_letter_queue.name)["QueueUrl"]
    return list(sqs.receive_message(QueueUrl=queue).get("Messages", []))


def try_delivery(deployed: Deployment, removal: Removal) -> None:
    """Check that Firehose's log has the denied action.

    On AWS, reading Kinesis has no log; the test reads the local cloud's own.
    Source: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
    """
    name = f"{deployed.topology.delivery.name}-{uuid.uuid4().hex[:6]}"
    try:
        if removal.action in {"kinesis:DescribeStream", "kinesis:ListShards"}:
            refuse_delivery(deployed, removal, name)
        else:
            break_delivery(deployed, removal, name)
        deployed.lands(deployed.write_order(), name)
    finally:
        deployed.client("firehose").delete_delivery_stream(DeliveryStreamName=name)


def refuse_delivery(deployed: Deployment, removal: Removal, name: str) -> None:
    """Check that a source that cannot be described is an InvalidArgumentException.

    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
    """
    with deployed.without(removal.service, removal.statement, removal.action), pytest.raises(ClientError) as error:
        make_delivery(deployed, name)
    assert removal.is_told_by(str(error.value))
    make_delivery(deployed, name)


def break_delivery(deployed: Deployment, removal: Removal, name: str) -> None:
    topology = deployed.topology
    leave_unfinished_upload(deployed, name)
    with deployed.without(removal.service, removal.statement, removal.action):
        make_delivery(deployed, name)
        deployed.write_order()
        if removal.action == "logs:PutLogEvents":
            poison(deployed)
            wait_for(lambda: deployed.landed(name, bucket_keys.ERRORS_PREFIX), "an error object")
        log = deployed.cloud_log if tells_people_only(removal) else lambda: deployed.logged(topology.delivery_log.name)
        wait_for(lambda: any(name in line and removal.is_told_by(line) for line in log().splitlines()), "a word of it")
    if removal.action == "logs:PutLogEvents":
        assert name not in deployed.logged(topology.delivery_log.name)
        poison(deployed)
        wait_for(lambda: name in deployed.logged(topology.delivery_log.name), "a logged failure")


def tells_people_only(removal: Removal) -> bool:
    return removal.action.startswith(("kinesis:", "logs:"))


def make_delivery(deployed: Deployment, name: str) -> None:
    """Create a second delivery stream with the deployed one's definition and role."""
    firehose = deployed.client("firehose")
    firehose.create_delivery_stream(**{**flow.delivery(deployed.topology), "DeliveryStreamName": name})

    def status() -> bool:
        shown = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        return bool(shown["DeliveryStreamStatus"] == "ACTIVE")

    wait_for(status, "an active delivery stream")


def leave_unfinished_upload(deployed: Deployment, name: str) -> None:
    """Start a multipart upload, as a worker leaves one when it dies."""
    key = f"{bucket_keys.RAW_PREFIX}dt=2026-01-01/hr=00/{name}-1.json"
    deployed.client("s3").create_multipart_upload(Bucket=deployed.topology.bucket.name, Key=key)


def poison(deployed: Deployment) -> None:
    """Put a record that the transformer returns as ProcessingFailed."""
    kinesis = deployed.client("kinesis")
    kinesis.put_record(StreamName=deployed.topology.stream.name, Data=b"no change event", PartitionKey="poison")


def try_transformer(deployed: Deployment, removal: Removal) -> None:
    """Check that without permission there is no log, and the function works.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    group = deployed.topology.transformer_log.name
    with deployed.without(removal.service, removal.statement, removal.action):
        before = deployed.logged(group)
        deployed.lands(deployed.write_order())
        assert deployed.logged(group) == before
    assert any(
        deployed.topology.transformer.name in line and removal.is_told_by(line)
        for line in deployed.cloud_log().splitlines()
    )
    deployed.lands(deployed.write_order())
    assert deployed.logged(group) != before


def try_crawler(deployed: Deployment, removal: Removal) -> None:
    """Check that the crawl is FAILED with an ErrorMessage.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_LastCrawlInfo.html
    """
    if removal.action in OF_A_LISTING:
        list_all_next(deployed)
    if removal.action == "glue:CreateTable":
        forget_table(deployed)
    else:
        damage_table(deployed)
    touch_hours(deployed)
    with deployed.without(removal.service, removal.statement, removal.action):
        last = deployed.crawl()
    assert last["Status"] == "FAILED"
    assert removal.is_told_by(last["ErrorMessage"]), last["ErrorMessage"]
    touch_hours(deployed)  # the queue gives the failed crawl's events back only after a while
    assert deployed.crawl()["Status"] == "SUCCEEDED"


def list_all_next(deployed: Deployment) -> None:
    """Have the next crawl list everything, as any crawl does whose definition has changed since the one before."""
    glue, name = deployed.client("glue"), deployed.topology.crawler.name
    for behaviour in ("CRAWL_EVERYTHING", "CRAWL_EVENT_MODE"):
        glue.update_crawler(Name=name, RecrawlPolicy={"RecrawlBehavior": behaviour})


def touch_hours(deployed: Deployment) -> None:
    """Have S3 tell the crawler's queue of each hour."""
    s3, place = deployed.client("s3"), {"Bucket": deployed.topology.bucket.name}
    keys = [each["Key"] for each in s3.list_objects_v2(**place, Prefix=bucket_keys.RAW_PREFIX)["Contents"]]
    for key in {key.rpartition("/")[0]: key for key in keys}.values():
        s3.copy_object(**place, Key=key, CopySource={**place, "Key": key}, MetadataDirective="REPLACE")


def forget_table(deployed: Deployment) -> None:
    topology = deployed.topology
    deployed.client("glue").delete_table(DatabaseName=topology.database.name, Name=topology.RAW_TABLE)


def damage_table(deployed: Deployment) -> None:
    """Give the next crawl every kind of work: a missing column and partition, and an outdated partition."""
    glue, topology = deployed.client("glue"), deployed.topology
    place = {"DatabaseName": topology.database.name}
    table = glue.get_table(**place, Name=topology.RAW_TABLE)["Table"]
    wanted = {name: table[name] for name in ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")}
    wanted["StorageDescriptor"]["Columns"].pop()
    glue.update_table(**place, TableInput=wanted)
    partitions = glue.get_partitions(**place, TableName=topology.RAW_TABLE)["Partitions"]
    gone, stale = partitions[0], partitions[-1]
    glue.delete_partition(**place, TableName=topology.RAW_TABLE, PartitionValues=gone["Values"])
    storage = {**stale["StorageDescriptor"], "Columns": []}
    change = {"Values": stale["Values"], "StorageDescriptor": storage, "Parameters": {}}
    glue.update_partition(
        **place, TableName=topology.RAW_TABLE, PartitionValueList=stale["Values"], PartitionInput=change
    )


def try_job(deployed: Deployment, removal: Removal) -> None:
    """Check that the run is FAILED with an ErrorMessage; a log that may not be written is missing.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html
    """
    with deployed.without(removal.service, removal.statement, removal.action):
        run = run_job(deployed)
    if not removal.action.startswith("logs:"):
        assert run["JobRunState"] == "FAILED"
        assert removal.is_told_by(run["ErrorMessage"]), run["ErrorMessage"]
        return
    assert job_log(deployed, run) == []
    assert any(run["Id"] in line and removal.is_told_by(line) for line in deployed.cloud_log().splitlines())


def test_the_job_s_calls_succeed_with_the_whole_policy(deployed: Deployment) -> None:
    run = run_job(deployed)
    assert run["JobRunState"] == "SUCCEEDED", run
    assert job_log(deployed, run) == ["curated"]


TRIALS: dict[Service, Callable[[Deployment, Removal], None]] = {
    "pipe": try_pipe, "delivery": try_delivery, "transformer": try_transformer, "crawler": try_crawler, "job": try_job,
}  # fmt: skip
