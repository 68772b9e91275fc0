"""Send single orders through the table's stream again without writing any of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.contract.change_contract import TOUCH
from sales_cdc.contract.curated_row import Item
from sales_cdc.contract.order_keys import KEYS

BUSY_CODES = frozenset({"TransactionConflictException", "TransactionInProgressException"})


class Repaired(StrEnum):
    """The outcome of one order's repair."""

    TOUCHED = "touched"
    PUT_AND_DELETED = "put and deleted"
    GONE = "deleted meanwhile: its own change mends it"
    BACK = "put there meanwhile: its own change mends it"


class OrderBusyError(Exception):
    """Another transaction is writing the order; the same call succeeds a moment later."""


class RepairWritesHook(SourceOrdersHook):
    """DynamoDB, for the two writes that send one order through the stream again.

    ``mark`` names the run, so a repeated call continues where the call before stopped. Every method raises OrderBusyError, and
    CallRefusedError when the table is missing, denied, or does not answer.

    Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
    """

    def touch(self, order_id: str, mark: str) -> Repaired:
        """Set the mark on an existing order and remove it again, which makes two changes in the stream.

        No change event carries the mark. No other attribute is read or written, so what others write before, between or after
        stays.
        """
        update, key, value = self.get_conn().update_item, KEYS.typed(order_id), {":mark": {"S": mark}}
        made, _ = self._attempt(
            update, Key=key, UpdateExpression="SET #touch = :mark", ConditionExpression="attribute_exists(#key)",
            ExpressionAttributeNames={"#touch": TOUCH, "#key": KEYS.names[0]}, ExpressionAttributeValues=value,
        )  # fmt: skip
        if not made:
            return Repaired.GONE
        self._attempt(
            update, Key=key, UpdateExpression="REMOVE #touch", ConditionExpression="#touch = :mark",
            ExpressionAttributeNames={"#touch": TOUCH}, ExpressionAttributeValues=value,
        )  # fmt: skip
        return Repaired.TOUCHED

    def put_and_delete(self, order_id: str, mark: str) -> Repaired:
        """Put an order that the table does not hold, with only its key and the mark, and delete it again.

        An order that others put in its place stays, because the delete takes only an item that carries the mark. A conditional
        insert by others between the two writes is refused.
        """
        client, names = self.get_conn(), {"#touch": TOUCH}
        key: dict[str, Any] = KEYS.typed(order_id)
        item = {**key, TOUCH: {"S": mark}}
        made, existing = self._attempt(
            client.put_item, Item=item,
            ConditionExpression="attribute_not_exists(#key)", ExpressionAttributeNames={"#key": KEYS.names[0]},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )  # fmt: skip
        if not made and existing != item:
            return Repaired.BACK
        made, _ = self._attempt(
            client.delete_item, Key=key, ConditionExpression="#touch = :mark",
            ExpressionAttributeNames=names, ExpressionAttributeValues={":mark": {"S": mark}},
        )  # fmt: skip
        return Repaired.PUT_AND_DELETED if made else Repaired.BACK

    def _attempt(self, call: Callable[..., Any], **request: Any) -> tuple[bool, Item | None]:
        """Return whether the call's condition held, and otherwise the existing item if the call asks for it."""
        try:
            with explained("write an order in the DynamoDB table", self.table):
                call(TableName=self.table, **request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in BUSY_CODES:
                raise OrderBusyError(code) from error
            if code != "ConditionalCheckFailedException":
                raise
            existing: Mapping[str, Any] | None = error.response.get("Item")
            return False, existing
        return True, None
