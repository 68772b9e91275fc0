"""Which folders become tables, and which partitions (How does a crawler determine when to create partitions?, AWS Glue).

Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
"""

from __future__ import annotations

from local_cloud.glue.crawler.grouping import GroupingPolicy, group
from local_cloud.glue.crawler.s3_source import S3Object
from local_cloud.glue.schemas.classify import Schema
from local_cloud.glue.schemas.column_types import INT


def found(
    *objects: tuple[str, str], include: str = "in/", classification: str = "json", **policy: object
) -> dict[str, list[str]]:
    """Tables by their path with the paths of their leaves; an object is its key below ``in/`` and its columns, a letter each."""
    members = []
    for key, columns in objects:
        kind = "csv" if key.endswith(".csv") else classification
        schema = Schema(kind, "none", dict.fromkeys(columns, INT), tuple(columns), 1, 10)
        members.append((S3Object("b", f"in/{key}", 10), schema))
    groups = group(include, members, GroupingPolicy(**policy))  # type: ignore[arg-type]
    return {each.path: [leaf.path[len(each.path) :] for leaf in each.leaves] for each in groups}


def test_objects_of_one_folder_are_one_table() -> None:
    assert found(("a.json", "xy"), ("b.json", "xy")) == {"in/": [""]}


def test_objects_of_several_formats_in_one_folder_are_a_table_each() -> None:
    assert found(("a.json", "x"), ("b.csv", "x")) == {"in/a.json": [""], "in/b.csv": [""]}


def test_an_object_that_nothing_recognises_is_in_no_table() -> None:
    assert found(("a.bin", "x"), classification="UNKNOWN") == {}


def test_hive_folders_are_partitions_even_when_there_is_one() -> None:
    assert found(("dt=1/hr=2/a.json", "x")) == {"in/": ["dt=1/hr=2/"]}


def test_a_lone_plain_folder_is_the_table() -> None:
    assert found(("orders/dt=1/a.json", "x")) == {"in/orders/": ["dt=1/"]}


def test_similar_schemas_are_partitions_and_unlike_ones_tables() -> None:
    assert found(("p/a.json", "abcd"), ("q/a.json", "abcde")) == {"in/": ["p/", "q/"]}
    assert found(("p/a.json", "abc"), ("q/a.json", "xyz")) == {"in/p/": [""], "in/q/": [""]}


def test_one_unlike_folder_among_many_stays_a_partition() -> None:
    folders = [(f"d={number}/a.json", "abc") for number in range(9)]
    assert list(found(*folders, ("d=9/a.json", "xyz"))) == ["in/"]


def test_combining_ignores_similarity_but_not_the_format() -> None:
    assert list(found(("p/a.json", "abc"), ("q/a.json", "xyz"), combine_compatible=True)) == ["in/"]
    assert len(found(("p/a.json", "a"), ("q/a.csv", "a"), combine_compatible=True)) == 2


def test_folders_of_unequal_depth_or_unlike_key_names_are_not_combined() -> None:
    assert len(found(("p/a.json", "a"), ("q/r/a.json", "a"))) == 2
    assert len(found(("dt=1/a.json", "a"), ("day=2/a.json", "a"))) == 2


def test_the_table_level_counts_the_bucket_as_one() -> None:
    assert found(("p/x/a.json", "a"), ("q/x/a.json", "a"), table_level=3) == {"in/p/": ["x/"], "in/q/": ["x/"]}
    assert found(("p/x/a.json", "a"), ("q/y/a.json", "b"), table_level=2) == {"in/": ["p/x/", "q/y/"]}
