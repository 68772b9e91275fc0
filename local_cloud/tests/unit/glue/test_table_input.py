"""Tables and partitions in the catalog's words (Using crawlers to populate the Data Catalog, AWS Glue).

Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
"""

from __future__ import annotations

import pytest

from local_cloud.glue.crawler.grouping import GroupingPolicy, group
from local_cloud.glue.crawler.s3_source import S3Object
from local_cloud.glue.crawler.table_input import inheriting, name_with_hash, partition_input, table_input, table_name
from local_cloud.glue.schemas.classify import classify


@pytest.mark.parametrize(
    ("prefix", "path", "name"),
    [
        ("raw_", "raw/orders/", "raw_orders"),
        ("", "raw/Orders-2026.v1/", "orders_2026_v1"),
        ("", "raw/year=2017/", "year_2017"),
        ("", "raw/data.json", "data_json"),
        ("p_", "", "p_my_bucket"),
        ("", f"{'x' * 200}/", "x" * 128),
    ],
)
def test_a_table_is_named_after_its_folder(prefix: str, path: str, name: str) -> None:
    assert table_name(prefix, "my-bucket", path) == name


def test_a_name_with_a_hash_keeps_the_limit_and_differs_by_location() -> None:
    first, second = (name_with_hash("x" * 128, f"s3://b/{place}/") for place in "ab")
    assert first != second
    assert len(first) == len(second) == 128


def test_a_column_with_the_name_of_a_partition_key_is_left_out_and_partitions_may_inherit() -> None:
    content = b'{"dt": "x", "a": 1}\n'
    members = [
        (S3Object("b", f"in/dt={day}/a.json", len(content)), classify(content, truncated=False, custom=[]))
        for day in (1, 2)
    ]
    (found,) = group("in/", members, GroupingPolicy())
    table = table_input("in", "b", found, "crawler", ["**.csv"])
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["a"]
    assert table["Parameters"]["exclusions"] == '["**.csv"]'
    table["StorageDescriptor"]["Columns"] = [{"Name": "a", "Type": "double"}]
    partition = inheriting(partition_input("b", found, found.leaves[1], "crawler"), table)
    assert partition["Values"] == ["2"]
    assert partition["StorageDescriptor"]["Location"] == "s3://b/in/dt=2/"
    assert partition["StorageDescriptor"]["Columns"] == [{"Name": "a", "Type": "double"}]
    assert partition["StorageDescriptor"]["Parameters"]["objectCount"] == "1"


def test_the_count_of_a_large_object_is_estimated_from_its_beginning() -> None:
    content = b'{"a": 1}\n' * 100
    found = S3Object("b", "in/a.json", len(content) * 10)
    (one,) = group("in/", [(found, classify(content, truncated=True, custom=[]))], GroupingPolicy())
    assert abs(one.leaves[0].records - 1000) <= 15
