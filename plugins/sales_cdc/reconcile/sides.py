"""Declare what reconciliation needs of the orders table, the curated table and the chain between them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sales_cdc.contract.curated_row import Item, Row
from sales_cdc.contract.rotation import TableFacts
from sales_cdc.reconcile.fingerprint_join import Fingerprint


@dataclass(frozen=True)
class Version:
    """One state of an order and the change that made it; ``row`` is None when that change was a REMOVE.

    ``position`` orders the changes of an order: the stream's label ("" when unknown), then the sequence number.
    """

    position: tuple[str, str]
    row: Row | None


class Source(Protocol):
    """The orders table."""

    def scan(self) -> Iterator[Item]:
        """Return every item, in any order."""

    def get(self, order_ids: Collection[str]) -> Mapping[str, Item]:
        """Return the items of these orders; an order that the table does not hold is absent."""


class RotatingSource(Source, Protocol):
    """The orders table, of which parts can be read."""

    def scan_parts(self, parts: Collection[int]) -> Iterator[tuple[int, Item]]:
        """Return every item of these parts, each with its part, in any order."""

    def facts(self) -> TableFacts:
        """Return which table it is, and how large."""


class Curated(Protocol):
    """The curated table."""

    @property
    def columns(self) -> Sequence[str]:
        """Return the columns that carry an order's content."""

    def fingerprints(self) -> Iterator[Fingerprint]:
        """Return the id and the fingerprint of every order that is not deleted."""

    def versions(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        """Return the newest curated version of these orders, tombstones included."""


class RotatingCurated(Curated, Protocol):
    """The curated table, of which single orders can be asked for."""

    @property
    def lake(self) -> str | None:
        """Return which change log there is; None when there is none."""

    def hours_taken(self, since: datetime) -> Collection[tuple[str, str]] | None:
        """Return the hours whose raw objects were taken since then; None when that does not say which orders have changed."""

    def changed(self, hours: Collection[tuple[str, str]]) -> Changed:
        """Return the orders with a change in raw objects of these hours."""

    def listed_fingerprints(
        self, asked: Sequence[str], known: Sequence[str], oldest: datetime
    ) -> Iterator[tuple[str, str, bool]]:
        """Return id and fingerprint of every order in the lists that are asked for, and of orphans, with True.

        An orphan is in none of all these lists, and has not changed since the oldest of them was made.
        """


class Changed(Protocol):
    """Orders that have changed; ``count`` of them."""

    count: int

    def __iter__(self) -> Iterator[str]:
        """Return their ids; each call reads them again."""


class Chain(Protocol):
    """The delivery chain between the orders table and the curated table."""

    def deliver(self) -> None:
        """Return once every change that was committed before the call has arrived or is lost."""

    def pending(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        """Return the newest change of each of these orders that has arrived but is not curated yet."""
