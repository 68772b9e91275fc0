"""Test which tables can be adopted, and what each refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from sales_cdc.contract.change_contract import Attribute, Contract
from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.provisioning.adoption import AdoptableTable
from sales_cdc.provisioning.cloudformation import template
from sales_cdc.provisioning.orchestrator_policies import documents
from sales_cdc.provisioning.policies import Document, permissions

from tests.unit.topologies import topology

INVOICES = Contract(
    "invoices",
    (Attribute("customer", "S", "customer"), Attribute("line", "N", "line")),
    (Attribute("a", "string", "a"),),
)
STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop/stream/2026-11-22T13:40:00.000"


def table(**changed: Any) -> AdoptableTable:
    """Return a table that fits, as DescribeTable shows it, with some fields changed."""
    return AdoptableTable(
        {
            "TableName": "shop",
            "TableStatus": "ACTIVE",
            "KeySchema": [
                {"AttributeName": "line", "KeyType": "RANGE"},
                {"AttributeName": "customer", "KeyType": "HASH"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "line", "AttributeType": "N"},
                {"AttributeName": "customer", "AttributeType": "S"},
                {"AttributeName": "of_an_index", "AttributeType": "S"},
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            "LatestStreamArn": STREAM,
            **changed,
        }
    )


def stream(view_type: str) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": view_type}


@pytest.mark.parametrize("view_type", ["NEW_IMAGE", "NEW_AND_OLD_IMAGES"])
def test_a_table_fits_by_its_key_and_by_any_stream_with_the_new_image(view_type: str) -> None:
    fitting = table(StreamSpecification=stream(view_type))
    assert (fitting.refusal(INVOICES), fitting.view_type, fitting.stream_arn) == (None, view_type, STREAM)


@pytest.mark.parametrize("off", [{}, {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}])
def test_a_stream_that_is_off_is_none_even_where_its_arn_is_still_shown(off: dict[str, Any]) -> None:
    without = table(StreamSpecification=off)
    assert (without.refusal(INVOICES), without.view_type, without.stream_arn) == (None, None, "")
    assert '{"enable_stream": true}' in without.needs_stream()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"StreamSpecification": stream("KEYS_ONLY")}, "Its stream is KEYS_ONLY, which does not carry the item after a change"),
        ({"StreamSpecification": stream("OLD_IMAGE")}, "Its stream is OLD_IMAGE"),
        ({"TableStatus": "DELETING"}, "It is DELETING. Run setup again once it is ACTIVE."),
        (
            {"KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}]},
            "Its key is customer (S); the contract declares customer (S) and line (N)",
        ),
        (
            {"AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("line", "customer")]},
            "Its key is customer (S) and line (S); the contract declares customer (S) and line (N). Declare the table's own key: 'make",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_reason(changed: dict[str, Any], reason: str) -> None:
    assert reason in str(table(**changed).refusal(INVOICES))


@pytest.mark.parametrize("named", ["ab", "two words", "arn:aws:dynamodb:us-east-1:123456789012:table/shop"])
def test_what_is_no_name_of_a_table_is_refused_with_the_region(named: str) -> None:
    with pytest.raises(SettingsError, match=r"SALES_CDC_TABLE is .* a DynamoDB table of this account in us-east-1"):
        Settings.from_environment({"SALES_CDC_TARGET": "local", "SALES_CDC_TABLE": named})


def test_a_deployment_adopts_any_table_but_its_own() -> None:
    assert not topology().adopts_table
    assert not topology(table="sales-cdc-orders").adopts_table
    adopting = topology(table="shop")
    assert (adopting.adopts_table, adopting.table.name, adopting.hops["table"]) == (True, "shop", "shop")
    assert adopting.table.arn == "arn:aws:dynamodb:eu-central-1:123456789012:table/shop"


def actions_on(documents: list[Document], arn: str) -> set[str]:
    statements = [each for document in documents for each in document["Statement"]]
    return {action for each in statements if arn in each["Resource"] for action in each["Action"]}


def test_airflow_may_neither_make_nor_remove_nor_tag_an_adopted_table() -> None:
    adopting = topology(table="shop")
    found = documents(adopting)
    provisioning = actions_on([found["provisioning"], found["provisioning-lake"]], adopting.table.arn)
    assert provisioning == {
        f"dynamodb:{action}" for action in ("DescribeTable", "UpdateTable", "PutItem", "DeleteItem")
    }


def test_a_key_of_the_table_s_owner_serves_through_dynamodb_alone() -> None:
    adopting = topology(table="shop")
    keys = [
        statement
        for document in (permissions(adopting, "pipe"), documents(adopting)["operating"])
        for statement in document["Statement"]
        if any(action.startswith("kms:") for action in statement["Action"])
    ]
    assert [each["Resource"] for each in keys] == [["arn:aws:kms:eu-central-1:123456789012:key/*"]] * 2
    via = {"StringEquals": {"kms:ViaService": ["dynamodb.eu-central-1.amazonaws.com"]}}
    assert [each["Condition"] for each in keys] == [via, via]


def test_a_stack_reads_an_adopted_table_s_stream_and_does_not_hold_the_table() -> None:
    found = template(topology(table="my.shop"), "code.zip")
    assert not [name for name, each in found["Resources"].items() if each["Type"] == "AWS::DynamoDB::Table"]
    assert found["Resources"]["Pipe"]["Properties"]["Source"] == {"Ref": "TableStreamArn"}
    assert found["Parameters"]["TableStreamArn"]["AllowedPattern"] == (
        "^arn:aws:dynamodb:eu-central-1:123456789012:table/my[.]shop/stream/.+$"
    )
