"""Translate Athena's types and partition transforms into Iceberg's, and the types back.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)  # fmt: skip

from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.types import Type, array, decimal, mapping, parse_type, row, timestamp_with_zone

FIRST_PARTITION_FIELD = 1000
_TRINO_NAMES = {
    BooleanType: "boolean", IntegerType: "integer", LongType: "bigint", FloatType: "real", DoubleType: "double", StringType: "varchar",
    DateType: "date", BinaryType: "varbinary", FixedType: "varbinary", UUIDType: "varchar",
}  # fmt: skip
_SIMPLE: dict[str, IcebergType] = {
    "boolean": BooleanType(), "integer": IntegerType(), "bigint": LongType(), "real": FloatType(), "double": DoubleType(), "varchar": StringType(),
    "date": DateType(), "timestamp": TimestampType(), "timestamp with time zone": TimestamptzType(), "varbinary": BinaryType(),
}  # fmt: skip
_PARTITIONING = re.compile(r"(?:(\w+)\((?:(\d+),)?)?([a-z_]\w*)(?:,(\d+))?\)?")
_TRANSFORMS: dict[str, Transform[Any, Any]] = {
    "year": YearTransform(),
    "month": MonthTransform(),
    "day": DayTransform(),
    "hour": HourTransform(),
}


def iceberg_schema(columns: list[tuple[str, str, str | None]]) -> Schema:
    """Return the schema of columns (name, Hive or Trino type, comment); every column may be NULL."""
    numbers = count(len(columns) + 1)
    fields = [
        NestedField(index, name, iceberg_type(parse_type(kind), numbers), required=False, doc=comment)
        for index, (name, kind, comment) in enumerate(columns, 1)
    ]
    return Schema(*fields)


def iceberg_type(kind: Type, numbers: count[int]) -> IcebergType:
    if kind.name == "decimal":
        return DecimalType(kind.precision, kind.scale)
    if kind.name == "array":
        return ListType(next(numbers), iceberg_type(kind.element, numbers), element_required=False)
    if kind.name == "map":
        return MapType(
            next(numbers),
            iceberg_type(kind.parts[0], numbers),
            next(numbers),
            iceberg_type(kind.parts[1], numbers),
            value_required=False,
        )
    if kind.name == "row":
        return StructType(
            *(
                NestedField(next(numbers), name or f"field{index}", iceberg_type(part, numbers), required=False)
                for index, (name, part) in enumerate(zip(kind.names, kind.parts, strict=True))
            )
        )
    if kind.name not in _SIMPLE:
        raise QueryFailedError("NOT_SUPPORTED", f"Type not supported for Iceberg: {kind}")
    return _SIMPLE[kind.name]


def trino_type(kind: Any) -> Type:
    """Return the Trino type of an Iceberg type."""
    if type(kind) in _TRINO_NAMES:
        return Type(_TRINO_NAMES[type(kind)])
    if isinstance(kind, DecimalType):
        return decimal(kind.precision, kind.scale)
    if isinstance(kind, TimestampType):
        return Type("timestamp", (6,))
    if isinstance(kind, TimestamptzType):
        return timestamp_with_zone(6)
    if isinstance(kind, TimeType):
        return Type("time", (6,))
    if isinstance(kind, ListType):
        return array(trino_type(kind.element_type))
    if isinstance(kind, MapType):
        return mapping(trino_type(kind.key_type), trino_type(kind.value_type))
    if isinstance(kind, StructType):
        return row([(field.name, trino_type(field.field_type)) for field in kind.fields])
    raise not_supported(f"An Iceberg column of type {kind}")


def iceberg_spec(schema: Schema, transforms: list[str]) -> PartitionSpec:
    """Return the partitioning of ``day(created)``, ``bucket(16, id)`` or ``bucket(id, 16)``, ``truncate(4, name)`` or a plain column.

    Raises:
        QueryFailedError: no such transform or column.
    """
    fields = []
    for index, text in enumerate(transforms):
        match = _PARTITIONING.fullmatch(text.replace(" ", "").lower())
        if match is None:
            raise QueryFailedError("INVALID_TABLE_PROPERTY", f"Unable to parse partitioning value: {text}")
        name, first, column, last = match.groups()
        width = first or last
        transform = _transform(name, width)
        suffix = "" if name is None else "_trunc" if name == "truncate" else f"_{name}"
        fields.append(
            PartitionField(
                schema.find_field(column).field_id, FIRST_PARTITION_FIELD + index, transform, f"{column}{suffix}"
            )
        )
    return PartitionSpec(*fields)


def _transform(name: str | None, width: str | None) -> Transform[Any, Any]:
    if name is None:
        return IdentityTransform()
    if name in {"bucket", "truncate"} and width is not None:
        return BucketTransform(int(width)) if name == "bucket" else TruncateTransform(int(width))
    if name in _TRANSFORMS:
        return _TRANSFORMS[name]
    raise QueryFailedError("INVALID_TABLE_PROPERTY", f"Unable to parse partitioning value: {name}")
