"""Test that each role trusts one service and has least privilege on this pipeline's resources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sales_cdc.deployment.topology import SERVICES, Service
from sales_cdc.provisioning.policies import PRINCIPALS, bucket_policy, permissions, through_key, trust_policy
from sales_cdc.provisioning.queue_policies import raw_events_queue_policy

from tests.unit.provisioning.service_authorization import resource_types
from tests.unit.topologies import ACCOUNT, KEY, topology

TERRAFORMS_CRAWLER = {
    f"sqs:{action}"
    for action in (
        "DeleteMessage", "GetQueueUrl", "ListDeadLetterSourceQueues", "ReceiveMessage", "GetQueueAttributes", "ListQueueTags",
        "SetQueueAttributes", "PurgeQueue",
    )
}  # fmt: skip
"""What the role of a crawler in CRAWL_EVENT_MODE may do on its queue in the acceptance test of Terraform's provider, which runs on AWS.

``DeleteMessageBatch``, which is there as well, is no action of IAM: DeleteMessage allows that call.
Source: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/glue/crawler_test.go
(``testAccCrawlerConfig_s3TargetEventQueue``)
"""
BEYOND_ONE_DEPLOYMENT = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}  # Glue's own log groups


def statements(service: Service, **settings: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = permissions(topology(**settings), service)["Statement"]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_trusts_its_service_for_this_account_alone(service: Service) -> None:
    (statement,) = trust_policy(topology(), service)["Statement"]
    assert statement["Principal"] == {"Service": PRINCIPALS[service]}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"]["StringEqualsIfExists"] == {"aws:SourceAccount": ACCOUNT}


@pytest.mark.parametrize("service", SERVICES)
def test_no_statement_has_a_wildcard_action_or_needlessly_every_resource(service: Service) -> None:
    for statement in statements(service):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in statement["Action"])
        assert "*" not in statement["Resource"] or not any(resource_types(each) for each in statement["Action"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_resource_is_this_deployment_s(service: Service) -> None:
    for statement in statements(service, prefix="acme"):
        shared = set(statement["Action"]) <= BEYOND_ONE_DEPLOYMENT
        for resource in statement["Resource"]:
            assert shared or "acme" in resource or resource.endswith(":catalog") or resource == "*"


@pytest.mark.parametrize("service", SERVICES)
def test_no_grant_of_an_action_on_a_resource_is_duplicated(service: Service) -> None:
    granted = [
        (action, resource)
        for statement in statements(service)
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert len(granted) == len(set(granted))


USES = {  # of the key, by role: which actions through which services
    "pipe": [(["kms:Decrypt"], ["dynamodb"]), (["kms:GenerateDataKey"], ["kinesis"]), (["kms:GenerateDataKey", "kms:Decrypt"], ["sqs"])],
    "delivery": [(["kms:Decrypt"], ["kinesis"]), (["kms:GenerateDataKey", "kms:Decrypt"], ["s3"])],
    "transformer": [(["kms:Decrypt"], ["lambda"])],
    "crawler": [(["kms:Decrypt"], ["s3"])],
    "job": [(["kms:GenerateDataKey", "kms:Decrypt"], ["s3"])],
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_uses_the_key_only_through_the_services_that_it_needs_it_for(service: Service) -> None:
    found = [each for each in statements(service, kms_key_arn=KEY) if "kms" in each["Action"][0]]
    via = [[f"{name}.eu-central-1.amazonaws.com" for name in names] for _, names in USES[service]]
    assert [(each["Action"], each["Condition"]["StringEquals"]["kms:ViaService"]) for each in found] == [
        (actions, services) for (actions, _), services in zip(USES[service], via, strict=True)
    ]
    assert all(each["Resource"] == [KEY] for each in found)
    assert "kms" not in json.dumps(statements(service)).lower()


def test_services_in_china_have_another_domain() -> None:
    (statement,) = through_key(topology(region="cn-north-1", kms_key_arn=KEY), ["Decrypt"], ["s3"])
    assert statement["Condition"]["StringEquals"]["kms:ViaService"] == ["s3.cn-north-1.amazonaws.com.cn"]


def test_the_pipe_reads_one_table_s_stream_and_writes_one_stream_and_one_queue() -> None:
    granted = {action: each["Resource"] for each in statements("pipe") for action in each["Action"]}
    assert granted["dynamodb:GetRecords"] == [f"{topology().table.arn}/stream/*"]
    assert granted["kinesis:PutRecords"] == [topology().stream.arn]
    assert granted["sqs:SendMessage"] == [topology().dead_letter_queue.arn]


def test_the_delivery_stream_writes_nothing_but_raw_and_errors() -> None:
    granted = {action: each["Resource"] for each in statements("delivery") for action in each["Action"]}
    assert granted["s3:PutObject"] == [f"{topology().bucket.arn}/raw/orders/*", f"{topology().bucket.arn}/errors/*"]


def test_the_crawler_lists_and_reads_raw_only() -> None:
    listing = next(each for each in statements("crawler") if each["Action"] == ["s3:ListBucket"])
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["raw/orders", "raw/orders/*"]}}


def test_the_crawler_reads_one_queue_to_which_the_bucket_alone_may_send() -> None:
    """The actions are those of https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html."""
    of = topology()
    granted = {action: each["Resource"] for each in statements("crawler") for action in each["Action"]}
    queue = {action for action, on in granted.items() if on == [of.raw_events_queue.arn]}
    assert queue == TERRAFORMS_CRAWLER
    assert {action for action in granted if action.startswith("sqs:")} == queue
    (sender,) = raw_events_queue_policy(of)["Statement"]
    assert (sender["Principal"], sender["Action"]) == ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage")
    assert sender["Condition"]["ArnEquals"] == {"aws:SourceArn": of.bucket.arn}


def test_no_role_may_delete_raw_changes() -> None:
    for service in SERVICES:
        for statement in statements(service):
            if "s3:DeleteObject" in statement["Action"]:
                assert statement["Resource"] == [f"{topology().bucket.arn}/curated/*"]


def test_the_bucket_refuses_plain_http_for_itself_and_every_object() -> None:
    (statement,) = bucket_policy(topology())["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [topology().bucket.arn, f"{topology().bucket.arn}/*"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_document_fits_iam_s_limits(service: Service) -> None:
    assert len(json.dumps(permissions(topology(prefix="p" * 30), service))) <= 10_240
    assert len(json.dumps(trust_policy(topology(prefix="p" * 30), service))) <= 2_048
