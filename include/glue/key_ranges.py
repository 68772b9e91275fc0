"""Confine a MERGE into the current state: to the files that may hold a batch's orders, and to the rows of these orders.

The files are those whose smallest and largest key leave room for one of them. Keys that rise with time (counters, ULIDs, UUIDs of
version 7) put a day's orders into few files; keys at random are in all of them. Of a batch of few orders only their rows are joined:
otherwise the whole table is sent between the workers, because Spark can broadcast neither side of a MERGE that inserts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from curated_tables import Lake
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (Spark's own abbreviation)
from takings import LAST_CHARACTER, text_literal

PREFIXES = (24, 16, 12, 8, 6, 4, 3, 2, 1)
"""How many characters of a key make a group: the longest that makes no more than ``MAX_GROUPS``."""
MAX_KEYS, SOME_KEYS, MAX_GROUPS, MAX_RANGES = 10_000, 1_000, 5_000, 50
"""``MAX_KEYS``: of how many orders a batch may be for a condition that names each; of more, ``SOME_KEYS`` show whether they are in all files."""
LEAST_LEFT_OUT = 0.1
"""The share of the table's bytes below which the files that are left out are not worth a condition."""

Range = tuple[str, str]


class File(NamedTuple):
    """Hold the smallest and the largest key of a file, which may be wider than they are, and its bytes."""

    first: str
    last: str
    bytes: int


class Confined(NamedTuple):
    """Hold the SQL that a row of the target ``t`` fulfils if it may match.

    ``read_bytes``: of the files that it leaves. ``joined_bytes``: of those whose rows are all joined.
    """

    condition: str
    read_bytes: int
    joined_bytes: int


EVERYTHING = "true"


def confined(lake: Lake, rows: DataFrame, count: int) -> Confined:
    """Return what confines the current state to the orders of ``rows``, and to the files that may hold these.

    There are ``count`` rows, one of each order.

    Whatever the files are when a statement runs, it is true for each key of the rows: an order that another run has put there meanwhile
    is found.
    """
    column = lake.key[0]
    files = key_files(lake, column)
    size = sum(file.bytes for file in files)
    keys, are_few = _first_keys(rows, lake.key, count)
    groups = sorted(zip(keys, keys, strict=True))
    if not are_few:
        if _left(ranges_of(groups, files), files) >= size * (1 - LEAST_LEFT_OUT):
            return Confined(EVERYTHING, size, size)  # some of the orders are in so many files; all are in no fewer
        groups = key_groups(rows, column)
    conditions, left = [], size
    if ranges := ranges_of(groups, files):
        left = _left(ranges, files)
        if left < size * (1 - LEAST_LEFT_OUT):
            conditions.append(_within(column, ranges))
    if are_few:
        conditions.append(f"t.`{column}` IN ({', '.join(map(text_literal, keys)) or 'NULL'})")
    return Confined(" AND ".join(conditions) or EVERYTHING, left if conditions else size, 0 if are_few else left)


def _first_keys(rows: DataFrame, key: Sequence[str], count: int) -> tuple[list[str], bool]:
    """Return the first columns of the rows' keys, and whether these are all; of more than ``MAX_KEYS``, some.

    Of keys in one part there are as many as rows; only those in two have to be counted.
    """
    names = rows.select(key[0]) if len(key) == 1 else rows.select(key[0]).distinct()
    are_many = len(key) == 1 and count > MAX_KEYS
    keys = [row[0] for row in names.limit(SOME_KEYS if are_many else MAX_KEYS + 1).collect()]
    return keys, not are_many and len(keys) <= MAX_KEYS


def _within(column: str, ranges: Sequence[Range]) -> str:
    bounds = (
        f"t.`{column}` >= {text_literal(first)} AND t.`{column}` <= {text_literal(last)}" for first, last in ranges
    )
    return f"({' OR '.join(bounds)})"


def key_files(lake: Lake, column: str) -> list[File]:
    """Return the data files of the current state. One that does not say which keys it has may have any."""
    metrics = f"readable_metrics.`{column}`"
    files = lake.spark.table(f"{lake.name(lake.current)}.files").where("content = 0")
    rows = files.selectExpr(f"{metrics}.lower_bound", f"{metrics}.upper_bound", "file_size_in_bytes").collect()
    return [File(first or "", LAST_CHARACTER if last is None else last, size) for first, last, size in rows]


def key_groups(rows: DataFrame, column: str) -> list[Range]:
    """Return the smallest and the largest key of each group of keys that begin alike, sorted: at most ``MAX_GROUPS``, more or less."""
    counts = [F.approx_count_distinct(F.substring(column, 1, length)).alias(str(length)) for length in PREFIXES]
    found = rows.agg(*counts).collect()[0]
    length = next((length for length in PREFIXES if found[str(length)] <= MAX_GROUPS), 0)
    bounds = rows.groupBy(F.substring(column, 1, length)).agg(F.min(column), F.max(column)).collect()
    return sorted((row[1], row[2]) for row in bounds if row[1] is not None)


def ranges_of(groups: Sequence[Range], files: Sequence[File], limit: int = MAX_RANGES) -> list[Range]:
    """Join the groups of keys where no whole file is between two of them, and where the fewest bytes are, until there are few.

    >>> ranges_of([("a", "b"), ("c", "c"), ("x", "z")], [File("a", "d", 1), File("e", "m", 1), File("w", "z", 1)])
    [('a', 'c'), ('x', 'z')]
    """
    if not groups:
        return []
    between = [0] * len(groups)  # before each group: the bytes of the files that are left out there
    ends = [last for _, last in groups]
    for file in files:
        at = bisect_left(ends, file.first)
        if 0 < at < len(groups) and file.last < groups[at][0]:
            between[at] += file.bytes
    largest = sorted(range(1, len(groups)), key=lambda at: between[at], reverse=True)
    cuts = sorted(at for at in largest[: limit - 1] if between[at])
    begins = [0, *cuts]
    return [(groups[at][0], groups[end - 1][1]) for at, end in zip(begins, [*cuts, len(groups)], strict=True)]


def _left(ranges: Sequence[Range], files: Sequence[File]) -> int:
    """Return the bytes of the files that may hold a key of the ranges."""
    return sum(file.bytes for file in files if _is_hit(file, ranges))


def _is_hit(file: File, ranges: Sequence[Range]) -> bool:
    return any(first <= file.last and file.first <= last for first, last in ranges)
