"""Makes single orders pass through the table's own stream again, without a value of theirs being written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.contract.change_contract import TOUCH
from sales_cdc.contract.curated_row import KEY, Item

BUSY_CODES = frozenset({"TransactionConflictException", "TransactionInProgressException"})


class Repaired(StrEnum):
    """What became of an order's repair."""

    TOUCHED = "touched"
    PUT_AND_DELETED = "put and deleted"
    GONE = "deleted meanwhile: its own change mends it"
    BACK = "put there meanwhile: its own change mends it"


class OrderBusyError(Exception):
    """Somebody's transaction is writing the order: the same call a moment later goes on."""


class RepairableOrdersHook(SourceOrdersHook):
    """One table of orders. ``mark`` names the run: a call that is repeated goes on where the one before stopped.

    Every method raises OrderBusyError, and CallRefusedError when the table is missing, denied, or does not answer.
    Source: Amazon DynamoDB API Reference, *UpdateItem*, *PutItem*, *DeleteItem*.
    """

    def touch(self, order_id: str, mark: str) -> Repaired:
        """Two changes of an order that is there: with the mark, which no change event carries, and without it again.

        No other attribute is read or written: whatever others write before, between or after stays.
        """
        update, key, value = self.get_conn().update_item, {KEY: {"S": order_id}}, {":mark": {"S": mark}}
        made, _ = self._attempt(
            update, Key=key, UpdateExpression="SET #touch = :mark", ConditionExpression="attribute_exists(#key)",
            ExpressionAttributeNames={"#touch": TOUCH, "#key": KEY}, ExpressionAttributeValues=value,
        )  # fmt: skip
        if not made:
            return Repaired.GONE
        self._attempt(
            update, Key=key, UpdateExpression="REMOVE #touch", ConditionExpression="#touch = :mark",
            ExpressionAttributeNames={"#touch": TOUCH}, ExpressionAttributeValues=value,
        )  # fmt: skip
        return Repaired.TOUCHED

    def put_and_delete(self, order_id: str, mark: str) -> Repaired:
        """Two changes of an order that is not there: it is put with nothing but its key and the mark, and deleted again.

        What somebody puts in its place stays: the delete takes only what carries the mark. (An insert of theirs that falls
        between the two, and asks that no such order be there, is refused.)
        """
        client, names = self.get_conn(), {"#touch": TOUCH}
        made, there = self._attempt(
            client.put_item, Item={KEY: {"S": order_id}, TOUCH: {"S": mark}},
            ConditionExpression="attribute_not_exists(#key)", ExpressionAttributeNames={"#key": KEY},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )  # fmt: skip
        if not made and there != {KEY: {"S": order_id}, TOUCH: {"S": mark}}:
            return Repaired.BACK
        made, _ = self._attempt(
            client.delete_item, Key={KEY: {"S": order_id}}, ConditionExpression="#touch = :mark",
            ExpressionAttributeNames=names, ExpressionAttributeValues={":mark": {"S": mark}},
        )  # fmt: skip
        return Repaired.PUT_AND_DELETED if made else Repaired.BACK

    def _attempt(self, call: Callable[..., Any], **request: Any) -> tuple[bool, Item | None]:
        """Whether the call's condition held; if not, the item that is there, when the call asks for it."""
        try:
            with explained("write an order in the DynamoDB table", self.table):
                call(TableName=self.table, **request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in BUSY_CODES:
                raise OrderBusyError(code) from error
            if code != "ConditionalCheckFailedException":
                raise
            there: Mapping[str, Any] | None = error.response.get("Item")
            return False, there
        return True, None
