"""Scan the orders table in parallel, and write it in transactions of conditional changes.

Transactions, unlike BatchWriteItem and PartiQL batches, carry a condition for each change, are safe to send again
(ClientRequestToken), and return with each refusal the item that caused it. So a change is written once, never over somebody else's,
and makes exactly one stream record. On AWS a transaction consumes twice the write capacity of plain writes.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.contract.change_contract import is_probe
from sales_cdc.generate.workload import Change, LiveOrder, Value

KEY = "orderid"
TRANSACTION_CHANGES = 100
SCAN_SEGMENTS = 4
MAX_CONNECTIONS = 16
# boto3's parameter validation takes a third of a transaction's time, and DynamoDB validates anyway.
CLIENT_CONFIG: dict[str, Any] = {
    "max_pool_connections": MAX_CONNECTIONS,
    "parameter_validation": False,
    "connect_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 4},
}
REFUSED = "ConditionalCheckFailed"
PASSING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "ThrottlingException",
     "ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionInProgressException",
     "InternalServerError", "ServiceUnavailable"}
)  # fmt: skip

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class ScannedOrders:
    """Hold the orders that a workload may change, and by id why it may not change the others."""

    live: dict[str, LiveOrder] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """Hold what became of the changes of one transaction.

    ``refused``: changes whose expectation does not hold, each with the item in the table (None: no item). ``postponed``: changes that
    were not written and may be sent again; ``cause`` says why, and is "" when it was only the refusal of others.
    """

    written: Sequence[Change] = ()
    refused: Sequence[tuple[Change, Item | None]] = ()
    postponed: Sequence[Change] = ()
    cause: str = ""


class OrdersTable:
    """Scan and write one DynamoDB table of orders, with a client made with ``CLIENT_CONFIG``.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html

    Example::

        OrdersTable(boto3.client("dynamodb", config=Config(**CLIENT_CONFIG)), "sales-cdc-orders").scan().live
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def scan(self) -> ScannedOrders:
        """Read every order but probe orders, consistently, sorted by id.

        Raises:
            CallRefusedError: the table is missing or denied, or does not answer.
        """
        found = ScannedOrders()
        with explained("read the orders in the DynamoDB table", self.name), ThreadPoolExecutor(SCAN_SEGMENTS) as pool:
            for items in pool.map(self._segment, range(SCAN_SEGMENTS)):
                for item in items:
                    _sort_in(item, found)
        return ScannedOrders(dict(sorted(found.live.items())), dict(sorted(found.unusable.items())))

    def _segment(self, segment: int) -> list[Item]:
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name,
            Segment=segment,
            TotalSegments=SCAN_SEGMENTS,
            ConsistentRead=True,
            ProjectionExpression="orderid, product_name, quantity, price, order_status",
        )
        return [item for page in pages for item in page["Items"]]

    def write(self, changes: Sequence[Change], token: str) -> Attempt:
        """Write up to ``TRANSACTION_CHANGES`` changes of different orders, all or none.

        A call with the same changes and the same ``token`` within ten minutes writes them once and succeeds each time.

        Raises:
            CallRefusedError: the table is missing or denied, or does not answer.
            botocore.exceptions.ClientError: DynamoDB rejects the request as invalid.
        """
        try:
            with explained(f"write {len(changes)} changes to the DynamoDB table", self.name):
                self._client.transact_write_items(
                    ClientRequestToken=token, TransactItems=[_action(self.name, change) for change in changes]
                )
        except ClientError as error:
            return _attempt(changes, error)
        return Attempt(written=changes)


def _attempt(changes: Sequence[Change], error: ClientError) -> Attempt:
    """Interpret a cancelled or throttled transaction; raise any other error again."""
    code = error.response["Error"]["Code"]
    if code in PASSING:
        return Attempt(postponed=changes, cause=code)
    reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
    if code != "TransactionCanceledException" or len(reasons) != len(changes):
        raise error
    codes = {reason.get("Code") or "None" for reason in reasons}
    if codes - PASSING - {REFUSED, "None"}:
        raise error
    judged = list(zip(changes, reasons, strict=True))
    return Attempt(
        refused=[(change, reason.get("Item")) for change, reason in judged if reason.get("Code") == REFUSED],
        postponed=[change for change, reason in judged if reason.get("Code") != REFUSED],
        cause=", ".join(sorted(codes & PASSING)) or ("" if REFUSED in codes else code),
    )


def _action(table: str, change: Change) -> dict[str, Any]:
    """Return the change as one action of TransactWriteItems.

    No attribute's name is a reserved word, so none needs a placeholder.
    """
    key = {KEY: {"S": change.order_id}}
    common: dict[str, Any] = {"TableName": table, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if change.event_type == "INSERT":
        return {
            "Put": {
                **common,
                "Item": {**key, **_item(change.set)},
                "ConditionExpression": f"attribute_not_exists({KEY})",
            }
        }
    expected = {f":old_{name}": wire(value) for name, value in change.expected.items()}
    common |= {"Key": key, "ConditionExpression": " AND ".join(f"{name} = :old_{name}" for name in change.expected)}
    if change.event_type == "REMOVE":
        return {"Delete": {**common, "ExpressionAttributeValues": expected}}
    revised = {f":new_{name}": wire(value) for name, value in change.set.items()}
    assignments = ", ".join(f"{name} = :new_{name}" for name in change.set)
    return {
        "Update": {**common, "UpdateExpression": f"SET {assignments}", "ExpressionAttributeValues": expected | revised}
    }


def _item(values: Mapping[str, Value]) -> dict[str, dict[str, str]]:
    return {name: wire(value) for name, value in values.items()}


def wire(value: Value) -> dict[str, str]:
    """Return a value as DynamoDB's JSON; numbers without trailing zeros, as DynamoDB keeps them."""
    if isinstance(value, str):
        return {"S": value}
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return {"N": text.rstrip("0").rstrip(".") if "." in text else text}


def holds(item: Item, values: Mapping[str, Value]) -> bool:
    """Return whether an item has all these values."""
    return all(name in item and _same(item[name], value) for name, value in values.items())


def _same(attribute: Mapping[str, Any], value: Value) -> bool:
    if isinstance(value, str):
        return attribute.get("S") == value
    return "N" in attribute and Decimal(attribute["N"]) == value


def _sort_in(item: Item, found: ScannedOrders) -> None:
    order_id = item[KEY]["S"]
    if is_probe(order_id):
        return
    wrong = ", ".join(_wrong_attributes(item))
    if wrong:
        found.unusable[order_id] = wrong
        return
    status = item.get("order_status")
    found.live[order_id] = LiveOrder(
        item["product_name"]["S"],
        int(item["quantity"]["N"]),
        Decimal(item["price"]["N"]),
        status["S"] if status else None,
    )


def _wrong_attributes(item: Item) -> Iterator[str]:
    """Yield why a workload may not change an order: attributes that are missing, or of another type or size."""
    rules = {
        "product_name": ("S", r"(?s).+", "text"),
        "quantity": ("N", r"-?\d{1,18}", "a whole number"),
        "price": ("N", r"-?\d{1,10}(\.\d{1,2})?", "a number of at most 10 digits and 2 decimal places"),
        "order_status": ("S", r"(?s).*", "text"),
    }
    for name, (tag, pattern, rule) in rules.items():
        attribute = item.get(name)
        if attribute is None:
            if name != "order_status":
                yield f"{name} is missing"
        elif tag not in attribute or not re.fullmatch(pattern, attribute[tag]):
            yield f"{name} is not {rule}"
