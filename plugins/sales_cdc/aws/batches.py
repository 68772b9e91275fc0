"""Cut items into batches that fit into one call. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_batches(
    items: Iterable[T], size_of: Callable[[T], int], max_size: int, max_items: int | None = None
) -> Iterator[list[T]]:
    """Cut items, in their order, into batches of at most ``max_items`` items and ``max_size`` in all.

    An item that is larger than ``max_size`` is a batch of its own.

    >>> list(in_batches(["aa", "b", "cccc", "d"], len, max_size=4, max_items=2))
    [['aa', 'b'], ['cccc'], ['d']]
    """
    batch: list[T] = []
    size = 0
    for item in items:
        length = size_of(item)
        if batch and (len(batch) == max_items or size + length > max_size):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch
