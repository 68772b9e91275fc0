"""Touch orders: make the smallest change of an order that the table's own stream carries.

A touch sets one attribute, ``sales_cdc_touch``, to a mark. It neither reads nor writes other attributes, so it harms no concurrent
write, and the stream record shows the order as it is at that moment. Its condition is that the order exists, so that a deleted order
does not come back. A touch that is sent again with the same mark changes nothing, and makes no stream record. The attribute stays on
the item; no change event carries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.contract.change_contract import TOUCH
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.generate.transactional_table import PASSING

BUSY = PASSING | {"TransactionConflictException"}
PAGE_ITEMS = 1_000


class Touched(StrEnum):
    """Name what became of a touch: made, too late (deleted), to be sent again, or too large."""

    MADE = "made"
    GONE = "gone"
    BUSY = "busy"
    TOO_LARGE = "too large"


@dataclass(frozen=True)
class TableSize:
    """Hold what DescribeTable returns; DynamoDB updates both numbers about every six hours."""

    items: int
    size_bytes: int
    has_stream: bool


@dataclass(frozen=True)
class Page:
    """Hold some order ids of a segment, by whether they carry the mark; ``following`` is None on the last page."""

    unmarked: tuple[str, ...]
    marked: tuple[str, ...]
    following: Mapping[str, Any] | None


class TouchableTable:
    """Read and touch the orders table, with a client made with ``generate.transactional_table.CLIENT_CONFIG``.

    Every method raises CallRefusedError when the table is missing or denied, or does not answer.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
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
        """Count the items by a scan, for half a read unit for each 4 KB of them."""
        with explained("count the orders in the DynamoDB table", self.name):
            pages = self._client.get_paginator("scan").paginate(TableName=self.name, Select="COUNT")
            return sum(page["Count"] for page in pages)

    def page(self, segment: int, segments: int, start: Mapping[str, Any] | None, mark: str) -> Page:
        """Read the orders of a segment after ``start`` (None: from its beginning), without probe orders."""
        position = {"ExclusiveStartKey": start} if start else {}
        names = {**KEYS.aliases, "#touch": TOUCH}
        with explained("read the orders in the DynamoDB table", self.name):
            answer = self._client.scan(
                TableName=self.name, Segment=segment, TotalSegments=segments, Limit=PAGE_ITEMS, ConsistentRead=True,
                ProjectionExpression=", ".join(names), ExpressionAttributeNames=names, **position,
            )  # fmt: skip
        found = {KEYS.of_item(item): item.get(TOUCH) == {"S": mark} for item in answer["Items"]}
        orders = {order_id: marked for order_id, marked in found.items() if not KEYS.is_probe(order_id)}
        return Page(
            tuple(order_id for order_id, marked in orders.items() if not marked),
            tuple(order_id for order_id, marked in orders.items() if marked),
            answer.get("LastEvaluatedKey"),
        )

    def touch(self, order_id: str, mark: str) -> Touched:
        """Make the stream carry one order; a second call with the same mark changes nothing.

        Raises:
            botocore.exceptions.ClientError: DynamoDB rejects the request as invalid.
        """
        try:
            with explained("touch an order in the DynamoDB table", self.name):
                self._client.update_item(
                    TableName=self.name,
                    Key=KEYS.typed(order_id),
                    UpdateExpression="SET #touch = :mark",
                    ConditionExpression="attribute_exists(#key)",
                    ExpressionAttributeNames={"#key": KEYS.names[0], "#touch": TOUCH},
                    ExpressionAttributeValues={":mark": {"S": mark}},
                )
        except ClientError as error:
            return _read(error)
        return Touched.MADE


def _read(error: ClientError) -> Touched:
    """Interpret a refused touch; raise any other error again."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "ConditionalCheckFailedException":
        return Touched.GONE
    if code in BUSY:
        return Touched.BUSY
    if code == "ValidationException" and "size" in message.lower():
        return Touched.TOO_LARGE
    raise error
