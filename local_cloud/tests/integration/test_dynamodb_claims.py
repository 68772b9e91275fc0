"""What the README says about DynamoDB and its streams, seen through unmodified clients.

A test whose name begins with ``differs`` shows a difference from AWS. When it fails one day, the README can promise more.
"""

from __future__ import annotations

import base64
import gzip
import json
from hashlib import md5
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Parts, error_code, wait_for

pytestmark = pytest.mark.integration


def stream_records(cloud: Any, arn: str) -> list[dict[str, Any]]:
    client = cloud.client("dynamodbstreams")
    found: list[dict[str, Any]] = []
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        found += client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return found


def test_a_scan_is_complete_while_others_write(parts: Parts) -> None:
    """Scan: an item that is there all the time is read once, in one segment, on pages of at most 1 MB; what comes or goes may be.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    """
    parts.table()
    table, client = f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    staying, leaving = ({f"{kind}-{number:02d}" for number in range(24)} for kind in ("staying", "leaving"))
    parts.put_orders(*staying, *leaving, content={"S": "x" * 100_000})
    seen: list[str] = []
    coming = set()
    for segment in range(2):
        pages = client.get_paginator("scan").paginate(
            TableName=table, Segment=segment, TotalSegments=2, ConsistentRead=True
        )
        for number, page in enumerate(pages):
            assert page["Count"] == page["ScannedCount"] == len(page["Items"]) <= 10
            seen += [item["orderid"]["S"] for item in page["Items"]]
            client.delete_item(TableName=table, Key={"orderid": {"S": leaving.pop()}})
            coming.add(f"coming-{segment}-{number}")
            parts.put_orders(f"coming-{segment}-{number}", content={"S": "x" * 100_000}, late={"BOOL": True})
            parts.put_orders(min(staying), content={"S": "y" * 100_000})
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    came = client.get_paginator("scan").paginate(TableName=table, FilterExpression="attribute_exists(late)")
    assert {item["orderid"]["S"] for page in came for item in page["Items"]} == coming


def exported(cloud: Any, bucket: str, arn: str, **more: str) -> dict[str, Any]:
    client = cloud.client("dynamodb")
    started = client.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, **more)["ExportDescription"]
    wait_for(lambda: describe_export(client, started["ExportArn"])["ExportStatus"] != "IN_PROGRESS", "the export")
    return describe_export(client, started["ExportArn"])


def describe_export(client: Any, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = client.describe_export(ExportArn=arn)["ExportDescription"]
    return found


def with_recovery(parts: Parts) -> str:
    """Make a table with point-in-time recovery; return its ARN."""
    parts.table()
    table, client = f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    return str(client.describe_table(TableName=table)["Table"]["TableArn"])


def test_an_export_has_the_table_as_it_was_at_the_request(parts: Parts) -> None:
    """DynamoDB table export output format: two manifests, and items as compressed lines.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    """
    arn, bucket = with_recovery(parts), parts.bucket()
    parts.put_orders("a", "b", photo={"B": b"\x00\xff"}, price={"N": "1.50"})
    export = exported(parts.cloud, bucket, arn, S3Prefix="exports", ClientToken="once")
    parts.put_orders("c")
    assert (export["ExportStatus"], export["ItemCount"], export["S3Prefix"]) == ("COMPLETED", 2, "exports")
    folder = f"exports/AWSDynamoDB/{export['ExportArn'].rpartition('/')[2]}"
    assert export["ExportManifest"] == f"{folder}/manifest-summary.json"
    objects = parts.objects(folder)
    summary = json.loads(objects[export["ExportManifest"]])
    assert (summary["itemCount"], summary["manifestFilesS3Key"]) == (2, f"{folder}/manifest-files.json")
    (file,) = map(json.loads, objects[summary["manifestFilesS3Key"]].splitlines())
    packed = objects[file["dataFileS3Key"]]
    assert (file["itemCount"], file["md5Checksum"]) == (2, base64.b64encode(md5(packed).digest()).decode())  # noqa: S324
    items = [json.loads(line)["Item"] for line in gzip.decompress(packed).splitlines()]
    assert sorted(items, key=str) == [
        {"orderid": {"S": name}, "photo": {"B": "AP8="}, "price": {"N": "1.5"}} for name in "ab"
    ]
    again = exported(parts.cloud, bucket, arn, S3Prefix="exports", ClientToken="once")
    assert again == export, "a token that is used again starts nothing"
    listed = parts.cloud.client("dynamodb").list_exports(TableArn=arn)["ExportSummaries"]
    assert [each["ExportArn"] for each in listed] == [export["ExportArn"]]


def test_an_export_needs_recovery_and_a_bucket_and_takes_no_export_time(parts: Parts) -> None:
    parts.table()
    client = parts.cloud.client("dynamodb")
    arn = client.describe_table(TableName=f"{parts.prefix}-orders")["Table"]["TableArn"]
    with pytest.raises(client.exceptions.PointInTimeRecoveryUnavailableException):
        client.export_table_to_point_in_time(TableArn=arn, S3Bucket=parts.bucket())
    client.update_continuous_backups(
        TableName=f"{parts.prefix}-orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    with pytest.raises(client.exceptions.InvalidExportTimeException):
        client.export_table_to_point_in_time(TableArn=arn, S3Bucket=parts.bucket(), ExportTime=1_700_000_000)
    failed = exported(parts.cloud, f"{parts.prefix}-nowhere", arn)
    assert (failed["ExportStatus"], failed["FailureCode"]) == ("FAILED", "S3NoSuchBucket")


def test_writes_that_change_nothing_are_not_in_the_stream(parts: Parts) -> None:
    """Change data capture for DynamoDB Streams.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    arn = parts.table()
    parts.put_orders("a", quantity={"N": "1"})
    parts.put_orders("a", quantity={"N": "1"})
    parts.put_orders("a", quantity={"N": "2"})
    assert [record["eventName"] for record in stream_records(parts.cloud, arn)] == ["INSERT", "MODIFY"]


def test_batches_and_transactions_are_in_the_stream_one_record_an_item(parts: Parts) -> None:
    """BatchWriteItem, TransactWriteItems; a removal under NEW_IMAGE has its key alone (StreamSpecification).

    Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html
    """
    arn, table, client = parts.table(), f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    puts = [{"PutRequest": {"Item": {"orderid": {"S": name}}}} for name in ("a", "b")]
    client.batch_write_item(RequestItems={table: puts})
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": {"orderid": {"S": "c"}}}},
            {"Delete": {"TableName": table, "Key": {"orderid": {"S": "a"}}}},
        ]
    )
    records = stream_records(parts.cloud, arn)
    seen = [(one["eventName"], one["dynamodb"]["Keys"]["orderid"]["S"]) for one in records]
    assert seen == [("INSERT", "a"), ("INSERT", "b"), ("INSERT", "c"), ("REMOVE", "a")]
    assert "NewImage" not in records[-1]["dynamodb"]
    numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
    assert numbers == sorted(numbers, key=int)


def test_differs_a_stream_has_one_shard(parts: Parts) -> None:
    """On AWS a table's stream has as many as its table has partitions, and they split (*Reading and processing a stream*)."""
    described = parts.cloud.client("dynamodbstreams").describe_stream(StreamArn=parts.table())
    assert len(described["StreamDescription"]["Shards"]) == 1


def test_a_failed_condition_writes_nothing(parts: Parts) -> None:
    """Condition expressions; TransactWriteItems: TransactionCanceledException, all or nothing.

    Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    arn, table, client = parts.table(), f"{parts.prefix}-orders", parts.cloud.client("dynamodb")
    parts.put_orders("a")
    absent = "attribute_not_exists(orderid)"
    with pytest.raises(ClientError) as refused:
        client.put_item(TableName=table, Item={"orderid": {"S": "a"}}, ConditionExpression=absent)
    assert error_code(refused) == "ConditionalCheckFailedException"
    taken = {"Put": {"TableName": table, "Item": {"orderid": {"S": "a"}}, "ConditionExpression": absent}}
    free = {"Put": {"TableName": table, "Item": {"orderid": {"S": "b"}}}}
    with pytest.raises(ClientError) as refused:
        client.transact_write_items(TransactItems=[free, taken])
    assert error_code(refused) == "TransactionCanceledException"
    assert len(stream_records(parts.cloud, arn)) == 1
