"""Divide the orders table into parts that comparisons read in turn, and say how large a table is read whole each time. Pure.

DynamoDB puts an item into a segment of a parallel scan by a hash of its partition key: for one number of segments always into the same.
A part is eight segments of 56, so parts need no cursor: what is known of a part stays true when others are read again.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

PARTS = 7
SEGMENTS_OF_PART = 8
SEGMENTS = PARTS * SEGMENTS_OF_PART
MAX_WHOLE_ORDERS, MAX_WHOLE_BYTES = 100_000, 64 * 2**20
"""A table of at most so much is read whole by each comparison: 16,384 read units at most, a fifth of a cent."""
WEEK = timedelta(days=7)
OVERDUE = WEEK + timedelta(hours=12)
"""The age at which a part is overdue: a daily batch may be half a day late, as for the comparison itself."""
READ_UNIT_BYTES = 4 * 1024


def segments(parts: Iterable[int]) -> list[int]:
    """Return the segments of these parts.

    >>> segments([1])
    [8, 9, 10, 11, 12, 13, 14, 15]
    """
    return [part * SEGMENTS_OF_PART + place for part in parts for place in range(SEGMENTS_OF_PART)]


def part_of(segment: int) -> int:
    """Return the part to which a segment belongs."""
    return segment // SEGMENTS_OF_PART


def is_small(orders: int, table_bytes: int) -> bool:
    """Return whether a table is read whole each time."""
    return orders <= MAX_WHOLE_ORDERS and table_bytes <= MAX_WHOLE_BYTES


def read_units(size_bytes: int) -> int:
    """Return the read units that consistent reads of so many bytes in a row consume."""
    return -(-size_bytes // READ_UNIT_BYTES)


def compared_units(table_bytes: int, item_bytes: int, changes: int, comparisons: int, days: Decimal) -> int:
    """Return the read units of daily comparisons: a small table whole; else a part a day and each order that changed, at most all."""
    all_of_it = comparisons * read_units(table_bytes)
    if is_small(table_bytes // max(1, item_bytes), table_bytes):
        return all_of_it
    parts = read_units(int(table_bytes * min(days, Decimal(comparisons)) / PARTS))
    return min(all_of_it, parts + changes * max(1, read_units(item_bytes)))


@dataclass(frozen=True)
class TableFacts:
    """What DescribeTable says: the table's own id, and its orders and bytes, which AWS counts every six hours."""

    id: str
    orders: int
    size_bytes: int

    @property
    def is_small(self) -> bool:
        return is_small(self.orders, self.size_bytes)

    @property
    def order_units(self) -> int:
        """Return the read units of one order that is read by its key."""
        return max(1, read_units(self.size_bytes // self.orders)) if self.orders else 1
