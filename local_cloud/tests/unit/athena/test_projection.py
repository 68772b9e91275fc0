"""Partitions computed from table properties.

Source: Supported types for partition projection.

Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import pytest

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.catalog.projection import PartitionFilter, projected_partitions
from local_cloud.athena.errors import QueryFailedError


def values(**properties: str) -> list[str]:
    """The projected values of a table's one partition key ``k``; a property's dots are written as underscores."""
    parameters = {f"projection.k.{key.replace('_', '.')}": value for key, value in properties.items()}
    descriptor = {"Columns": [], "Location": "s3://bucket/t"}
    document = {
        "StorageDescriptor": descriptor, "PartitionKeys": [{"Name": "k", "Type": "string"}], "Parameters": parameters,
    }  # fmt: skip
    found = projected_partitions(
        GlueTable("d", "t", document), PartitionFilter(lambda combinations: [True] * len(combinations))
    )
    return [partition.values[0] for partition in found]


def test_dates_precise_to_the_month_step_by_months() -> None:
    assert values(type="date", format="yyyy-MM", range="2024-11,2025-02") == [
        "2024-11",
        "2024-12",
        "2025-01",
        "2025-02",
    ]


def test_dates_precise_to_the_day_step_by_days() -> None:
    assert values(type=" DATE ", format="yyyy/MM/dd", range="2024/02/28,2024/03/01") == [
        "2024/02/28",
        "2024/02/29",
        "2024/03/01",
    ]


def test_each_value_is_one_partition_however_fine_the_step() -> None:
    assert values(type="date", format="yyyy-MM", range="2025-01,2025-02", interval="1", interval_unit="DAYS") == [
        "2025-01",
        "2025-02",
    ]


def test_months_end_where_they_are_too_short() -> None:
    found = values(
        type="date", format="yyyy-MM-dd", range="2025-01-31,2025-04-30", interval="1", interval_unit="MONTHS"
    )
    assert found == ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]


@pytest.mark.parametrize("form", ["yyyy-MM-dd-HH", "yyyy"])
def test_other_dates_need_an_interval(form: str) -> None:
    with pytest.raises(QueryFailedError, match=r"missing projection configuration: \[k\] \(interval"):
        values(type="date", format=form, range="2025,2026")


def test_white_space_is_part_of_an_enum_value() -> None:
    assert values(type="enum", values="a, b") == ["a", " b"]


def test_integers_step_and_have_digits() -> None:
    assert values(type="integer", range="-1, 10", interval="5", digits="2") == ["-1", "04", "09"]
