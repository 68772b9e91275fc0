"""Add new folders to tables that are known already.

Source: https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_cloud.glue.crawler.grouping import Group, Leaf, level_name
from local_cloud.glue.crawler.s3_source import S3Object
from local_cloud.glue.schemas.classify import UNKNOWN, Schema

Member = tuple[S3Object, Schema]


def attach(members: Sequence[Member], tables: Iterable[Mapping[str, Any]]) -> tuple[list[Group], list[Member]]:
    """Return new partitions of existing tables, and the objects that belong to none of these."""
    partitioned = [table for table in tables if table.get("PartitionKeys")]
    leaves: dict[str, list[Leaf]] = {}
    rest: list[Member] = []
    for (bucket, folder), content in _by_folder(members).items():
        root = next((root for table in partitioned if (root := _root(table, bucket, folder)) is not None), None)
        if root is None:
            rest += content
        elif recognised := [member for member in content if member[1].classification != UNKNOWN]:
            leaves.setdefault(root, []).append(Leaf.of(folder, recognised))
    return [Group(root, found, _levels(root, found[0])) for root, found in leaves.items()], rest


def _by_folder(members: Sequence[Member]) -> dict[tuple[str, str], list[Member]]:
    folders: dict[tuple[str, str], list[Member]] = {}
    for found, schema in members:
        folders.setdefault((found.bucket, found.folder), []).append((found, schema))
    return folders


def _root(table: Mapping[str, Any], bucket: str, folder: str) -> str | None:
    """Return the table's folder if ``folder`` is as deep below it as the table has partition keys."""
    prefix = f"s3://{bucket}/"
    location = str(table.get("StorageDescriptor", {}).get("Location", ""))
    root = location[len(prefix) :].rstrip("/") + "/" if location.startswith(prefix) else ""
    below = folder[len(root) :].count("/")
    return root if root and folder.startswith(root) and below == len(table["PartitionKeys"]) else None


def _levels(root: str, leaf: Leaf) -> tuple[str | None, ...]:
    return tuple(map(level_name, leaf.path[len(root) :].rstrip("/").split("/")))
