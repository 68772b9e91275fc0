"""Test how a transaction's answer is interpreted, and how values are sent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from sales_cdc.aws.errors import DeniedError, ResourceMissingError
from sales_cdc.generate.transactional_table import OrdersTable, holds, wire
from sales_cdc.generate.workload import Change

INSERT = Change(0, "INSERT", "a", {"product_name": "laptop", "quantity": 5, "price": Decimal("10.50")})
UPDATE = Change(1, "MODIFY", "b", {"order_status": "paid"}, {"order_status": "placed"})
DELETE = Change(2, "REMOVE", "c", {}, {"quantity": 1})
CHANGES = (INSERT, UPDATE, DELETE)
NONE, REFUSED = {"Code": "None"}, {"Code": "ConditionalCheckFailed"}


@pytest.fixture
def stubbed() -> Iterator[tuple[OrdersTable, Stubber]]:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield OrdersTable(client, "orders"), stubber


def cancel(stubber: Stubber, *reasons: dict[str, Any]) -> None:
    stubber.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": list(reasons)}
    )


def test_each_change_is_sent_with_its_condition(stubbed: tuple[OrdersTable, Stubber]) -> None:
    table, stubber = stubbed
    common = {"TableName": "orders", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    sent = [
        {"Put": {**common, "ConditionExpression": "attribute_not_exists(orderid)", "Item": {
            "orderid": {"S": "a"}, "product_name": {"S": "laptop"}, "quantity": {"N": "5"}, "price": {"N": "10.5"}}}},
        {"Update": {**common, "Key": {"orderid": {"S": "b"}}, "ConditionExpression": "order_status = :old_order_status",
            "UpdateExpression": "SET order_status = :new_order_status",
            "ExpressionAttributeValues": {":old_order_status": {"S": "placed"}, ":new_order_status": {"S": "paid"}}}},
        {"Delete": {**common, "Key": {"orderid": {"S": "c"}}, "ConditionExpression": "quantity = :old_quantity",
            "ExpressionAttributeValues": {":old_quantity": {"N": "1"}}}},
    ]  # fmt: skip
    stubber.add_response("transact_write_items", {}, {"ClientRequestToken": "token", "TransactItems": sent})
    assert table.write(CHANGES, "token").written == CHANGES


def test_refused_changes_have_the_item_in_the_table_and_the_others_are_postponed(
    stubbed: tuple[OrdersTable, Stubber],
) -> None:
    table, stubber = stubbed
    item = {"orderid": {"S": "b"}, "status": {"S": "returned"}}
    cancel(stubber, NONE, {**REFUSED, "Item": item}, REFUSED)
    attempt = table.write(CHANGES, "token")
    assert attempt.refused == [(UPDATE, item), (DELETE, None)]
    assert attempt.postponed == [INSERT]
    assert (attempt.written, attempt.cause) == ((), "")


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_by_a_conflict_or_throttling_is_postponed_whole(
    stubbed: tuple[OrdersTable, Stubber], code: str
) -> None:
    table, stubber = stubbed
    cancel(stubber, NONE, {"Code": code}, NONE)
    attempt = table.write(CHANGES, "token")
    assert (list(attempt.postponed), attempt.cause) == (list(CHANGES), code)


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "TransactionInProgressException"]
)
def test_a_throttled_call_is_postponed_whole(stubbed: tuple[OrdersTable, Stubber], code: str) -> None:
    table, stubber = stubbed
    stubber.add_client_error("transact_write_items", code)
    attempt = table.write(CHANGES, "token")
    assert (attempt.postponed, attempt.cause) == (CHANGES, code)


def test_an_invalid_change_is_an_error(stubbed: tuple[OrdersTable, Stubber]) -> None:
    table, stubber = stubbed
    cancel(stubber, NONE, {"Code": "ValidationError", "Message": "no"}, REFUSED)
    with pytest.raises(ClientError):
        table.write(CHANGES, "token")


def test_a_missing_table_names_the_setup(stubbed: tuple[OrdersTable, Stubber]) -> None:
    table, stubber = stubbed
    stubber.add_client_error("transact_write_items", "ResourceNotFoundException")
    with pytest.raises(ResourceMissingError, match=r"write 3 changes .* orders: it does not exist .*sales_cdc_setup"):
        table.write(CHANGES, "token")


def test_a_denied_write_says_what_was_denied(stubbed: tuple[OrdersTable, Stubber]) -> None:
    table, stubber = stubbed
    stubber.add_client_error("transact_write_items", "AccessDeniedException", "not authorized: dynamodb:PutItem")
    with pytest.raises(DeniedError, match=r"denied .*dynamodb:PutItem"):
        table.write(CHANGES, "token")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("10.50"), "10.5"),
        (Decimal("1200.00"), "1200"),
        (1200, "1200"),
        (Decimal("0.00"), "0"),
        (Decimal("1234567890123456789012345678901234567.8"), "1234567890123456789012345678901234567.8"),
    ],
)
def test_numbers_are_sent_with_all_their_digits_and_no_trailing_zeros(value: Decimal | int, text: str) -> None:
    assert wire(value) == {"N": text}


def test_an_item_holds_values_of_the_same_type_and_amount_only() -> None:
    item = {"price": {"N": "10.5"}, "status": {"S": "5"}}
    assert holds(item, {"price": Decimal("10.50"), "status": "5"})
    assert not holds(item, {"status": 5})
    assert not holds(item, {"price": "10.5"})
    assert not holds(item, {"quantity": 1})
