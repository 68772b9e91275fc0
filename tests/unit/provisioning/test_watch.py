"""Test the alarms' definitions: metrics that AWS publishes, bounds that PutMetricAlarm takes, and what each tells."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from sales_cdc.deployment.topology import ALARMS
from sales_cdc.provisioning.definitions import watch
from sales_cdc.provisioning.resources.topic import TopicHook

from tests.unit.topologies import KEY, topology

PUBLISHED = {
    ("AWS/EventBridge/Pipes", "ExecutionFailed"): "PipeName",
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): "QueueName",
    ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds"): "StreamName",
    ("AWS/Firehose", "DeliveryToS3.DataFreshness"): "DeliveryStreamName",
    ("AWS/Lambda", "Errors"): "FunctionName",
}
"""What AWS's pages name, which ``provisioning.definitions.watch`` cites."""
DAY_SECONDS, WEEK_SECONDS = 86_400, 604_800


def test_there_is_an_alarm_for_each_name_of_the_topology() -> None:
    assert tuple(watch.alarms(topology())) == ALARMS


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_a_request_that_aws_knows_on_a_metric_that_it_publishes(name: str) -> None:
    """Source of the bounds: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    alarm = watch.alarms(topology())[name]
    client = boto3.client("cloudwatch", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        stubber.add_response("put_metric_alarm", {}, alarm)
        client.put_metric_alarm(**alarm)
    (dimension,) = alarm["Dimensions"]
    own = ("SalesCDC", "BatchPassed")
    assert PUBLISHED.get((alarm["Namespace"], alarm["MetricName"]), "Deployment") == dimension["Name"]
    assert ((alarm["Namespace"], alarm["MetricName"]) in PUBLISHED) == (name != "batch-overdue")
    assert name != "batch-overdue" or (alarm["Namespace"], alarm["MetricName"]) == own
    looked_back = alarm["Period"] * alarm["EvaluationPeriods"]
    assert looked_back <= (WEEK_SECONDS if alarm["Period"] >= 3600 else DAY_SECONDS)
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topology().alerts_topic.arn]


def test_changes_may_be_late_by_firehoses_interval_and_fifteen_minutes() -> None:
    alarms = watch.alarms(topology(firehose_interval_seconds=60))
    assert alarms["delivery-freshness"]["Threshold"] == 960
    assert alarms["stream-age"]["Threshold"] == 960_000


def test_the_topic_lets_only_this_deployments_alarms_publish_and_may_have_the_key() -> None:
    of = topology(kms_key_arn=KEY, alerts_email="ops@example.com")
    topic = watch.alerts_topic(of)
    (statement,) = json.loads(topic["Attributes"]["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {
        "aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:sales-cdc-*"
    }
    assert (topic["Attributes"]["KmsMasterKeyId"], topic["Emails"]) == (KEY, ["ops@example.com"])
    assert "KmsMasterKeyId" not in watch.alerts_topic(topology())["Attributes"]


def test_a_topic_of_somebodys_is_told_instead() -> None:
    theirs = "arn:aws:sns:eu-central-1:123456789012:theirs"
    assert all(alarm["AlarmActions"] == [theirs] for alarm in watch.alarms(topology(alerts_topic_arn=theirs)).values())


def test_the_dashboard_shows_every_alarm_and_its_metric_without_overlap() -> None:
    """Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
    states, *plots = watch.dashboard(topology())["widgets"]
    assert len(states["properties"]["alarms"]) == len(plots) == len(ALARMS)
    taken = [
        (x, y)
        for each in (states, *plots)
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert {tuple(plot["properties"]["metrics"][0][:2]) for plot in plots} == {*PUBLISHED, ("SalesCDC", "BatchPassed")}


@pytest.mark.parametrize(
    ("reason", "is_taken"),
    [("Attributes Reason: Topic already exists with different attributes", True), ("Email address", False)],
)
def test_only_a_topic_that_exists_is_taken(reason: str, is_taken: bool) -> None:
    error = ClientError(
        {"Error": {"Code": "InvalidParameter", "Message": f"Invalid parameter: {reason}"}}, "CreateTopic"
    )
    assert TopicHook(aws_conn_id=None).means_taken(error) is is_taken
