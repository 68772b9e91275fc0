"""Scan a table in a time that grows with the page, not with the table.

For every page MiniStack sorts the whole table, hashes each key to find those of a segment, and compares each with the start
key. Here the partition keys of a table are kept sorted, segment by segment, from its first scan on. MiniStack's scan gets the
table without its items; where it cuts its page, the items come from the sorted keys, in the same order and segments.
MiniStack still does everything else: checks, page size, filter, projection, counts. Scans of an index are left to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from hashlib import sha1
from itertools import islice
from typing import Any

from local_cloud.emulator.seams import require

KEYS = "_sorted_keys"  # an entry of MiniStack's table, like its own "_index_members"
MAX_SEGMENTATIONS = 4
MAX_UNSORTED = 50_000
Item = dict[str, Any]
Items = dict[str, dict[str, Item]]


def patch_scans(dynamodb: Any) -> None:
    """Replace the scan of ``ministack.services.dynamodb``.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(dynamodb, "_tables", "_scan", "_paginate_evaluated_items", "_set_item", "_extract_key_val")
    scan, paginate, tables = dynamodb._scan, dynamodb._paginate_evaluated_items, dynamodb._tables
    get = type(tables).get
    reading: ContextVar[dict[str, Any] | None] = ContextVar("reading", default=None)

    def scan_in_order(request: dict[str, Any]) -> Any:
        token = reading.set(None if request.get("IndexName") else request)
        try:
            return scan(request)
        finally:
            reading.reset(token)

    class Tables(type(tables)):  # type: ignore[misc]
        __slots__ = ()

        def get(self, key: str, default: Any = None) -> Any:
            table = get(self, key, default)
            return {**table, KEYS: keys_of(table), "items": {}} if reading.get() and table else table

    def paginate_in_order(items: Any, limit: Any, table: dict[str, Any], index_name: str | None = None) -> Any:
        if request := reading.get():
            items = items_asked_for(request, table, dynamodb._extract_key_val)
        return paginate(items, limit, table, index_name)

    tables.__class__ = Tables
    dynamodb._scan, dynamodb._paginate_evaluated_items = scan_in_order, paginate_in_order
    dynamodb._set_item = note_new_keys(dynamodb._set_item)


def items_asked_for(request: dict[str, Any], table: dict[str, Any], key_value: Callable[[Any], str]) -> Iterator[Item]:
    """Yield the items of the request's segment after its start key; only those that are taken are read."""
    start = request.get("ExclusiveStartKey") or {}
    items: Iterator[Item] = table[KEYS].items_after(
        key_value(start.get(table["pk_name"])),
        key_value(start.get(table["sk_name"])) if table["sk_name"] else None,
        segment=int(request.get("Segment") or 0),
        total=int(request.get("TotalSegments") or 1),
    )
    return items


def note_new_keys(set_item: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``set_item`` so that it adds a new partition key to the table's sorted keys."""

    def set_and_note(table: dict[str, Any], partition_key: str, sort_key: str, item: Item) -> Any:
        is_new = partition_key not in table["items"]
        old = set_item(table, partition_key, sort_key, item)
        if is_new and (keys := table.get(KEYS)) and not keys.add(partition_key):
            del table[KEYS]
        return old

    return set_and_note


def keys_of(table: dict[str, Any]) -> SortedKeys:
    """Return the table's sorted keys; make them when there are none, or those there do not fit its items."""
    keys = table.get(KEYS)
    if keys is None or not keys.fit(table["items"]):
        keys = table[KEYS] = SortedKeys(table["items"])
    return keys


class SortedKeys:
    """Keep the partition keys of one table sorted in each segment, for each number of segments.

    A key takes eight bytes for each number of segments. The key of a deleted item stays and is skipped.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self._segmentations: dict[int, dict[int, list[str]]] = {}
        self._added: list[str] = []

    def __deepcopy__(self, _memo: Any) -> None:
        """Leave the keys out of a copy of the table, such as the one that is saved."""

    def add(self, key: str) -> bool:
        """Add a key; return False when so many came since the last scan that the next one should sort all again."""
        self._added.append(key)
        return len(self._added) <= MAX_UNSORTED

    def fit(self, items: Items) -> bool:
        """Tell whether these are the keys of these items, and not mostly keys of deleted items."""
        most = 2 * len(items) + MAX_UNSORTED
        return self._items is items and all(
            sum(map(len, segments.values())) <= most for segments in self._segmentations.values()
        )

    def items_after(self, start: str, sort_start: str | None, *, segment: int, total: int) -> Iterator[Item]:
        """Yield the segment's items after the start key, whether that exists or not.

        ``sort_start`` is None in a table without sort keys.
        """
        keys = self._segments(total).get(segment, [])
        at = bisect_left(keys, start)
        if at < len(keys) and keys[at] == start:
            at += 1
            if sort_start is not None:
                row = self._items.get(start, {})
                yield from (row[sort_key] for sort_key in sorted(row) if sort_key > sort_start)
        for key in islice(keys, at, None):
            if row := self._items.get(key, {}):
                yield from row.values() if len(row) == 1 else (row[sort_key] for sort_key in sorted(row))

    def _segments(self, total: int) -> dict[int, list[str]]:
        """Return the sorted keys of every segment, with those added since the last call."""
        added = set()
        while self._added:
            added.add(self._added.pop())
        for each, segments in self._segmentations.items():
            _merge(segments, _segmented(added, each))
        if total not in self._segmentations:
            if len(self._segmentations) == MAX_SEGMENTATIONS:
                del self._segmentations[next(iter(self._segmentations))]
            self._segmentations[total] = {}
            _merge(self._segmentations[total], _segmented(list(self._items), total))
        return self._segmentations[total]


def _segmented(keys: Iterable[str], total: int) -> dict[int, list[str]]:
    """Divide keys into the segments in which MiniStack's scan would search for them."""
    if total == 1:
        return {0: list(keys)}
    segments: dict[int, list[str]] = defaultdict(list)
    for key in keys:
        segments[int.from_bytes(sha1(key.encode()).digest()[:4]) % total].append(key)  # noqa: S324 (no secret)
    return segments


def _merge(segments: dict[int, list[str]], added: dict[int, list[str]]) -> None:
    """Sort keys into their segments; a key whose item was deleted and written again is not repeated."""
    for segment, keys in added.items():
        there = segments.setdefault(segment, [])
        there += [key for key in keys if not _holds(there, key)]
        there.sort()


def _holds(there: list[str], key: str) -> bool:
    at = bisect_left(there, key)
    return at < len(there) and there[at] == key
