"""Test against what a request to CloudWatch or SNS is checked."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from local_cloud.emulator.alarm_resources import alarm_arn, metric_context, parameters
from local_cloud.emulator.further_checks import further_checks

PLACE = "us-east-1:000000000000"
ALARM = f"arn:aws:cloudwatch:{PLACE}:alarm:"


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("PutMetricAlarm", {"AlarmName": "late"}, f"{ALARM}late"),
        ("DeleteAlarms", {"AlarmNames": ["late", "later"]}, f"{ALARM}late"),
        ("DescribeAlarms", {"AlarmNames": ["late"]}, f"{ALARM}*"),
        ("ListTagsForResource", {"ResourceARN": f"{ALARM}late"}, f"{ALARM}late"),
        ("PutMetricData", {"Namespace": "Shop"}, "*"),
    ],
)
def test_a_call_is_checked_against_its_alarm(operation: str, request_: dict[str, Any], expected: str) -> None:
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    read = parameters({"content-type": "application/cbor"}, cbor2.dumps(request_))
    assert alarm_arn(path, read, PLACE) == expected


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/cbor", cbor2.dumps({"Tags": [{"Key": "a", "Value": "b"}]})),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            b"Action=CreateTopic&Name=x&Tags.member.1.Key=a&Tags.member.1.Value=b",
        ),
        ("application/x-amz-json-1.1", b'{"Tags": [{"Key": "a"}]}'),
    ],
)
def test_tags_at_creation_are_seen_in_every_protocol(kind: str, body: bytes) -> None:
    assert parameters({"content-type": kind}, body)["Tags"]


@pytest.mark.parametrize("body", [b"", b"\xff", cbor2.dumps(1)])
def test_a_body_that_is_no_map_has_no_parameters(body: bytes) -> None:
    assert parameters({"content-type": "application/cbor"}, body) == {}


@pytest.mark.parametrize(
    ("action", "tagging"),
    [("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"), ("sns:CreateTopic", "sns:TagResource")],
)
def test_tags_need_the_permission_to_tag(action: str, tagging: str) -> None:
    assert further_checks(action, "arn", {"Tags": "a"}, PLACE) == [(tagging, "arn")]
    assert further_checks(action, "arn", {}, PLACE) == []


@pytest.mark.parametrize(
    "body",
    [
        cbor2.dumps({"Namespace": "SalesCdc", "MetricData": []}),
        b"Action=PutMetricData&Namespace=SalesCdc&MetricData.member.1.MetricName=x",
        b'{"Namespace": "SalesCdc", "MetricData": []}',
    ],
    ids=["CBOR", "form", "JSON"],
)
def test_metrics_are_put_under_the_condition_of_their_namespace(body: bytes) -> None:
    assert metric_context("cloudwatch:PutMetricData", body) == {"cloudwatch:namespace": "SalesCdc"}
    assert metric_context("cloudwatch:GetMetricData", body) == {}


def test_metrics_without_a_namespace_have_no_condition_key() -> None:
    assert metric_context("cloudwatch:PutMetricData", cbor2.dumps({})) == {}
