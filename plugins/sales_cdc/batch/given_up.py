"""Name the orders of changes that the pipe gave up on, and why: their positions are in its dead-letter queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sales_cdc.aws.dead_letters import DeadLetterHook, Letter, StreamPositionHook, StreamSilentError
from sales_cdc.aws.stream_position import Position
from sales_cdc.contract.attribute_values import UnfitValueError
from sales_cdc.contract.order_keys import KEYS

MAX_LETTERS = 50
MAX_ORDERS = 20
MAX_KEY_LENGTH = 256
"""Of a partition key: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html"""
SHOWN_KEY = 60

Given = dict[str, str]


def given_up(queue: DeadLetterHook, stream: StreamPositionHook) -> list[Given]:
    """Return an entry for each change: ``orderid`` (the beginning of a long one), ``event_type``, ``reason``. The messages stay.

    Raises:
        CallRefusedError: the queue or the stream may not be read.
    """
    if not queue.count():
        return []
    letters = list(islice(queue.letters(), MAX_LETTERS))
    try:
        return list(islice(_changes(letters, stream), MAX_ORDERS))
    finally:
        for letter in letters:
            queue.release(letter)


def _changes(letters: Sequence[Letter], stream: StreamPositionHook) -> Iterator[Given]:
    for letter in letters:
        try:
            position = Position.from_message(letter.body)
            records = stream.read(position)
        except (ValueError, StreamSilentError):
            continue  # no position of ours, or one to be read later: the redrive says so
        for record in records:
            yield _entry(record, position)


def _entry(record: Mapping[str, Any], position: Position) -> Given:
    try:
        key = KEYS.of_item(record["dynamodb"]["Keys"])
    except (KeyError, UnfitValueError):
        key = ""
    is_long = len(key) > MAX_KEY_LENGTH
    shown = f"{key[:SHOWN_KEY]}… ({len(key)} characters)" if len(key) > SHOWN_KEY else key
    reason = (
        f"its id has {len(key)} characters, and a partition key of Kinesis {MAX_KEY_LENGTH}"
        if is_long
        else position.reason
    )
    return {"orderid": shown, "event_type": str(record.get("eventName", "")), "reason": reason}
