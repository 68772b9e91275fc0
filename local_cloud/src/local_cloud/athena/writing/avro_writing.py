"""Write rows of Arrow as an Avro file.

Sources: https://avro.apache.org/docs/1.12.0/specification/#object-container-files, and of the types
https://cwiki.apache.org/confluence/display/Hive/AvroSerDe
"""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.avro.encoder import BinaryEncoder

from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.tables.avro_codecs import COMPRESS
from local_cloud.athena.tables.avro_files import MAGIC, SYNC_BYTES
from local_cloud.athena.types import Type

CODECS = {"DEFLATE": "deflate", "SNAPPY": "snappy", "ZSTD": "zstandard", "BZIP2": "bzip2", "NONE": "null"}
"""The compressions that Athena writes Avro with, https://docs.aws.amazon.com/athena/latest/ug/compression-support-hive.html."""

_ROWS_PER_BLOCK = 4000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
Write = Callable[[BinaryEncoder, Any], None]
Form = tuple[Any, Write]


def write_avro(table: pa.Table, path: Path, compression: str) -> None:
    """Write the table's rows; each column may be null.

    Raises:
        QueryFailedError: a column's type has no form in Avro.
    """
    schema, write = _record(list(table.schema), "row")
    sync, pack = secrets.token_bytes(SYNC_BYTES), COMPRESS[CODECS[compression]]
    with path.open("wb") as file:
        file.write(MAGIC)
        header = {"avro.schema": json.dumps(schema).encode(), "avro.codec": CODECS[compression].encode()}
        _map(lambda data, value: data.write_bytes(value))(BinaryEncoder(file), list(header.items()))
        file.write(sync)
        for batch in table.to_batches(max_chunksize=_ROWS_PER_BLOCK):
            rows = io.BytesIO()
            encoder = BinaryEncoder(rows)
            for row in batch.to_pylist():
                write(encoder, row)
            outside = BinaryEncoder(file)
            outside.write_int(batch.num_rows)
            outside.write_bytes(pack(rows.getvalue()))
            file.write(sync)


_PLAIN: list[tuple[Callable[[pa.DataType], bool], str, Write]] = [
    (pa.types.is_boolean, "boolean", lambda data, value: data.write_boolean(value)),
    (pa.types.is_int64, "long", lambda data, value: data.write_int(value)),
    (pa.types.is_integer, "int", lambda data, value: data.write_int(value)),
    (pa.types.is_float32, "float", lambda data, value: data.write_float(value)),
    (pa.types.is_float64, "double", lambda data, value: data.write_double(value)),
    (pa.types.is_string, "string", lambda data, value: data.write_utf8(value)),
    (pa.types.is_large_string, "string", lambda data, value: data.write_utf8(value)),
    (pa.types.is_binary, "bytes", lambda data, value: data.write_bytes(value)),
    (pa.types.is_large_binary, "bytes", lambda data, value: data.write_bytes(value)),
    (pa.types.is_null, "null", lambda _data, _value: None),
]


def require_avro(columns: Iterable[tuple[str, Type]]) -> None:
    """Refuse what a real Trino 476 does not write as Avro, in its words.

    Raises:
        QueryFailedError: NOT_SUPPORTED.
    """
    for name, kind in columns:
        for part in _parts(kind):
            if part.name in {"tinyint", "smallint"}:
                message = f"Column '{name}' is {part.name}, which is not supported by Avro. Use integer instead."
                raise QueryFailedError("NOT_SUPPORTED", message)
            if part.name == "map" and str(part.parts[0]) != "varchar":
                message = f"Column '{name}' has a non-varchar map key, which is not supported by Avro"
                raise QueryFailedError("NOT_SUPPORTED", message)


def _parts(kind: Type) -> Iterator[Type]:
    yield kind
    for part in kind.parts:
        yield from _parts(part)


def _form(kind: pa.DataType, name: str) -> Form:
    """Return the schema of a type, and the function that writes a value which is not null."""
    for holds, schema, write in _PLAIN:
        if holds(kind):
            return schema, write
    if pa.types.is_decimal(kind):
        return {"type": "bytes", "logicalType": "decimal", "precision": kind.precision, "scale": kind.scale}, _decimal
    if pa.types.is_date32(kind):
        return {"type": "int", "logicalType": "date"}, lambda data, day: data.write_int((day - _EPOCH.date()).days)
    if pa.types.is_timestamp(kind):
        return {"type": "long", "logicalType": "timestamp-millis"}, _milliseconds
    if pa.types.is_struct(kind):
        return _record(list(kind), name)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        schema, write = _nullable(kind.value_type, f"{name}_item")
        return {"type": "array", "items": schema}, _array(write)
    if pa.types.is_map(kind) and pa.types.is_string(kind.key_type):
        schema, write = _nullable(kind.item_type, f"{name}_value")
        return {"type": "map", "values": schema}, _map(write)
    raise not_supported(f"Writing a column of Arrow's type {kind} as Avro")


def _nullable(kind: pa.DataType, name: str) -> Form:
    schema, write = _form(kind, name)
    if schema == "null":
        return schema, write

    def written(data: BinaryEncoder, value: Any) -> None:
        data.write_int(0 if value is None else 1)
        if value is not None:
            write(data, value)

    return ["null", schema], written


def _record(fields: list[pa.Field], name: str) -> Form:
    """Return the form of a row. A record's name is that of the fields around it, so that no two have one."""
    forms = [(field.name, *_nullable(field.type, f"{name}_{field.name}")) for field in fields]
    parts = [{"name": held, "type": schema, "default": None} for held, schema, _ in forms]

    def written(data: BinaryEncoder, value: dict[str, Any]) -> None:
        for held, _, write in forms:
            write(data, value[held])

    return {"type": "record", "name": name, "fields": parts}, written


def _array(write: Write) -> Write:
    def written(data: BinaryEncoder, items: list[Any]) -> None:
        if items:
            data.write_int(len(items))
        for item in items:
            write(data, item)
        data.write_int(0)

    return written


def _map(write: Write) -> Write:
    def entry(data: BinaryEncoder, pair: tuple[str, Any]) -> None:
        data.write_utf8(pair[0])
        write(data, pair[1])

    return _array(entry)


def _decimal(data: BinaryEncoder, value: Decimal) -> None:
    sign, digits, _ = value.as_tuple()
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    data.write_bytes(unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True))


def _milliseconds(data: BinaryEncoder, moment: datetime) -> None:
    data.write_int((moment.replace(tzinfo=None) - _EPOCH) // timedelta(milliseconds=1))
