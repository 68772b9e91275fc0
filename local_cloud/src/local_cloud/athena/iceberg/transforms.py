"""Apply partition transforms (day, bucket, …) to columns by PyIceberg's own functions on values.

PyIceberg applies them to Arrow's arrays by another package, which this project does without.
Source: https://iceberg.apache.org/spec/#partition-transforms
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import IcebergType


def use_own_transforms() -> None:
    """Let PyIceberg write to tables that are partitioned by a transform."""
    for transform in (BucketTransform, DayTransform, HourTransform, MonthTransform, TruncateTransform, YearTransform):
        transform.pyarrow_transform = _applied


def _applied(transform: Transform[Any, Any], source: IcebergType) -> Callable[[Any], pa.Array]:
    """Return what gives the transformed values of an array of ``source``; each different value is transformed once."""
    function = transform.transform(source)
    kind = schema_to_pyarrow(source) if isinstance(transform, TruncateTransform) else pa.int32()

    def apply(array: pa.Array | pa.ChunkedArray) -> pa.Array:
        values = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        found = {value: function(value) for value in values.unique().to_pylist() if value is not None}
        return pa.array([None if value is None else found[value] for value in values.to_pylist()], kind)

    return apply
