"""What a drill puts into the stream beside its own changes: copies that come again and late, and records that break the contract.

Pure: no Airflow, no AWS client. Poison is made of the drill's own records, names itself in its key and its event id, and is no
change of any order, so that it can be accounted for one by one and harms nobody's table.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sales_cdc.contract import bucket_keys

POISON = "drill-poison"
UPDATES_OF_TEN, DELETES_OF_TEN = 4, 1  # the rest are inserts

Record = dict[str, Any]


@dataclass(frozen=True)
class StreamRecord:
    """A record as it stands in Kinesis."""

    data: bytes
    partition_key: str


def shape(changes: int) -> dict[str, int]:
    """How many changes of a drill insert, update and delete."""
    updates, deletes = changes * UPDATES_OF_TEN // 10, changes * DELETES_OF_TEN // 10
    return {"inserts": changes - updates - deletes, "updates": updates, "deletes": deletes}


def plain(name: str) -> str:
    """A drill's name as keys and markers carry it."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def evidence_key(name: str, file: str) -> str:
    return f"{bucket_keys.DRILL_RUNS}{plain(name)}/{file}"


def poison_key(name: str, source: str, version: str) -> str:
    """Where the poison of one error object, as it was, is kept in the end."""
    digest = hashlib.sha256(f"{source} {version}".encode()).hexdigest()[:32]
    return evidence_key(name, f"poison/{digest}.jsonl")


def curate_key(name: str) -> str:
    """Where the Glue job counts what it took."""
    return f"{bucket_keys.CURATE_RUNS}{plain(name)}.json"


def seed_of(name: str, seed: int) -> int:
    """A seed of the drill's own, so that no two drills write orders of the same id."""
    return int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()[:8], 16)


def share_of(changes: int, share: float) -> int:
    return round(changes * share)


def extras(name: str, seen: Sequence[StreamRecord], copies: int, poison: int, seed: int) -> list[StreamRecord]:
    """So many copies of records seen, and so much poison, in the seed's order."""
    dice = Random(f"{seed}:{name}")  # noqa: S311 (repeatable on purpose)
    made = [seen[dice.randrange(len(seen))] for _ in range(copies)]
    made += [_poisoned(seen[dice.randrange(len(seen))], marker(name, n), n) for n in range(poison)]
    dice.shuffle(made)
    return made


def marker(name: str, n: int) -> str:
    return f"{POISON}/{plain(name)}/{n}"


def markers(name: str, payloads: Iterable[bytes]) -> set[int]:
    """Which of a drill's poison the payloads hold, by number."""
    find = re.compile(rf"{POISON}/{re.escape(plain(name))}/(\d+)".encode()).search
    return {int(found[1]) for payload in payloads if (found := find(payload))}


def identity_of(data: bytes) -> tuple[str, str] | None:
    """The order and the sequence number that a stream record tells of; None when it tells of none."""
    try:
        change = json.loads(data)["dynamodb"]
        order_id, sequence_number = change["Keys"]["orderid"]["S"], change["SequenceNumber"]
    except (ValueError, TypeError, KeyError):
        return None
    texts = isinstance(order_id, str) and isinstance(sequence_number, str)
    return (order_id, sequence_number) if texts else None


def decoded(data: str | None) -> bytes:
    """A failed record's bytes; empty when it holds none."""
    return base64.b64decode(data) if data else b""


def _poisoned(record: StreamRecord, mark: str, n: int) -> StreamRecord:
    """A copy that no transformer of this contract may take: it names itself first, and breaks one rule."""
    told = json.loads(record.data)
    keys = {"orderid": {"S": mark}}
    image = {**told["dynamodb"].get("NewImage", {}), **keys}
    change = {**told["dynamodb"], "Keys": keys, "NewImage": image}
    event = {"eventID": mark, **{key: value for key, value in told.items() if key != "eventID"}, "eventName": "INSERT"}
    return StreamRecord(BREAKS[n % len(BREAKS)](event, change), mark)


def _fractional_quantity(event: Record, change: Record) -> bytes:
    return _json(event, {**change, "NewImage": {**change["NewImage"], "quantity": {"N": "1.5"}}})


def _quantity_as_text(event: Record, change: Record) -> bytes:
    return _json(event, {**change, "NewImage": {**change["NewImage"], "quantity": {"S": "five"}}})


def _no_new_image(event: Record, change: Record) -> bytes:
    return _json(event, {key: value for key, value in change.items() if key != "NewImage"})


def _no_sequence_number(event: Record, change: Record) -> bytes:
    return _json(event, {key: value for key, value in change.items() if key != "SequenceNumber"})


def _cut_off(event: Record, change: Record) -> bytes:
    return _json(event, change)[:-10]


def _json(event: Mapping[str, Any], change: Mapping[str, Any]) -> bytes:
    return json.dumps({**event, "dynamodb": change}, separators=(",", ":")).encode()


BREAKS: tuple[Callable[[Record, Record], bytes], ...] = (
    _fractional_quantity, _quantity_as_text, _no_new_image, _no_sequence_number, _cut_off,
)  # fmt: skip
