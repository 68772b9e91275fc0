"""Permissions are checked against the resource that AWS documents, and a denial names the resource."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local_cloud.emulator.permission_checks import (
    name_resource,
    of_one_message,
    stream_arn,
    with_resources,
    work_group_arn,
)

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"


def no_query(_: str) -> None:
    """Return no work group for any query."""


def iterator(**position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"StreamArn": f"{TABLE}/stream/2026"}, f"{TABLE}/stream/2026"),
        ({"ShardIterator": iterator(t="orders", p=1, arn=f"{TABLE}/stream/2026")}, f"{TABLE}/stream/2026"),
        ({"ShardIterator": iterator(t="orders", p=1)}, f"{TABLE}/stream/*"),
        ({"TableName": "orders"}, "*"),
        ({"ShardIterator": "not one of ours"}, "*"),
        ({}, "*"),
    ],
)
def test_a_request_addresses_its_stream(request_: dict[str, str], expected: str) -> None:
    assert stream_arn(json.dumps(request_).encode(), "us-east-1", "000000000000") == expected


@pytest.mark.parametrize("key", ["raw/orders/", "raw/orders/1.json", "raw//orders", "raw"])
def test_a_key_keeps_its_slashes(key: str) -> None:
    checked = with_resources(lambda *_: "emulator's", no_query)
    found = checked("s3", "GET", f"/lake/{key}", {}, b"", {}, "us-east-1", "000000000000")
    assert found == f"arn:aws:s3:::lake/{key}"


@pytest.mark.parametrize("path", ["/", "/lake", "/lake/"])
def test_a_path_without_a_key_is_left_to_the_emulator(path: str) -> None:
    checked = with_resources(lambda *_: "emulator's", no_query)
    assert checked("s3", "GET", path, {}, b"", {}, "us-east-1", "000000000000") == "emulator's"


def test_other_services_are_left_to_the_emulator() -> None:
    extended = with_resources(lambda service, *_: f"emulator's {service}", no_query)
    assert extended("s3", "GET", "/", {}, b"", {}, "us-east-1", "000000000000") == "emulator's s3"
    body = json.dumps({"StreamArn": "arn"}).encode()
    assert extended("dynamodbstreams", "POST", "/", {}, body, {}, "us-east-1", "000000000000") == "arn"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("sqs:DeleteMessageBatch", "sqs:DeleteMessage"),
        ("sqs:SendMessage", "sqs:SendMessage"),
        ("dynamodb:BatchGetItem", "dynamodb:BatchGetItem"),
        (None, None),
    ],
)
def test_a_batch_of_messages_needs_the_action_of_one(found: str | None, expected: str | None) -> None:
    """Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html"""
    assert of_one_message(lambda *_: found)("sqs", "POST", "/", {}, b"", {}) == expected


def test_a_call_on_an_export_is_checked_against_it() -> None:
    checked = with_resources(lambda *_: "*", no_query)
    for request, expected in (
        ({"ExportArn": f"{TABLE}/export/1"}, f"{TABLE}/export/1"),
        ({"TableArn": TABLE}, TABLE),
        ({}, "*"),
    ):
        body = json.dumps(request).encode()
        assert checked("dynamodb", "POST", "/", {}, body, {}, "us-east-1", "000000000000") == expected


def test_a_transaction_in_one_table_is_named_by_it() -> None:
    checked = with_resources(lambda *_: "*", no_query)
    put, check = ({"Put": {"TableName": "orders"}}, {"ConditionCheck": {"TableName": "customers"}})
    for items, expected in (([put, put], TABLE), ([put, check], "*"), ([], "*")):
        body = json.dumps({"TransactItems": items}).encode()
        assert checked("dynamodb", "POST", "/", {}, body, {}, "us-east-1", "000000000000") == expected


def test_a_call_on_a_pipe_s_tags_is_checked_against_the_pipe() -> None:
    """Only a policy for every resource allowed it."""
    checked, pipe = with_resources(lambda *_: "*", no_query), "arn:aws:pipes:us-east-1:000000000000:pipe/orders"
    for path in (f"/tags/{pipe}", f"/tags/{pipe.replace(':', '%3A').replace('/', '%2F')}"):
        assert checked("pipes", "POST", path, {}, b"{}", {}, "us-east-1", "000000000000") == pipe


def test_a_call_on_a_topic_s_tags_is_checked_against_the_topic() -> None:
    extended = with_resources(lambda *_: "*", no_query)
    form, body = {"content-type": "application/x-www-form-urlencoded"}, b"Action=ListTagsForResource&ResourceArn=arn"
    assert extended("sns", "POST", "/", form, body, {}, "us-east-1", "000000000000") == "arn"


def test_a_call_that_names_a_log_stream_is_checked_against_it() -> None:
    checked = with_resources(lambda *_: "arn:aws:logs:us-east-1:000000000000:log-group:errors", no_query)
    stream = checked("logs", "POST", "/", {}, b'{"logStreamName": "S3Delivery"}', {}, "us-east-1", "000000000000")
    group = checked("logs", "POST", "/", {}, b'{"logGroupName": "errors"}', {}, "us-east-1", "000000000000")
    assert (stream.removeprefix(group), group.rpartition(":")[2]) == (":log-stream:S3Delivery", "errors")


def test_a_rule_on_the_default_bus_is_checked_by_its_name() -> None:
    emulator = "arn:aws:events:us-east-1:000000000000:rule/{}"
    for found, expected in (("default/new", "new"), ("mine/new", "mine/new")):
        checked = with_resources(lambda *_, found=found: emulator.format(found), no_query)
        assert checked("events", "POST", "/", {}, b"{}", {}, "us-east-1", "0") == emulator.format(expected)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"WorkGroup": "sales"}, "workgroup/sales"),
        ({"Name": "sales"}, "workgroup/sales"),
        ({"QueryExecutionId": "known"}, "workgroup/sales"),
        ({"QueryExecutionIds": ["known", "other"]}, "workgroup/sales"),
        ({"QueryExecutionId": "unknown"}, None),
        ({}, None),
    ],
)
def test_an_athena_call_is_checked_against_its_work_group(request_: dict[str, Any], expected: str | None) -> None:
    work_group_of = {"known": "sales"}.get
    found = work_group_arn(json.dumps(request_).encode(), "us-east-1", "000000000000", work_group_of)
    assert found == (expected and f"arn:aws:athena:us-east-1:000000000000:{expected}")


def denial(service: str, **details: Any) -> str:
    respond = name_resource(
        lambda *_, message="", **__: message, lambda action, caller, resource, _: f"{caller}: {action} on {resource}"
    )
    return str(respond(service, "s3:GetObject", "somebody", "request", **details))


def test_a_denial_names_the_resource_and_s3_quotes_it() -> None:
    assert denial("glue", resource_arn=TABLE) == f"somebody: s3:GetObject on {TABLE}"
    assert denial("s3", resource_arn="arn:aws:s3:::orders/a") == 'somebody: s3:GetObject on "arn:aws:s3:::orders/a"'


def test_a_denial_with_its_own_message_keeps_it() -> None:
    assert denial("s3", resource_arn="*") == ""
    assert denial("s3", resource_arn=TABLE, message="no") == "no"
