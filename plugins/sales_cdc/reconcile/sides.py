"""Declare what reconciliation needs of the orders table, the curated table and the chain between them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sales_cdc.contract.curated_row import Item, Row
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


class Curated(Protocol):
    """The curated table."""

    @property
    def columns(self) -> Sequence[str]:
        """Return the columns that carry an order's content."""

    def fingerprints(self) -> Iterator[Fingerprint]:
        """Return the id and the fingerprint of every order that is not deleted."""

    def versions(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        """Return the newest curated version of these orders, tombstones included."""


class Chain(Protocol):
    """The delivery chain between the orders table and the curated table."""

    def deliver(self) -> None:
        """Return once every change that was committed before the call has arrived or is lost."""

    def pending(self, order_ids: Collection[str]) -> Mapping[str, Version]:
        """Return the newest change of each of these orders that has arrived but is not curated yet."""
