"""Read the columns of a Parquet file from its footer.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html: the schema at the end of the file decides."""

from __future__ import annotations

import io
from typing import Any

from local_cloud.glue.schemas.column_types import BIGINT, BOOLEAN, DOUBLE, INT, STRING, Array, Scalar, Struct, Type

MAGIC = b"PAR1"


def columns(content: bytes) -> dict[str, Type]:
    """Return column types by name. ``content`` is the whole file; a broken one has none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(io.BytesIO(content))
    except pa.ArrowInvalid:
        return {}
    return {field.name: _type(field.type) for field in schema}


def _type(kind: Any) -> Type:
    import pyarrow.types as t

    if t.is_list(kind) or t.is_large_list(kind):
        return Array(_type(kind.value_type))
    if t.is_struct(kind):
        return Struct({member.name: _type(member.type) for member in kind})
    if t.is_map(kind):
        return Scalar(f"map<{_type(kind.key_type)},{_type(kind.item_type)}>")
    if t.is_decimal(kind):
        return Scalar(f"decimal({kind.precision},{kind.scale})")
    simple = {
        t.is_boolean: BOOLEAN, t.is_int64: BIGINT, t.is_uint32: BIGINT, t.is_int8: Scalar("tinyint"), t.is_int16: Scalar("smallint"),
        t.is_integer: INT, t.is_float32: Scalar("float"), t.is_floating: DOUBLE, t.is_date: Scalar("date"), t.is_timestamp: Scalar("timestamp"),
        t.is_binary: Scalar("binary"),
    }  # fmt: skip
    return next((hive for matches, hive in simple.items() if matches(kind)), STRING)
