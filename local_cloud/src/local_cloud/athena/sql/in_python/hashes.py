"""Hash bytes and values as Trino does.

Sources: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, and of the sum that is a checksum
https://github.com/trinodb/trino/blob/476/core/trino-main/src/main/java/io/trino/operator/aggregation/ChecksumAggregationFunction.java
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import mmh3

from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.types import Type, parse_type

_MASK = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _round(accumulator: int, lane: int) -> int:
    return _rotated((accumulator + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes) -> int:
    """Return the hash with the seed 0, as an unsigned number."""
    position, length = 0, len(data)
    if length >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while position + 32 <= length:
            for index, lane in enumerate(struct.unpack_from("<4Q", data, position)):
                lanes[index] = _round(lanes[index], lane)
            position += 32
        found = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            found = ((found ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        found = _P5
    return _finished(_tail(found + length & _MASK, data[position:]))


def _tail(found: int, rest: bytes) -> int:
    while len(rest) >= 8:
        (lane,) = struct.unpack_from("<Q", rest)
        found, rest = (_rotated(found ^ _round(0, lane), 27) * _P1 + _P4) & _MASK, rest[8:]
    if len(rest) >= 4:
        (lane,) = struct.unpack_from("<I", rest)
        found, rest = (_rotated(found ^ (lane * _P1 & _MASK), 23) * _P2 + _P3) & _MASK, rest[4:]
    for byte in rest:
        found = _rotated(found ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    return found


def _finished(found: int) -> int:
    found = (found ^ (found >> 33)) * _P2 & _MASK
    found = (found ^ (found >> 29)) * _P3 & _MASK
    return found ^ (found >> 32)


def _of_number(value: int) -> int:
    return xxhash64(struct.pack("<q", value))


def _of_value(value: Any, kind: Type) -> int:
    """Return the hash of a value that is given as text, or as a list of such.

    Raises:
        QueryError: the type's hash is not known here.
    """
    if kind.name == "array":
        found = 0
        for item in value:
            found = (31 * found + (0 if item is None else _of_value(item, kind.element))) & _MASK
        return found
    if kind.is_integer:
        return _of_number(int(value))
    if kind.name == "boolean":
        return _of_number(int(value == "true"))
    if kind.name in {"varchar", "json"}:
        return xxhash64(value.encode())
    if kind.name == "varbinary":
        return xxhash64(bytes.fromhex(value))
    return _of_scalar(str(value), kind)


def _of_scalar(text: str, kind: Type) -> int:
    if kind.name == "date":
        return _of_number((date.fromisoformat(text) - date(1970, 1, 1)).days)
    if kind.name == "double":
        return xxhash64(struct.pack("<d", float(text) or 0.0))
    if kind.name == "decimal" and kind.precision <= 18:
        return _of_number(int(Decimal(text).scaleb(kind.scale)))
    if kind.name == "timestamp":
        return _of_number((datetime.fromisoformat(text) - datetime(1970, 1, 1)) // _MICROSECOND)  # noqa: DTZ001
    raise QueryError("NOT_SUPPORTED", f"checksum of {kind} is not supported by the local cloud's Athena.")


_MICROSECOND = datetime.resolution


def checksum(values: list[str], kind: str) -> bytes:
    """Return the sum of the hashes of values, each in a JSON document as text."""
    parsed, total = parse_type(kind), 0
    for text in values:
        value = json.loads(text)["v"]
        total += _P1 if value is None else _of_value(value, parsed) * _P1
    return struct.pack("<Q", total & _MASK)


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_checksum", checksum, ["VARCHAR[]", "VARCHAR"], "BLOB"),
    ("trino_xxhash64", lambda data: struct.pack(">Q", xxhash64(data)), ["BLOB"], "BLOB"),
    ("trino_murmur3", lambda data: mmh3.hash_bytes(data, 0, True), ["BLOB"], "BLOB"),
]
