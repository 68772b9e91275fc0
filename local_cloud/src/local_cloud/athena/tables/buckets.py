"""Say which bucket of a bucketed table a row is in, and which objects hold the rows of given values.

Athena buckets by Hive's first hash, whatever wrote the table, and names objects ``…_bucket-00000``. Objects with other names are buckets
in the order of their names, if there are as many. A query with constants for every bucketed column reads their buckets alone.
Sources: https://docs.aws.amazon.com/athena/latest/ug/ctas-partitioning-and-bucketing-bucketing.html,
https://github.com/trinodb/trino/blob/476/plugin/trino-hive/src/main/java/io/trino/plugin/hive/util/HiveBucketingV1.java
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Callable, Sequence
from datetime import date

import duckdb

from local_cloud.athena import quoting
from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.tables.objects import S3Object
from local_cloud.athena.types import Type, parse_type

FUNCTION = "hive_bucket"
TYPES = frozenset({"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "date"})
"""The types that can be bucketed by: https://docs.aws.amazon.com/athena/latest/ug/ctas-partitioning-and-bucketing-bucketing.html"""
_EXACT = TYPES - {"real", "double"}  # 0.0 is equal to -0.0, and in another bucket
_BUCKET = re.compile(r".*_bucket-([0-9]+)(?:[-_.].*)?")
_EPOCH = date(1970, 1, 1)


def bucket_of(texts: Sequence[str | None], kinds: Sequence[Type], count: int) -> int:
    """Return the number of the bucket of a row with these values, each as text.

    Raises:
        ValueError: a text is no value of its type.
    """
    found = 0
    for text, kind in zip(texts, kinds, strict=True):
        found = (found * 31 + (0 if text is None else _hash(text, kind))) & 0xFFFFFFFF
    return (found & 0x7FFFFFFF) % count


def _hash(text: str, kind: Type) -> int:
    if kind.name == "varchar":
        return _hash_of_bytes(text.encode(), 1 if kind.numbers else 0)
    if kind.name == "boolean":
        return {"true": 1, "false": 0}[text] if text in {"true", "false"} else int(text)
    if kind.name == "date":
        return (date.fromisoformat(text) - _EPOCH).days
    if kind.name == "real":
        return int(struct.unpack("<I", struct.pack("<f", float(text)))[0])
    if kind.name == "double":
        return _folded(int(struct.unpack("<Q", struct.pack("<d", float(text)))[0]))
    return _folded(int(text)) if kind.name == "bigint" else int(text)


def _folded(value: int) -> int:
    return ((value >> 32) ^ value) & 0xFFFFFFFF


def _hash_of_bytes(data: bytes, start: int) -> int:
    found = start
    for byte in data:
        found = (found * 31 + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return found


def bucket_sql(values: Sequence[tuple[str, Type]], count: int) -> str:
    """Return SQL of the bucket of a row; ``values`` are SQL and type of each bucketed column."""
    texts = ", ".join(f"CAST({sql} AS VARCHAR)" for sql, _ in values)
    kinds = ";".join(str(kind) for _, kind in values)
    return f"{FUNCTION}([{texts}], {quoting.text(kinds)}, {count})"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection the function that ``bucket_sql`` calls."""
    connection.create_function(
        FUNCTION, _called, ["VARCHAR[]", "VARCHAR", "INTEGER"], "INTEGER", null_handling="special"
    )


def _called(texts: list[str | None], kinds: str, count: int) -> int:
    return bucket_of(texts, [parse_type(kind) for kind in kinds.split(";")], count)


def kept(table: GlueTable, values: Callable[[str], list[str] | None], items: list[S3Object]) -> list[S3Object]:
    """Return the objects of one partition that can hold rows with the values that the query gives the columns; None when it gives none."""
    columns, count = table.bucket_columns, int(table.descriptor.get("NumberOfBuckets") or 0)
    kinds = {column.name: column.type for column in table.columns}
    if not columns or count <= 0 or not all(name in kinds and kinds[name].name in _EXACT for name in columns):
        return items
    given = [values(name) for name in columns]
    numbers = _numbers([item.key.rpartition("/")[2] for item in items], count)
    if numbers is None or any(found is None for found in given):
        return items
    try:
        known = [found for found in given if found is not None]
        wanted = {bucket_of(row, [kinds[name] for name in columns], count) for row in itertools.product(*known)}
    except ValueError:
        return items
    return [item for item, number in zip(items, numbers, strict=True) if number in wanted]


def _numbers(names: list[str], count: int) -> list[int] | None:
    """Return the bucket of each object; None when the names do not tell."""
    matches = [_BUCKET.fullmatch(name) for name in names]
    if all(matches):
        found = [int(match[1]) for match in matches if match is not None]
        return found if all(number < count for number in found) else None
    return [sorted(names).index(name) for name in names] if len(names) == count else None
