"""Touches: the least change of an order that makes the table's own stream carry it.

A touch sets one attribute, ``sales_cdc_touch``, to a mark; no other attribute is read or written, so no concurrent write can
be harmed, and the stream's record shows the order as it is at that moment. It is made on the condition that the order is
there, so that a deleted one does not come back. Sent twice, it changes nothing the second time, and a write that changes
nothing leaves no stream record. The attribute stays on the item; no change event carries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.contract.change_contract import TOUCH, is_probe
from sales_cdc.generate.transactional_table import KEY, PASSING

BUSY = PASSING | {"TransactionConflictException"}
PAGE_ITEMS = 1_000


class Touched(StrEnum):
    """What became of a touch: made (now or before), too late (deleted), or to be sent again."""

    MADE = "made"
    GONE = "gone"
    BUSY = "busy"
    TOO_LARGE = "too large"


@dataclass(frozen=True)
class TableSize:
    """What DescribeTable says; DynamoDB brings both numbers up to date about every six hours."""

    items: int
    size_bytes: int
    has_stream: bool


@dataclass(frozen=True)
class Page:
    """Some orders of a segment: ids by whether they carry the mark; ``following`` is absent (None) on the last page."""

    unmarked: tuple[str, ...]
    marked: tuple[str, ...]
    following: Mapping[str, Any] | None


class TouchableTable:
    """The orders table, through a client made with ``sales_cdc.generate.orders_table.CLIENT_CONFIG``.

    Every method raises CallRefusedError when the table is missing, denied, or does not answer.
    Source: Amazon DynamoDB API Reference, *DescribeTable*, *Scan*, *UpdateItem*.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def size(self) -> TableSize:
        with explained("look at the DynamoDB table", self.name):
            table = self._client.describe_table(TableName=self.name)["Table"]
        has_stream = table.get("StreamSpecification", {}).get("StreamEnabled", False)
        return TableSize(table.get("ItemCount", 0), table.get("TableSizeBytes", 0), has_stream)

    def count(self) -> int:
        """Count the items by a scan; half a read unit for each 4 KB of them."""
        with explained("count the orders in the DynamoDB table", self.name):
            pages = self._client.get_paginator("scan").paginate(TableName=self.name, Select="COUNT")
            return sum(page["Count"] for page in pages)

    def page(self, segment: int, segments: int, start: Mapping[str, Any] | None, mark: str) -> Page:
        """The orders of a segment after ``start`` (None: from its beginning), read consistently; no probe's."""
        position = {"ExclusiveStartKey": start} if start else {}
        with explained("read the orders in the DynamoDB table", self.name):
            answer = self._client.scan(
                TableName=self.name, Segment=segment, TotalSegments=segments, Limit=PAGE_ITEMS, ConsistentRead=True,
                ProjectionExpression="#key, #touch", ExpressionAttributeNames={"#key": KEY, "#touch": TOUCH}, **position,
            )  # fmt: skip
        found = {item[KEY]["S"]: item.get(TOUCH) == {"S": mark} for item in answer["Items"]}
        orders = {order_id: marked for order_id, marked in found.items() if not is_probe(order_id)}
        return Page(
            tuple(order_id for order_id, marked in orders.items() if not marked),
            tuple(order_id for order_id, marked in orders.items() if marked),
            answer.get("LastEvaluatedKey"),
        )

    def touch(self, order_id: str, mark: str) -> Touched:
        """Make one order emit one change; a second call with the same mark makes none.

        Raises:
            botocore.exceptions.ClientError: the service finds the request itself wrong.
        """
        try:
            with explained("touch an order in the DynamoDB table", self.name):
                self._client.update_item(
                    TableName=self.name,
                    Key={KEY: {"S": order_id}},
                    UpdateExpression="SET #touch = :mark",
                    ConditionExpression="attribute_exists(#key)",
                    ExpressionAttributeNames={"#key": KEY, "#touch": TOUCH},
                    ExpressionAttributeValues={":mark": {"S": mark}},
                )
        except ClientError as error:
            return _read(error)
        return Touched.MADE


def _read(error: ClientError) -> Touched:
    """What a refused touch means; anything else is raised again."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "ConditionalCheckFailedException":
        return Touched.GONE
    if code in BUSY:
        return Touched.BUSY
    if code == "ValidationException" and "size" in message.lower():
        return Touched.TOO_LARGE
    raise error
