"""DynamoDB streams as AWS describes them: their records' sizes, their shards' ranges, and streams that are switched off.

A stream that is switched off, or whose table is deleted, is DISABLED and stays readable for 24 hours. MiniStack keeps it in
memory: here it is listed too, and survives restarts (``journal.py`` restores its records). Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html and
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.emulator.stream_numbers import StreamNumbers, first_number, label_time
from local_cloud.wire import Answer

Json = dict[str, Any]
Respond = Callable[[Json], Answer]
MAX_STREAMS_A_PAGE = 100


def patch_streams(dynamodb: Any, streams: Any, numbers: StreamNumbers) -> None:
    """Replace what MiniStack's modules for DynamoDB and its streams lack or do differently.

    Raises:
        SeamMovedError: MiniStack lacks one of the names.
    """
    require(
        dynamodb, "_tables", "_closed_streams", "_build_change_record", "_item_size_bytes", "_create_table", "_update_table",
        "_table_description", "drop_stream_records", "closed_stream", "get_state", "load_persisted_state",
        "_normalize_table_name", "error_response_json",
    )  # fmt: skip
    require(
        streams, "_list_streams", "_describe_stream", "_get_shard_iterator", "_enabled_stream_info", "_request_stream_source",
        "_records_for", "_horizon", "json_response",
    )  # fmt: skip
    dynamodb._build_change_record = with_size(dynamodb._build_change_record, dynamodb._item_size_bytes)
    dynamodb._create_table = without_disabled_stream(dynamodb._create_table)
    dynamodb._update_table = refuse_repeated_switch(dynamodb, dynamodb._update_table)
    dynamodb._table_description = with_latest_stream(dynamodb, dynamodb._table_description)
    dynamodb.drop_stream_records = note_last_number(dynamodb, dynamodb.drop_stream_records)
    dynamodb.get_state = with_streams(dynamodb, dynamodb.get_state, numbers)
    dynamodb.load_persisted_state = restore_streams(dynamodb, dynamodb.load_persisted_state, numbers)
    streams._list_streams = lambda request: list_streams(dynamodb, streams, request)
    streams._describe_stream = with_range(dynamodb, streams._describe_stream)
    streams._get_shard_iterator = between_records(dynamodb, streams, streams._get_shard_iterator)


def with_size(build: Callable[..., Json], size_of: Callable[[Json], int]) -> Callable[..., Json]:
    """Return ``build`` with the size of the record: that of its keys and images."""

    def build_with_size(*args: Any, **more: Any) -> Json:
        record = build(*args, **more)
        change = record["dynamodb"]
        change["SizeBytes"] = sum(size_of(change[part]) for part in ("Keys", "NewImage", "OldImage") if part in change)
        return record

    return build_with_size


def without_disabled_stream(create: Respond) -> Respond:
    """Return CreateTable without a specification that asks for no stream: MiniStack gives it a label."""

    def create_table(request: Json) -> Answer:
        if request.get("StreamSpecification") and not request["StreamSpecification"].get("StreamEnabled"):
            request = {name: value for name, value in request.items() if name != "StreamSpecification"}
        return create(request)

    return create_table


def refuse_repeated_switch(dynamodb: Any, update: Respond) -> Respond:
    """Return UpdateTable with a refusal of a second stream, and of switching off a stream that is not there."""

    def update_table(request: Json) -> Answer:
        table = dynamodb._tables.get(dynamodb._normalize_table_name(request.get("TableName")))
        if table is not None and "StreamSpecification" in request:
            wanted = bool(request["StreamSpecification"].get("StreamEnabled"))
            if wanted == bool((table.get("StreamSpecification") or {}).get("StreamEnabled")):
                reason = "Table already has an enabled stream" if wanted else "Table has no stream to disable"
                refusal: Answer = dynamodb.error_response_json(
                    "ValidationException", f"{reason}: TableName: {table['TableName']}", 400
                )
                return refusal
        return update(request)

    return update_table


def with_latest_stream(dynamodb: Any, describe: Callable[[str], Json]) -> Callable[[str], Json]:
    """Return a table's description with its latest stream, though switched off; only one that is on has a specification."""

    def describe_table(name: str) -> Json:
        description, table = describe(name), dynamodb._tables.get(name)
        if not (description.get("StreamSpecification") or {}).get("StreamEnabled"):
            description.pop("StreamSpecification", None)
        if table.get("LatestStreamArn"):
            description.update({field: table[field] for field in ("LatestStreamArn", "LatestStreamLabel")})
        return description

    return describe_table


def note_last_number(dynamodb: Any, drop: Callable[..., None]) -> Callable[..., None]:
    """Return ``drop``, which closes a table's stream, so that it also notes the sequence number at which the stream ends."""

    def drop_and_note(name: str, table: Json | None = None) -> None:
        drop(name, table)
        closed = dynamodb._closed_streams.get((table or {}).get("LatestStreamArn"))
        if closed is not None:
            numbers = [record["dynamodb"]["SequenceNumber"] for record in closed["records"][-1:]]
            closed.setdefault("LastNumber", *(numbers or [first_number(closed["StreamLabel"])]))

    return drop_and_note


def with_streams(dynamodb: Any, get_state: Callable[[], Json], numbers: StreamNumbers) -> Callable[[], Json]:
    """Return the state to save with the closed streams, without their records, and the last sequence number."""

    def state() -> Json:
        closed = type(dynamodb._closed_streams)()
        for (account, region, arn), stream in dynamodb._closed_streams.all_items():
            closed.set_scoped(account, region, arn, {**stream, "records": [], "trimmed": 0})
        return {**get_state(), "closed_streams": closed, "last_stream_number": str(numbers.last)}

    return state


def restore_streams(dynamodb: Any, load: Callable[[Json], None], numbers: StreamNumbers) -> Callable[[Json], None]:
    """Return ``load`` so that it restores what ``with_streams`` saved."""

    def load_all(state: Json) -> None:
        load(state)
        if state:
            dynamodb._closed_streams.update(state.get("closed_streams", {}))
            numbers.observe(int(state.get("last_stream_number", 0)))

    return load_all


def list_streams(dynamodb: Any, streams: Any, request: Json) -> Answer:
    """Answer ListStreams: the streams that are on and those that are off, each table's latest first."""
    dynamodb.closed_stream("")  # forgets those that were switched off more than 24 hours ago
    enabled = [info for name in dynamodb._tables if (info := streams._enabled_stream_info(name))]
    closed = [{**dynamodb._closed_streams[arn], "StreamArn": arn} for arn in dynamodb._closed_streams]
    wanted = request.get("TableName")
    found = [
        {field: stream[field] for field in ("StreamArn", "TableName", "StreamLabel")}
        for stream in enabled + closed
        if wanted in {None, stream["TableName"]}
    ]
    found.sort(key=lambda stream: stream["StreamLabel"], reverse=True)
    found.sort(key=lambda stream: stream["TableName"])
    arns = [stream["StreamArn"] for stream in found]
    start = request.get("ExclusiveStartStreamArn")
    at = arns.index(start) + 1 if start in arns else 0
    page = found[at : at + min(int(request.get("Limit") or MAX_STREAMS_A_PAGE), MAX_STREAMS_A_PAGE)]
    more = {"LastEvaluatedStreamArn": page[-1]["StreamArn"]} if at + len(page) < len(found) else {}
    answer: Answer = streams.json_response({"Streams": page, **more})
    return answer


def with_range(dynamodb: Any, describe: Respond) -> Respond:
    """Return DescribeStream with the numbers at which the shard starts and ends, and the time of the stream's own request."""

    def describe_stream(request: Json) -> Answer:
        status, headers, body = describe(request)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        description = answer["StreamDescription"]
        description["CreationRequestDateTime"] = label_time(description["StreamLabel"])
        closed = dynamodb._closed_streams.get(description["StreamArn"])
        end = {"EndingSequenceNumber": closed["LastNumber"]} if closed else {}
        for shard in description["Shards"]:
            shard["SequenceNumberRange"] = {
                "StartingSequenceNumber": first_number(description["StreamLabel"]), **end,
            }  # fmt: skip
        return status, headers, json.dumps(answer).encode()

    return describe_stream


def between_records(dynamodb: Any, streams: Any, respond: Respond) -> Respond:
    """Return GetShardIterator with numbers that no record has: the shard's first one, and those after its last record."""
    bisections: dict[Any, Callable[..., int]] = {
        "AT_SEQUENCE_NUMBER": bisect_left, "AFTER_SEQUENCE_NUMBER": bisect_right,
    }  # fmt: skip

    def get_shard_iterator(request: Json) -> Answer:
        bisect, number = bisections.get(request.get("ShardIteratorType")), str(request.get("SequenceNumber"))
        found = _records(dynamodb, streams, request.get("StreamArn", "")) if bisect and number.isdigit() else None
        if not bisect or not found:
            return respond(request)
        records, trimmed = found
        if number == first_number(request["StreamArn"].rpartition("/")[2]) and not trimmed:
            return respond({**request, "ShardIteratorType": "TRIM_HORIZON"})
        if records and bisect(records, int(number), key=_number) == len(records):
            return respond({**request, "ShardIteratorType": "LATEST"})
        return respond(request)

    return get_shard_iterator


def _number(record: Json) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def _records(dynamodb: Any, streams: Any, arn: str) -> tuple[list[Json], int] | None:
    """Return a stream's records and how many have expired; None when there is no such stream."""
    if closed := dynamodb.closed_stream(arn):
        return closed["records"], closed["trimmed"]
    source = streams._request_stream_source(arn)
    info = streams._enabled_stream_info(source[1]) if source else None
    if info is None or info["StreamArn"] != arn:
        return None
    scope = (source[0].account_id, source[0].region, source[1])
    return streams._records_for(*scope), streams._horizon(*scope)
