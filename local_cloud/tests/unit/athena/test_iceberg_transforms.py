"""Partition transforms of whole columns. Iceberg's specification gives the hashes.

Source: https://iceberg.apache.org/spec/#appendix-b-32-bit-hash-requirements
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import (
    DateType,
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from local_cloud.athena.iceberg.transforms import use_own_transforms

BUCKETS = 2**31 - 1
MOMENT = datetime(2017, 11, 16, 22, 31, 8)  # noqa: DTZ001 (Iceberg's timestamp has no zone)


@pytest.mark.parametrize(
    ("kind", "value", "hashed"),
    [
        (IntegerType(), 34, 2017239379),
        (LongType(), 34, 2017239379),
        (DecimalType(9, 2), Decimal("14.20"), -500754589),
        (DateType(), date(2017, 11, 16), -653330422),
        (TimestampType(), MOMENT, -2047944441),
        (TimestamptzType(), MOMENT.replace(tzinfo=UTC), -2047944441),
        (StringType(), "iceberg", 1210000089),
    ],
)
def test_values_are_put_into_the_buckets_of_the_specification(kind: IcebergType, value: Any, hashed: int) -> None:
    use_own_transforms()
    found = BucketTransform(BUCKETS).pyarrow_transform(kind)(pa.chunked_array([[value, None], [value]]))
    assert found.to_pylist() == [(hashed & 0x7FFFFFFF) % BUCKETS, None, (hashed & 0x7FFFFFFF) % BUCKETS]


@pytest.mark.parametrize(
    ("transform", "kind", "value", "transformed"),
    [
        (YearTransform(), TimestampType(), MOMENT, 47),
        (MonthTransform(), DateType(), date(2017, 11, 16), 574),
        (DayTransform(), TimestamptzType(), MOMENT.replace(tzinfo=UTC), 17486),
        (HourTransform(), TimestampType(), MOMENT, 17486 * 24 + 22),
        (TruncateTransform(3), StringType(), "iceberg", "ice"),
        (TruncateTransform(10), IntegerType(), -1, -10),
        (TruncateTransform(50), DecimalType(9, 2), Decimal("10.65"), Decimal("10.50")),
    ],
)
def test_values_are_transformed_and_null_stays_null(
    transform: Transform[Any, Any], kind: IcebergType, value: Any, transformed: Any
) -> None:
    use_own_transforms()
    assert transform.pyarrow_transform(kind)(pa.array([value, None])).to_pylist() == [transformed, None]
