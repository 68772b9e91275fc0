"""Rewrite Avro objects as Parquet on this machine, from which DuckDB reads them. Columns are found by their names.

Source: https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.avro.decoder import BinaryDecoder, new_decoder

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.tables.avro_codecs import DECOMPRESS
from local_cloud.athena.tables.avro_values import Read, values_of
from local_cloud.athena.tables.objects import S3Object

MAGIC, SYNC_BYTES = b"Obj\x01", 16


def as_parquet(item: S3Object, path: Path) -> None:
    """Replace the object's file by one of Parquet, with the same columns."""
    draft = path.with_name(f"{path.name}.parquet-draft")
    try:
        data = path.read_bytes()
        decoder = new_decoder(data)
        header = _header(decoder, item.path)
        kind, read = values_of(json.loads(header["avro.schema"]))
        schema = pa.schema(list(kind))
        with pq.ParquetWriter(draft, schema) as writer:
            for rows in _blocks(decoder, len(data), header.get("avro.codec", b"null").decode(), read):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    except (ValueError, LookupError, EOFError, OSError, TypeError, zlib.error, pa.ArrowException) as error:
        draft.unlink(missing_ok=True)
        raise QueryFailedError("HIVE_BAD_DATA", f"Malformed Avro file. {error} [{item.path}]") from error
    draft.replace(path)


def _header(decoder: BinaryDecoder, path: str) -> dict[str, bytes]:
    if decoder.read(len(MAGIC)) != MAGIC:
        raise QueryFailedError("HIVE_CANNOT_OPEN_SPLIT", f"Not an Avro data file. [{path}]")
    _, read = values_of({"type": "map", "values": "bytes"})
    return dict(read(decoder))


def _blocks(decoder: BinaryDecoder, size: int, codec: str, read: Read) -> Iterator[list[Any]]:
    """Yield the rows of each block."""
    sync, unpack = decoder.read(SYNC_BYTES), DECOMPRESS[codec]
    while decoder.tell() < size:
        count = decoder.read_int()
        block = new_decoder(unpack(decoder.read_bytes()))
        yield [read(block) for _ in range(count)]
        if decoder.read(SYNC_BYTES) != sync:
            raise ValueError("A block ends without the file's mark")
