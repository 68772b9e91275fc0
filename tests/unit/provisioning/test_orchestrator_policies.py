"""Test that Airflow's policies keep AWS's limits and name only this deployment's resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.orchestrator_policies import (
    documents,
    encrypting,
    operating,
    provisioning,
    provisioning_lake,
)
from sales_cdc.provisioning.policies import Document

from tests.unit.provisioning.service_authorization import resource_types

LONGEST_PREFIX = "p" * 30
TOPOLOGY = Topology(Settings(target="aws", region="ap-southeast-2", prefix=LONGEST_PREFIX), "123456789012")
KEY = "arn:aws:kms:ap-southeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENCRYPTED = Topology(replace(TOPOLOGY.settings, kms_key_arn=KEY), TOPOLOGY.account)
SHARED = (":catalog", ":database/default", ":kms:ap-southeast-2:123456789012:key/*", ":alarm:*")
"""What the account has once: a deployment cannot have its own."""
ALL = pytest.mark.parametrize("policy", [provisioning, provisioning_lake, operating])


@pytest.mark.parametrize("of", [TOPOLOGY, ENCRYPTED], ids=["own keys", "our key"])
def test_each_fits_a_managed_policy(of: Topology) -> None:
    assert all(len(json.dumps(policy, separators=(",", ":"))) <= 6144 for policy in documents(of).values())


def test_the_key_is_used_through_services_only_and_only_if_there_is_one() -> None:
    assert "kms:" not in json.dumps(
        [each["Action"] for one in documents(TOPOLOGY).values() for each in one["Statement"]]
    )
    assert list(documents(TOPOLOGY)) == ["provisioning", "provisioning-lake", "operating"]
    for policy in (encrypting(ENCRYPTED), operating(ENCRYPTED)):
        uses = [each for each in policy["Statement"] if each["Resource"] == [KEY]]
        assert uses
        assert all("kms:ViaService" in json.dumps(each) or each["Action"] == ["kms:DescribeKey"] for each in uses)


@ALL
def test_only_actions_without_resources_are_allowed_on_all(policy: Callable[[Topology], Document]) -> None:
    for statement in policy(TOPOLOGY)["Statement"]:
        if statement["Resource"] == ["*"]:
            assert [action for action in statement["Action"] if resource_types(action)] == []
        else:
            names = (LONGEST_PREFIX, *SHARED)
            assert all(any(name in resource for name in names) for resource in statement["Resource"])


@ALL
def test_no_action_is_a_wildcard(policy: Callable[[Topology], Document]) -> None:
    assert not [action for each in policy(TOPOLOGY)["Statement"] for action in each["Action"] if "*" in action]


def test_the_operating_policy_creates_and_removes_no_resource() -> None:
    for statement in operating(TOPOLOGY)["Statement"]:
        for action in statement["Action"]:
            service, _, verb = action.partition(":")
            allowed = {
                "glue:CreateTable",
                "glue:DeleteTable",
                "sqs:DeleteMessage",
                "s3:DeleteObject",
                "dynamodb:DeleteItem",
            }
            assert action in allowed or not verb.startswith(("Create", "Delete")), action
            assert service != "iam"


def test_setup_of_a_stack_may_read_upload_the_code_send_a_probe_deliver_a_former_stream_and_nothing_else() -> None:
    stack = Topology(replace(TOPOLOGY.settings, managed_by="cloudformation"), TOPOLOGY.account)
    found = documents(stack)
    assert list(found) == ["provisioning", "operating"]
    writes = {
        (action, *each["Resource"])
        for each in found["provisioning"]["Statement"]
        for action in each["Action"]
        if not action.partition(":")[2].startswith(("Get", "List", "Describe"))
    }
    assert writes == {
        ("dynamodb:PutItem", stack.table.arn),
        ("dynamodb:DeleteItem", stack.table.arn),
        (
            "s3:PutObject",
            *(f"{stack.bucket.arn}/{each}/*" for each in ("artifacts", "ledger/streams", "raw/orders", "errors")),
        ),
        ("lambda:InvokeFunction", stack.transformer.arn),
    }


def test_operating_may_delete_only_the_tables_of_the_raw_zone_and_those_beside_the_live_ones() -> None:
    (statement,) = [each for each in operating(TOPOLOGY)["Statement"] if "glue:DeleteTable" in each["Action"]]
    tables = [resource for resource in statement["Resource"] if ":table/" in resource]
    assert statement["Action"] == ["glue:DeleteTable"]
    assert [name.rpartition("/")[2] for name in tables] == ["raw_*", "orders_rebuild_*", "orders_old_*"]
