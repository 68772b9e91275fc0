"""Make the records that a drill puts into the stream beside its own changes: late copies, and poison. Pure.

Poison is a record that breaks the contract. It is made of one of the drill's own records, carries a marker in its key and its event
id, and changes no order. So every poison record can be accounted for, and none harms a table.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sales_cdc.contract.bucket_keys import run_key

POISON = "drill-poison"

Record = dict[str, Any]


@dataclass(frozen=True)
class StreamRecord:
    """A record of the Kinesis stream."""

    data: bytes
    partition_key: str


def injected_records(
    name: str, seen: Sequence[StreamRecord], copies: int, poison: int, seed: int
) -> list[StreamRecord]:
    """Return ``copies`` copies of records seen and ``poison`` poison records, shuffled by the seed.

    >>> seen = [StreamRecord(b'{"dynamodb": {"SequenceNumber": "1"}}', "order-1")]
    >>> records = injected_records("drill-1", seen, copies=2, poison=1, seed=7)
    >>> len(records), markers("drill-1", [record.data for record in records])
    (3, {0})
    """
    dice = Random(f"{seed}:{name}")  # noqa: S311 (repeatable on purpose)
    made = [seen[dice.randrange(len(seen))] for _ in range(copies)]
    made += [_poisoned(seen[dice.randrange(len(seen))], marker(name, n), n) for n in range(poison)]
    dice.shuffle(made)
    return made


def marker(name: str, n: int) -> str:
    """Return what the drill's poison record number ``n`` carries in its key and its event id."""
    return f"{POISON}/{run_key(name)}/{n}"


def markers(name: str, payloads: Iterable[bytes]) -> set[int]:
    """Return the numbers of the drill's poison records among the payloads."""
    find = re.compile(rf"{POISON}/{re.escape(run_key(name))}/(\d+)".encode()).search
    return {int(found[1]) for payload in payloads if (found := find(payload))}


def identity_of(data: bytes) -> tuple[str, str] | None:
    """Return the order and the sequence number of a stream record; None when it has none."""
    try:
        change = json.loads(data)["dynamodb"]
        order_id, sequence_number = change["Keys"]["orderid"]["S"], change["SequenceNumber"]
    except (ValueError, TypeError, KeyError):
        return None
    texts = isinstance(order_id, str) and isinstance(sequence_number, str)
    return (order_id, sequence_number) if texts else None


def decoded(data: str | None) -> bytes:
    """Return a failed record's bytes; empty when the record has no data."""
    return base64.b64decode(data) if data else b""


def _poisoned(record: StreamRecord, mark: str, n: int) -> StreamRecord:
    """Return a copy with a marker that breaks one rule of the contract."""
    document = json.loads(record.data)
    keys = {"orderid": {"S": mark}}
    image = {**document["dynamodb"].get("NewImage", {}), **keys}
    change = {**document["dynamodb"], "Keys": keys, "NewImage": image}
    event = {
        "eventID": mark,
        **{key: value for key, value in document.items() if key != "eventID"},
        "eventName": "INSERT",
    }
    return StreamRecord(BREAKS[n % len(BREAKS)](event, change), mark)


def _other_event_name(event: Record, change: Record) -> bytes:
    return _json({**event, "eventName": "UPSERT"}, change)


def _time_as_text(event: Record, change: Record) -> bytes:
    return _json(event, {**change, "ApproximateCreationDateTime": "yesterday"})


def _no_new_image(event: Record, change: Record) -> bytes:
    return _json(event, {key: value for key, value in change.items() if key != "NewImage"})


def _no_sequence_number(event: Record, change: Record) -> bytes:
    return _json(event, {key: value for key, value in change.items() if key != "SequenceNumber"})


def _cut_off(event: Record, change: Record) -> bytes:
    return _json(event, change)[:-10]


def _json(event: Mapping[str, Any], change: Mapping[str, Any]) -> bytes:
    return json.dumps({**event, "dynamodb": change}, separators=(",", ":")).encode()


BREAKS: tuple[Callable[[Record, Record], bytes], ...] = (
    _other_event_name, _time_as_text, _no_new_image, _no_sequence_number, _cut_off,
)  # fmt: skip
