"""Read values of Avro by the schema that is in the file, in the types of Arrow.

Source: https://avro.apache.org/docs/1.12.0/specification/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
from pyiceberg.avro.decoder import BinaryDecoder

Read = Callable[[BinaryDecoder], Any]
Values = tuple[pa.DataType, Read]

_EXACT = Context(prec=76)
_PRIMITIVES: dict[str, Values] = {
    "null": (pa.null(), lambda _: None),
    "boolean": (pa.bool_(), lambda data: data.read_boolean()),
    "int": (pa.int32(), lambda data: data.read_int()),
    "long": (pa.int64(), lambda data: data.read_int()),
    "float": (pa.float32(), lambda data: data.read_float()),
    "double": (pa.float64(), lambda data: data.read_double()),
    "bytes": (pa.binary(), lambda data: data.read_bytes()),
    "string": (pa.string(), lambda data: data.read_utf8()),
}
_LOGICAL: dict[tuple[str, str], pa.DataType] = {
    ("int", "date"): pa.date32(),
    ("long", "timestamp-millis"): pa.timestamp("ms"), ("long", "local-timestamp-millis"): pa.timestamp("ms"),
    ("long", "timestamp-micros"): pa.timestamp("us"), ("long", "local-timestamp-micros"): pa.timestamp("us"),
    ("long", "timestamp-nanos"): pa.timestamp("ns"), ("long", "local-timestamp-nanos"): pa.timestamp("ns"),
}  # fmt: skip


def values_of(schema: Any, named: dict[str, Values] | None = None) -> Values:
    """Return the type of a schema's values, and the function that reads one.

    Raises:
        ValueError: the schema has a union of several types, a type that refers to itself, or is none.
    """
    named = {} if named is None else named
    if isinstance(schema, list):
        return _union(schema, named)
    if isinstance(schema, str):
        found = _PRIMITIVES.get(schema) or named.get(schema) or named.get(schema.rpartition(".")[2])
        if found is None:
            raise ValueError(f"its schema names the type {schema!r}, which is not defined before")
        return found
    kind = schema["type"]
    if not isinstance(kind, str) or kind in named:
        return values_of(kind, named)
    values = _of_kind(kind, schema, named)
    if "name" in schema and kind in {"record", "enum", "fixed"}:
        named[schema["name"].rpartition(".")[2]] = values
    return values


def _of_kind(kind: str, schema: dict[str, Any], named: dict[str, Values]) -> Values:
    if schema.get("logicalType") == "decimal" and kind in {"bytes", "fixed"}:
        return _decimal(kind, schema)
    if kind == "record":
        return _record(schema, named)
    if kind == "enum":
        return pa.string(), lambda data: schema["symbols"][data.read_int()]
    if kind == "fixed":
        return pa.binary(), lambda data: data.read(schema["size"])
    if kind == "array":
        item, read = values_of(schema["items"], named)
        return pa.list_(item), lambda data: [read(data) for _ in _counted(data)]
    if kind == "map":
        item, read = values_of(schema["values"], named)
        return pa.map_(pa.string(), item), lambda data: [(data.read_utf8(), read(data)) for _ in _counted(data)]
    plain, read = values_of(kind, named)
    return _LOGICAL.get((kind, schema.get("logicalType", "")), plain), read


def _record(schema: dict[str, Any], named: dict[str, Values]) -> Values:
    fields = [(field["name"], *values_of(field["type"], named)) for field in schema["fields"]]
    kind = pa.struct([pa.field(name, held) for name, held, _ in fields])
    return kind, lambda data: {name: read(data) for name, _, read in fields}


def _union(schema: list[Any], named: dict[str, Values]) -> Values:
    """Return the values of a union of null and one type: the column's NULL, or the value."""
    readers = [values_of(part, named) for part in schema]
    kinds = [kind for kind, _ in readers if kind != pa.null()]
    if len(kinds) > 1:
        raise ValueError(f"its schema has a union of several types: {schema}")
    return (kinds[0] if kinds else pa.null()), lambda data: readers[data.read_int()][1](data)


def _decimal(kind: str, schema: dict[str, Any]) -> Values:
    scale = schema.get("scale", 0)

    def read(data: BinaryDecoder) -> Decimal:
        held = data.read(schema["size"]) if kind == "fixed" else data.read_bytes()
        return Decimal(int.from_bytes(held, "big", signed=True)).scaleb(-scale, _EXACT)

    return pa.decimal128(schema["precision"], scale), read


def _counted(data: BinaryDecoder) -> Iterator[int]:
    """Count the items of an array or a map; they come in blocks, the last of which is empty."""
    while count := data.read_int():
        if count < 0:  # the block's bytes follow
            data.read_int()
        yield from range(abs(count))
