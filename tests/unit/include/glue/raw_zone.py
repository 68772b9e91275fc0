"""A raw zone in memory: objects of change events as the delivery stream writes them, and the job run on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from curated_tables import Lake, prepare_tables
from curation import curate, not_taken
from raw_objects import RawObject

CONTRACT = (
    "orderid", "product_name", "quantity", "price", "event_type", "creation_time", "event_id", "sequence_number", "actor",
    "source_stream", "rescued_data",
)  # fmt: skip


def event(orderid: str, sequence_number: int, event_type: str = "MODIFY", **fields: Any) -> dict[str, Any]:
    """One change event; ``fields`` override and extend it."""
    return {
        "orderID": orderid,
        "product_name": None if event_type == "REMOVE" else "laptop",
        "quantity": None if event_type == "REMOVE" else 2,
        "price": None if event_type == "REMOVE" else 10.5,
        "event_type": event_type,
        "creation_time": "2026-11-22T10:00:00.000Z",
        "event_id": f"{orderid}/{sequence_number}",
        "sequence_number": str(sequence_number).zfill(40),
        "actor": "user",
    } | fields


class RawZone(dict[str, bytes]):
    """Keys and contents of raw objects."""

    def put(self, key: str, *lines: Any) -> None:
        """Lines are events, or texts to be written as they are."""
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        self[key] = "".join(f"{text}\n" for text in texts).encode()

    def connect(self) -> Callable[[], Callable[[str, str], bytes]]:
        contents = dict(self)
        return lambda: lambda key, _etag: contents[key]

    def curate(self, lake: Lake) -> dict[str, Any]:
        """What the script's ``main`` does, without S3."""
        prepare_tables(lake)
        listed = [RawObject(key, hashlib.md5(self[key]).hexdigest(), len(self[key])) for key in self]  # noqa: S324
        return curate(lake, not_taken(lake, listed), self.connect())


def content(lake: Lake, table: str, columns: Mapping[str, Any] | tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """A table's rows, sorted; of some columns, by default of all in their alphabetical order."""
    rows = lake.read(table)
    return sorted((tuple(row) for row in rows.select(*(columns or sorted(rows.columns))).collect()), key=repr)
