"""Scan of a table in a time that grows with the page, not with the table.

For every page MiniStack sorts the whole table, hashes each of its keys to find a segment's, and compares each with the start
key. Here a table's partition keys are kept sorted, segment by segment, from its first scan on. MiniStack's own scan then sees
the table without its items, and where it cuts its page, the items come from the sorted keys: in its order, in its segments. All
else is its own: checks, size of a page, filter, projection, counts. Scans of an index are left to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from hashlib import sha1
from itertools import islice
from typing import Any

KEYS = "_sorted_keys"  # a member of MiniStack's table, as its own "_index_members"
MOST_SEGMENTATIONS = 4
MOST_UNSORTED = 50_000
Item = dict[str, Any]
Items = dict[str, dict[str, Item]]


def quicken_scans(dynamodb: Any) -> None:
    """Correct ``ministack.services.dynamodb`` in place.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    needed = ("_tables", "_scan", "_paginate_evaluated_items", "_set_item", "_extract_key_val")
    if missing := [name for name in needed if not hasattr(dynamodb, name)]:
        raise RuntimeError(f"MiniStack moved {', '.join(missing)}: scans.py was written for version 1.5.33.")
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
    dynamodb._set_item = telling_new_keys(dynamodb._set_item)


def items_asked_for(request: dict[str, Any], table: dict[str, Any], key_value: Callable[[Any], str]) -> Iterator[Item]:
    """The items of the request's segment, after its start key; no more are read than taken."""
    start = request.get("ExclusiveStartKey") or {}
    items: Iterator[Item] = table[KEYS].items_after(
        key_value(start.get(table["pk_name"])),
        key_value(start.get(table["sk_name"])) if table["sk_name"] else None,
        segment=int(request.get("Segment") or 0),
        total=int(request.get("TotalSegments") or 1),
    )
    return items


def telling_new_keys(set_item: Callable[..., Any]) -> Callable[..., Any]:
    """``set_item``, after which the table's sorted keys, if it has any, know of a new partition key."""

    def set_and_tell(table: dict[str, Any], partition_key: str, sort_key: str, item: Item) -> Any:
        is_new = partition_key not in table["items"]
        old = set_item(table, partition_key, sort_key, item)
        if is_new and (keys := table.get(KEYS)) and not keys.add(partition_key):
            del table[KEYS]
        return old

    return set_and_tell


def keys_of(table: dict[str, Any]) -> SortedKeys:
    """The table's sorted keys: new ones when it has none, or they are of other items, or most of deleted ones."""
    keys = table.get(KEYS)
    if keys is None or not keys.fit(table["items"]):
        keys = table[KEYS] = SortedKeys(table["items"])
    return keys


class SortedKeys:
    """The partition keys of one table, sorted within each segment, for each number of segments that is asked for.

    Takes eight bytes a key and number of segments. The key of a deleted item stays, and is passed over.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self._segmentations: dict[int, dict[int, list[str]]] = {}
        self._added: list[str] = []

    def __deepcopy__(self, _memo: Any) -> None:
        """A copy of the table, such as the one that is saved, sorts its own."""

    def add(self, key: str) -> bool:
        """Whether the key was taken; not when so many came since the last scan that the next one had better sort anew."""
        self._added.append(key)
        return len(self._added) <= MOST_UNSORTED

    def fit(self, items: Items) -> bool:
        """Whether these are the keys of these items, and not mostly of deleted ones."""
        most = 2 * len(items) + MOST_UNSORTED
        return self._items is items and all(
            sum(map(len, segments.values())) <= most for segments in self._segmentations.values()
        )

    def items_after(self, start: str, sort_start: str | None, *, segment: int, total: int) -> Iterator[Item]:
        """The segment's items after the given one, be it there or not; ``sort_start``: None in a table without sort keys."""
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
        """The sorted keys of every segment, those included that were added since the last call."""
        added = set()
        while self._added:
            added.add(self._added.pop())
        for each, segments in self._segmentations.items():
            _merge(segments, _segmented(added, each))
        if total not in self._segmentations:
            if len(self._segmentations) == MOST_SEGMENTATIONS:
                del self._segmentations[next(iter(self._segmentations))]
            self._segmentations[total] = {}
            _merge(self._segmentations[total], _segmented(list(self._items), total))
        return self._segmentations[total]


def _segmented(keys: Iterable[str], total: int) -> dict[int, list[str]]:
    """The keys in the segments that MiniStack's scan would look for them in."""
    if total == 1:
        return {0: list(keys)}
    segments: dict[int, list[str]] = defaultdict(list)
    for key in keys:
        segments[int.from_bytes(sha1(key.encode()).digest()[:4]) % total].append(key)  # noqa: S324 (no secret)
    return segments


def _merge(segments: dict[int, list[str]], added: dict[int, list[str]]) -> None:
    """Sort keys into their segments; a key that is there, since its item was deleted and came back, is there once."""
    for segment, keys in added.items():
        there = segments.setdefault(segment, [])
        there += [key for key in keys if not _holds(there, key)]
        there.sort()


def _holds(there: list[str], key: str) -> bool:
    at = bisect_left(there, key)
    return at < len(there) and there[at] == key
