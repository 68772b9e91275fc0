"""Decide which folders are tables and which are partitions of one.

Sources, AWS Glue: *How does a crawler determine when to create partitions?*, *Creating a single schema for each Amazon S3 include path*,
*Specifying the table location and partitioning level*; *How does the AWS Glue crawler detect the schema?* (similar above 70 %, at most five
different schemas).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local_cloud.glue.crawler.s3_source import S3Object
from local_cloud.glue.schemas.classify import UNKNOWN, Schema
from local_cloud.glue.schemas.column_types import Type, merge_fields

SIMILARITY = 0.7
MAX_CLUSTERS = 5


@dataclass(frozen=True, slots=True)
class Leaf:
    """The objects directly in one folder, with their merged schema. ``path`` ends with a slash, but for a lone object's."""

    path: str
    schema: Schema
    objects: int
    size_bytes: int
    records: int

    @classmethod
    def of(cls, path: str, members: Sequence[tuple[S3Object, Schema]]) -> Leaf:
        records = sum(_estimated_records(found, schema) for found, schema in members)
        return cls(
            path,
            combined([schema for _, schema in members]),
            len(members),
            sum(found.size_bytes for found, _ in members),
            records,
        )


def _estimated_records(found: S3Object, schema: Schema) -> int:
    """Return the records of a whole object, from the part of it that was read."""
    if not schema.records or schema.compression != "none" or schema.record_bytes >= found.size_bytes:
        return schema.records
    return round(found.size_bytes * schema.records / schema.record_bytes)


def combined(schemas: Sequence[Schema]) -> Schema:
    """Merge schemas of the same format: the union of the columns, in order of appearance."""
    columns: dict[str, Type] = {}
    for schema in schemas:
        columns = merge_fields(columns, schema.columns)
    first = schemas[0]
    return Schema(
        first.classification, first.compression, columns, tuple(dict.fromkeys(name for schema in schemas for name in schema.fields)),
        sum(schema.records for schema in schemas), sum(schema.record_bytes for schema in schemas), first.options,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """One table: the folder it begins at, its leaves, and the names of its levels (None: no ``name=value`` folders)."""

    path: str
    leaves: Sequence[Leaf]
    levels: tuple[str | None, ...] = ()

    @property
    def schema(self) -> Schema:
        return combined([leaf.schema for leaf in self.leaves])

    def values(self, leaf: Leaf) -> list[str]:
        """Return the partition values of a leaf: ``value`` of ``name=value``, else the folder's name."""
        folders = leaf.path[len(self.path) :].rstrip("/").split("/")
        return [
            folder.partition("=")[2] if name is not None else folder
            for name, folder in zip(self.levels, folders, strict=True)
        ]

    def partition_keys(self) -> list[str]:
        return [name.lower() if name is not None else f"partition_{i}" for i, name in enumerate(self.levels)]


@dataclass(slots=True)
class _Folder:
    path: str
    children: dict[str, _Folder] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GroupingPolicy:
    """``combine_compatible`` ignores how similar schemas are. ``table_level`` counts folders, the bucket being 1; None lets schemas decide."""

    combine_compatible: bool = False
    table_level: int | None = None


def group(include_path: str, members: Iterable[tuple[S3Object, Schema]], policy: GroupingPolicy) -> list[Group]:
    """Return the tables below an include path (a folder's key in its bucket, with its slash)."""
    root = _tree(include_path, members, policy)
    if policy.table_level is None:
        return [_below_lone_folders(found) for found in _groups(root, policy)]
    depth = policy.table_level - 1
    return [found for folder in _at_depth(root, depth) for found in _groups(folder, policy)]


def _tree(include_path: str, members: Iterable[tuple[S3Object, Schema]], policy: GroupingPolicy) -> _Folder:
    by_folder: dict[str, list[tuple[S3Object, Schema]]] = {}
    for found, schema in members:
        if schema.classification != UNKNOWN:
            by_folder.setdefault(found.folder, []).append((found, schema))
    root = _Folder(include_path)
    for path, content in by_folder.items():
        folder = root
        for name in path[len(include_path) :].split("/")[:-1]:
            folder = folder.children.setdefault(name, _Folder(f"{folder.path}{name}/"))
        folder.leaves = _leaves(path, content, policy)
    return root


def _leaves(path: str, content: Sequence[tuple[S3Object, Schema]], policy: GroupingPolicy) -> list[Leaf]:
    """Return one leaf for a folder whose objects belong together; else one for each object."""
    if _belong_together([schema for _, schema in content], policy):
        return [Leaf.of(path, content)]
    return [Leaf.of(found.key, [(found, schema)]) for found, schema in content]


def _at_depth(folder: _Folder, depth: int) -> Iterable[_Folder]:
    if folder.path.count("/") >= depth or not folder.children:
        return [folder]
    return [found for child in folder.children.values() for found in _at_depth(child, depth)]


def _groups(folder: _Folder, policy: GroupingPolicy) -> list[Group]:
    own = [Group(leaf.path, [leaf]) for leaf in folder.leaves]
    below = [(name, _groups(child, policy)) for name, child in folder.children.items()]
    united = None if own else _united(folder.path, below, policy)
    if united is not None:
        return [united]
    return own + [found for _, groups in below for found in groups]


def _united(path: str, below: Sequence[tuple[str, list[Group]]], policy: GroupingPolicy) -> Group | None:
    """Return the folders as partitions of one table when each is one table itself, of the same shape, and alike."""
    if not below or any(len(groups) != 1 for _, groups in below):
        return None
    groups = [found for _, (found,) in below]
    starts_here = all(found.path == f"{path}{name}/" for name, (found,) in below)
    names = {level_name(name) for name, _ in below}
    if not starts_here or len(names) != 1 or len({found.levels for found in groups}) != 1:
        return None
    if not _belong_together([found.schema for found in groups], policy):
        return None
    return Group(path, [leaf for found in groups for leaf in found.leaves], (names.pop(), *groups[0].levels))


def _below_lone_folders(found: Group) -> Group:
    """Let a table begin below folders that are alone at their level: one plain folder is no partition."""
    while found.levels and found.levels[0] is None and len({found.values(leaf)[0] for leaf in found.leaves}) == 1:
        found = Group(f"{found.path}{found.values(found.leaves[0])[0]}/", found.leaves, found.levels[1:])
    return found


def level_name(folder: str) -> str | None:
    """Return ``name`` of a folder ``name=value``; None for any other."""
    name, separator, _ = folder.partition("=")
    return name if separator and name else None


def _belong_together(schemas: Sequence[Schema], policy: GroupingPolicy) -> bool:
    """Say whether the data is compatible (format, compression, delimiter) and the schemas similar, unless that is ignored."""
    if len({(schema.classification, schema.compression, schema.options.get("field.delim")) for schema in schemas}) > 1:
        return False
    if policy.combine_compatible or policy.table_level is not None:
        return True
    clusters = _clusters([schema.columns for schema in schemas])
    return len(clusters) <= MAX_CLUSTERS and max(clusters.values()) / len(schemas) > SIMILARITY


def _clusters(schemas: Sequence[Mapping[str, Type]]) -> Counter[int]:
    """Count the schemas of each cluster; a schema joins the first that it is similar to."""
    clusters: list[frozenset[str]] = []
    sizes: Counter[int] = Counter()
    for columns in schemas:
        names = frozenset(columns)
        number = next((i for i, known in enumerate(clusters) if _similarity(known, names) > SIMILARITY), len(clusters))
        if number == len(clusters):
            clusters.append(names)
        sizes[number] += 1
    return sizes


def _similarity(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / (len(left | right) or 1)
