"""Random writes leave the same stream records in the local cloud as in DynamoDB Local, which AWS makes.

Compared is what both document: event name, keys, images, view type, size, author, and the order of each item's records.
Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from tests.conftest import KEYS, Cloud
from tests.integration.maven import missing_tools
from tests.integration.stream_oracle.dynamodb_local import dynamodb_local
from tests.integration.stream_oracle.writes import EVERY_KIND, TABLE, Write, expanded, writes

pytestmark = pytest.mark.integration
VIEW_TYPES = ["NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"]
ON, OFF = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, {"StreamEnabled": False}
ONCE = Config(retries={"total_max_attempts": 1})
Json = dict[str, Any]


@dataclass(frozen=True)
class Side:
    """Write to one of the two, and read its streams."""

    tables: Any
    streams: Any

    @classmethod
    def at(cls, endpoint: str) -> Side:
        make = [
            boto3.client(name, endpoint_url=endpoint, config=ONCE, **KEYS) for name in ("dynamodb", "dynamodbstreams")
        ]
        return cls(*make)

    def make_table(self, view_type: str, *, sort_key: bool) -> str:
        kinds = {"orderid": ("HASH", "S"), **({"line": ("RANGE", "N")} if sort_key else {})}
        made = self.tables.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": role} for name, (role, _) in kinds.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, (_, kind) in kinds.items()],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type},
        )
        return str(made["TableDescription"]["LatestStreamArn"])

    def do(self, write: Write) -> str:
        """Send a write; return the code of its error, or an empty text."""
        method, arguments = write
        try:
            getattr(self.tables, method)(**expanded(arguments))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def records(self, arn: str) -> list[Json]:
        found: list[Json] = []
        for shard in self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = self.streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]  # fmt: skip
            while iterator:
                page = self.streams.get_records(ShardIterator=iterator)
                found += page["Records"]
                iterator = page.get("NextShardIterator") if page["Records"] else None
        return found


@pytest.fixture(scope="module")
def oracle() -> Iterator[Side]:
    if missing := missing_tools():
        pytest.skip(f"DynamoDB Local needs Java and Maven; not installed: {', '.join(missing)}")
    with dynamodb_local() as endpoint:
        yield Side.at(endpoint)


@pytest.fixture(scope="module")
def ours(cloud: Cloud) -> Side:
    return Side.at(cloud.endpoint)


def by_item(records: list[Json]) -> dict[str, list[Json]]:
    """Return what the records say, in the order of their sequence numbers, for each item."""
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))
    found: dict[str, list[Json]] = defaultdict(list)
    for record in records:
        change = record["dynamodb"]
        found[str(sorted(change["Keys"].items()))].append(
            {
                **{name: record.get(name) for name in ("eventName", "eventSource", "userIdentity")},
                **{name: plain(change.get(name)) for name in ("Keys", "NewImage", "OldImage")},
                **{name: change.get(name) for name in ("StreamViewType", "SizeBytes")},
            }
        )
    return dict(found)


def plain(value: Any) -> Any:
    """Return a value with the members of its sets in one order: a set has none."""
    if isinstance(value, list):
        return [plain(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: sorted(inner) if name in {"SS", "NS", "BS"} and isinstance(inner, list) else plain(inner)
        for name, inner in value.items()
    }


def compare(oracle: Side, ours: Side, writes: list[Write], view_type: str, *, sort_key: bool) -> tuple[list[str], int]:
    """Send the writes to new tables of both, and compare the records; return DynamoDB Local's codes and number of records."""
    codes, records = [], []
    for side in (oracle, ours):
        arn = side.make_table(view_type, sort_key=sort_key)
        try:
            codes.append([side.do(write) for write in writes])
            records.append(by_item(side.records(arn)))
        finally:
            side.tables.delete_table(TableName=TABLE)
    refused = [[bool(code) for code in of_side] for of_side in codes]
    assert refused[1] == refused[0]
    assert records[1] == records[0]
    return codes[0], sum(map(len, records[0].values()))


@pytest.mark.parametrize("view_type", VIEW_TYPES)
def test_every_kind_of_write_leaves_the_same_records(oracle: Side, ours: Side, view_type: str) -> None:
    codes, changes = compare(oracle, ours, EVERY_KIND, view_type, sort_key=False)
    assert changes == 13
    assert [code for code in codes if code] == [
        "ConditionalCheckFailedException", "ValidationException", "TransactionCanceledException",
        "TransactionCanceledException",
    ]  # fmt: skip


@given(data=st.data(), view_type=st.sampled_from(VIEW_TYPES), sort_key=st.booleans())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
def test_random_writes_leave_the_same_records(
    oracle: Side, ours: Side, data: st.DataObject, view_type: str, sort_key: bool
) -> None:
    drawn = data.draw(st.lists(writes(sort_key), min_size=1, max_size=25))
    codes, _ = compare(oracle, ours, drawn, view_type, sort_key=sort_key)
    for (method, _), code in zip(drawn, codes, strict=True):
        event(f"{method} {code or 'done'}")


def switches(side: Side) -> list[Any]:
    """Switch a table's stream off and on, and delete the table; return what is described at each step."""
    stages: list[Any] = []
    first = side.make_table("NEW_IMAGE", sort_key=False)
    stages.append(described(side, first))
    stages.append(side.do(("update_table", {"TableName": TABLE, "StreamSpecification": ON})))
    side.do(("put_item", {"TableName": TABLE, "Item": {"orderid": {"S": "a"}}}))
    side.do(("put_item", {"TableName": TABLE, "Item": {"orderid": {"S": "b"}}}))
    side.tables.update_table(TableName=TABLE, StreamSpecification=OFF)
    stages.append(described(side, first))
    table = side.tables.describe_table(TableName=TABLE)["Table"]
    stages.append([table.get("StreamSpecification"), table["LatestStreamArn"] == first])
    stages.append(side.do(("update_table", {"TableName": TABLE, "StreamSpecification": OFF})))
    second = side.tables.update_table(TableName=TABLE, StreamSpecification=ON)["TableDescription"]["LatestStreamArn"]
    stages.append([described(side, first), described(side, second), listed(side) == [second, first]])
    side.tables.delete_table(TableName=TABLE)
    stages.append([described(side, first), described(side, second), listed(side) == [second, first]])
    return stages


def described(side: Side, arn: str) -> list[Any]:
    """Return what a stream's description says, without names and times, and which items are read from its start."""
    stream = side.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    (shard,) = stream["Shards"]
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    at_start = side.streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=start
    )["ShardIterator"]  # fmt: skip
    page = side.streams.get_records(ShardIterator=at_start)
    fields = ("StreamStatus", "StreamViewType", "TableName", "KeySchema")
    return [
        *(stream[field] for field in fields),
        sorted(shard["SequenceNumberRange"]),
        [record["dynamodb"]["Keys"]["orderid"]["S"] for record in page["Records"]],
        "NextShardIterator" in page,
        side.records(arn) == page["Records"],
    ]


def listed(side: Side) -> list[str]:
    return [stream["StreamArn"] for stream in side.streams.list_streams(TableName=TABLE)["Streams"]][:2]


def test_a_stream_that_is_switched_off_is_described_alike(oracle: Side, ours: Side) -> None:
    assert switches(ours) == switches(oracle)
