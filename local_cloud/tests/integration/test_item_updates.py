"""Updates of items where the stream oracle showed that MiniStack differs from DynamoDB; here they need no Java."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Parts, error_code

pytestmark = pytest.mark.integration
MOST_DIGITS = "12345678901234567890123456789012345678"


def updated(parts: Parts, expression: str, **values: Any) -> dict[str, Any]:
    """Update the order ``a`` and return it."""
    answer = parts.cloud.client("dynamodb").update_item(
        TableName=f"{parts.prefix}-orders", Key={"orderid": {"S": "a"}}, UpdateExpression=expression,
        ReturnValues="ALL_NEW", **({"ExpressionAttributeValues": values["values"]} if values else {}),
    )  # fmt: skip
    found: dict[str, Any] = answer["Attributes"]
    return found


def test_a_sum_has_up_to_38_digits_and_is_never_rounded(parts: Parts) -> None:
    """Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html."""
    parts.table()
    parts.put_orders("a", quantity={"N": MOST_DIGITS})
    one = {"values": {":v": {"N": "1"}}}
    assert updated(parts, "SET quantity = quantity + :v", **one)["quantity"]["N"] == f"{MOST_DIGITS[:-1]}9"
    assert updated(parts, "ADD quantity :v", **one)["quantity"]["N"] == f"{MOST_DIGITS[:-2]}80"
    table = f"{parts.prefix}-orders"
    statement = {
        "Statement": f"UPDATE \"{table}\" SET quantity=quantity+? WHERE orderid='a'", "Parameters": [{"N": "0.1"}],
    }  # fmt: skip
    tenth = {"Update": {
        "TableName": table, "Key": {"orderid": {"S": "a"}}, "UpdateExpression": "ADD quantity :v",
        "ExpressionAttributeValues": {":v": {"N": "0.1"}},
    }}  # fmt: skip
    client = parts.cloud.client("dynamodb")
    for write, arguments, code in (
        (client.execute_statement, statement, "ValidationException"),
        (client.transact_write_items, {"TransactItems": [tenth]}, "TransactionCanceledException"),
    ):
        with pytest.raises(ClientError) as refused:
            write(**arguments)
        assert error_code(refused) == code


def test_an_element_is_not_removed_from_a_map_or_list_that_is_not_there(parts: Parts) -> None:
    """Of one that is there, an absent element may be removed.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
    """
    parts.table()
    parts.put_orders("a", details={"M": {}}, parcels={"L": []})
    updated(parts, "REMOVE details.absent, parcels[3]")
    statement = f"UPDATE \"{parts.prefix}-orders\" REMOVE nowhere.absent WHERE orderid='a'"
    for write in (
        lambda: updated(parts, "REMOVE nowhere.absent"),
        lambda: updated(parts, "REMOVE details[0]"),
        lambda: parts.cloud.client("dynamodb").execute_statement(Statement=statement),
    ):
        with pytest.raises(ClientError, match="document path") as refused:
            write()
        assert error_code(refused) == "ValidationException"


def test_partiql_and_transactions_trim_zeros_of_numbers_at_any_depth(parts: Parts) -> None:
    parts.table()
    table, client = f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    written = {"L": [{"N": "01.50"}, {"M": {"inner": {"NS": ["1E1", "2.0"]}}}]}
    kept = {"L": [{"N": "1.5"}, {"M": {"inner": {"NS": ["10", "2"]}}}]}
    client.execute_statement(
        Statement=f"INSERT INTO \"{table}\" VALUE {{'orderid': ?, 'details': ?}}", Parameters=[{"S": "a"}, written]
    )
    update = {
        "TableName": table, "Key": {"orderid": {"S": "b"}}, "UpdateExpression": "SET details = :v",
        "ExpressionAttributeValues": {":v": written},
    }  # fmt: skip
    client.transact_write_items(TransactItems=[{"Update": update}])
    items = client.scan(TableName=table)["Items"]
    assert [item["details"] for item in items] == [kept, kept]


def test_a_partiql_transaction_has_one_statement_for_an_item(parts: Parts) -> None:
    """Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteTransaction.html."""
    parts.table()
    parts.put_orders("a")
    table, client = f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    statements = [
        {"Statement": f"UPDATE \"{table}\" SET quantity=1 WHERE orderid='a'"},
        {"Statement": f"DELETE FROM \"{table}\" WHERE orderid='a'"},
    ]
    with pytest.raises(ClientError, match="multiple operations on one item") as refused:
        client.execute_transaction(TransactStatements=statements)
    assert error_code(refused) == "ValidationException"
