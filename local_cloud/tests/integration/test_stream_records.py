"""The records and descriptions of DynamoDB streams, as AWS documents them, through unmodified clients."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Parts, error_code

pytestmark = pytest.mark.integration
NEW_IMAGE = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
OFF = {"StreamEnabled": False}
Record = dict[str, Any]


def described(parts: Parts, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = parts.cloud.client("dynamodbstreams").describe_stream(StreamArn=arn)["StreamDescription"]
    return found


def read(parts: Parts, arn: str, kind: str = "TRIM_HORIZON", **start: str) -> tuple[list[Record], bool]:
    """Return a page of the stream's only shard, and whether it says that the shard has ended."""
    client = parts.cloud.client("dynamodbstreams")
    (shard,) = described(parts, arn)["Shards"]
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind, **start)
    page = client.get_records(ShardIterator=iterator["ShardIterator"])
    return page["Records"], "NextShardIterator" not in page


def seen(records: list[Record]) -> list[tuple[str, str]]:
    return [(record["eventName"], record["dynamodb"]["Keys"]["orderid"]["S"]) for record in records]


def number(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def set_stream(parts: Parts, specification: dict[str, Any]) -> dict[str, Any]:
    answer = parts.cloud.client("dynamodb").update_table(
        TableName=f"{parts.prefix}-orders", StreamSpecification=specification
    )
    description: dict[str, Any] = answer["TableDescription"]
    return description


def insert(table: str, order: str, quantity: int = 1) -> dict[str, str]:
    return {"Statement": f"INSERT INTO \"{table}\" VALUE {{'orderid': '{order}', 'quantity': {quantity}}}"}


def update(table: str, order: str, quantity: int) -> dict[str, str]:
    return {"Statement": f"UPDATE \"{table}\" SET quantity={quantity} WHERE orderid='{order}'"}


def delete(table: str, order: str) -> dict[str, str]:
    return {"Statement": f"DELETE FROM \"{table}\" WHERE orderid='{order}'"}


def test_a_partiql_statement_leaves_the_record_of_the_api_call(parts: Parts) -> None:
    """Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html."""
    arn, table, client = parts.table(), f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    for statement in (insert(table, "a"), update(table, "a", 1), update(table, "a", 2), delete(table, "a")):
        client.execute_statement(**statement)
    client.execute_statement(**delete(table, "absent"))
    records, _ = read(parts, arn)
    assert seen(records) == [("INSERT", "a"), ("MODIFY", "a"), ("REMOVE", "a")]
    images = [record["dynamodb"].get("NewImage") for record in records]
    assert images == [{"orderid": {"S": "a"}, "quantity": {"N": "1"}}, {"orderid": {"S": "a"}, "quantity": {"N": "2"}}, None]  # fmt: skip


def test_each_partiql_statement_of_a_batch_leaves_its_own_record(parts: Parts) -> None:
    arn, table, client = parts.table(), f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    parts.put_orders("taken")
    client.batch_execute_statement(Statements=[insert(table, "a"), insert(table, "taken"), insert(table, "b")])
    assert seen(read(parts, arn)[0]) == [("INSERT", "taken"), ("INSERT", "a"), ("INSERT", "b")]


def test_a_partiql_transaction_leaves_all_records_or_none(parts: Parts) -> None:
    arn, table, client = parts.table(), f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    parts.put_orders("taken")
    with pytest.raises(ClientError) as refused:
        client.execute_transaction(TransactStatements=[insert(table, "a"), insert(table, "taken")])
    assert error_code(refused) == "TransactionCanceledException"
    client.execute_transaction(TransactStatements=[insert(table, "b"), delete(table, "taken")])
    assert seen(read(parts, arn)[0]) == [("INSERT", "taken"), ("INSERT", "b"), ("REMOVE", "taken")]
    assert {item["orderid"]["S"] for item in client.scan(TableName=table)["Items"]} == {"b"}


def test_a_stream_that_is_switched_off_stays_readable_and_its_successor_is_another(parts: Parts) -> None:
    """The text of AWS: "If you disable a stream, any shards that are open will be closed. The data in the stream will continue
    to be readable for 24 hours."

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    old = parts.table()
    parts.put_orders("a", "b")
    description = set_stream(parts, OFF)
    assert ("StreamSpecification" in description, description["LatestStreamArn"]) == (False, old)
    parts.put_orders("unseen")
    new = set_stream(parts, NEW_IMAGE)["LatestStreamArn"]
    parts.put_orders("c")
    assert new.rpartition("/")[2] > old.rpartition("/")[2]
    records, ended = read(parts, old)
    assert (seen(records), ended) == ([("INSERT", "a"), ("INSERT", "b")], True)
    assert (seen(read(parts, new)[0]), read(parts, new)[1]) == ([("INSERT", "c")], False)
    (shard,) = described(parts, old)["Shards"]
    assert described(parts, old)["StreamStatus"] == "DISABLED"
    assert shard["SequenceNumberRange"]["EndingSequenceNumber"] == number(records[-1])
    assert "EndingSequenceNumber" not in described(parts, new)["Shards"][0]["SequenceNumberRange"]
    assert listed(parts) == [new, old]


def listed(parts: Parts, limit: int = 100) -> list[str]:
    """Return the ARNs of the table's streams, read in pages."""
    client, found, start = parts.cloud.client("dynamodbstreams"), [], {}
    while True:
        page = client.list_streams(TableName=f"{parts.prefix}-orders", Limit=limit, **start)
        found += [stream["StreamArn"] for stream in page["Streams"]]
        if "LastEvaluatedStreamArn" not in page:
            return found
        start = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}


def test_the_stream_of_a_deleted_table_stays_readable_and_the_new_tables_stream_is_another(parts: Parts) -> None:
    """Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html."""
    old = parts.table()
    parts.put_orders("a")
    parts.cloud.client("dynamodb").delete_table(TableName=f"{parts.prefix}-orders")
    new = parts.table()
    assert new != old
    assert (seen(read(parts, old)[0]), read(parts, new)[0]) == ([("INSERT", "a")], [])
    assert listed(parts, limit=1) == [new, old]


def test_a_stream_is_switched_on_and_off_once(parts: Parts) -> None:
    """UpdateTable: a ValidationException when there is a stream already, or none to disable.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    parts.table()
    with pytest.raises(ClientError) as refused:
        set_stream(parts, {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    assert (error_code(refused), "already has an enabled stream" in str(refused.value)) == ("ValidationException", True)
    set_stream(parts, OFF)
    with pytest.raises(ClientError) as refused:
        set_stream(parts, OFF)
    assert (error_code(refused), "no stream to disable" in str(refused.value)) == ("ValidationException", True)


def test_a_shard_says_its_first_sequence_number_before_it_has_a_record(parts: Parts) -> None:
    """SequenceNumberRange of a shard; a reader may start at it.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_SequenceNumberRange.html
    """
    arn = parts.table()
    (shard,) = described(parts, arn)["Shards"]
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    assert 21 <= len(start) <= 40
    parts.put_orders("a", "b")
    assert described(parts, arn)["Shards"] == [shard]
    records, _ = read(parts, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=start)
    assert seen(records) == [("INSERT", "a"), ("INSERT", "b")]
    assert int(start) <= int(number(records[0])) < int(number(records[1]))
    assert seen(read(parts, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number(records[0]))[0]) == [("INSERT", "b")]
    label = described(parts, arn)
    assert label["CreationRequestDateTime"].isoformat().startswith(label["StreamLabel"][:19])


def test_the_size_of_a_record_is_that_of_awss_example(parts: Parts) -> None:
    """The three records of AWS's own example have 26, 59 and 38 bytes.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html
    """
    client, table = parts.cloud.client("dynamodb"), f"{parts.prefix}-messages"
    arn = client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    key = {"Id": {"N": "101"}}
    client.put_item(TableName=table, Item={**key, "Message": {"S": "New item!"}})
    client.put_item(TableName=table, Item={**key, "Message": {"S": "This item has changed"}})
    client.delete_item(TableName=table, Key=key)
    assert [record["dynamodb"]["SizeBytes"] for record in read(parts, arn)[0]] == [26, 59, 38]
