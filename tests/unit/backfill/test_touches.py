"""Test the requests of touches, and how each answer is interpreted, without a clock."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from sales_cdc.aws.errors import DeniedError
from sales_cdc.backfill.ledger import BackfillLedger
from sales_cdc.backfill.run import BackfillRun
from sales_cdc.backfill.touches import TouchableTable, Touched
from sales_cdc.generate.change_writer import MAX_ATTEMPTS, Pace, StalledError


@pytest.fixture
def stubbed() -> Iterator[tuple[TouchableTable, Stubber]]:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield TouchableTable(client, "orders"), stubber


def test_a_touch_sets_only_its_mark_and_only_on_an_existing_order(
    stubbed: tuple[TouchableTable, Stubber],
) -> None:
    table, stubber = stubbed
    sent = {
        "TableName": "orders",
        "Key": {"orderid": {"S": "a"}},
        "UpdateExpression": "SET #touch = :mark",
        "ConditionExpression": "attribute_exists(#key)",
        "ExpressionAttributeNames": {"#key": "orderid", "#touch": "sales_cdc_touch"},
        "ExpressionAttributeValues": {":mark": {"S": "m"}},
    }
    stubber.add_response("update_item", {}, sent)
    assert table.touch("a", "m") is Touched.MADE


@pytest.mark.parametrize(
    ("code", "message", "read"),
    [
        ("ConditionalCheckFailedException", "", Touched.GONE),
        ("TransactionConflictException", "", Touched.BUSY),
        ("ThrottlingException", "", Touched.BUSY),
        ("ValidationException", "Item size to update has exceeded the maximum allowed size", Touched.TOO_LARGE),
    ],
)
def test_each_refusal_has_its_meaning(
    stubbed: tuple[TouchableTable, Stubber], code: str, message: str, read: Touched
) -> None:
    table, stubber = stubbed
    stubber.add_client_error("update_item", code, message)
    assert table.touch("a", "m") is read


def test_an_invalid_or_denied_touch_is_an_error(stubbed: tuple[TouchableTable, Stubber]) -> None:
    table, stubber = stubbed
    stubber.add_client_error("update_item", "ValidationException", "The provided key element does not match the schema")
    with pytest.raises(ClientError):
        table.touch("a", "m")
    stubber.add_client_error("update_item", "AccessDeniedException", "not authorized: dynamodb:UpdateItem")
    with pytest.raises(DeniedError, match=r"touch an order .* orders: denied .*dynamodb:UpdateItem"):
        table.touch("a", "m")


class Unhurried(Event):
    """Return from every wait at once."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_a_table_that_stays_busy_ends_the_attempts_with_a_clear_error(stubbed: tuple[TouchableTable, Stubber]) -> None:
    table, stubber = stubbed
    for _ in range(MAX_ATTEMPTS):
        stubber.add_client_error("update_item", "ThrottlingException")
    ledger = BackfillLedger(None, "bucket", "run", str)
    with pytest.raises(StalledError, match=r"orders did not take a touch in 12 attempts.*rate_per_second"):
        BackfillRun(table, ledger, str, Unhurried())._settle("a", mark="m", pace=Pace(None))
