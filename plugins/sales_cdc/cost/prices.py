"""Read AWS's list prices, which are in ``prices.json``, each with the page that it is from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

PRICES_FILE = Path(__file__).with_name("prices.json")
REGION = "us-east-1"


@dataclass(frozen=True)
class Price:
    """Hold one list price.

    ``dollars`` is the price of ``each``, which is ``per`` units; ``page`` is AWS's page; ``date`` is when it was read. ``secondary``: it
    was read in a page that quotes AWS's, not in AWS's own.
    """

    dollars: Decimal
    each: str
    per: int
    unit: str
    page: str
    date: str
    secondary: bool = False


def prices_of(region: str) -> tuple[str, Mapping[str, Price]]:
    """Return the region whose prices are used, and its prices by name."""
    document = json.loads(PRICES_FILE.read_text())
    known = region if region in document else REGION
    return known, {
        name: Price(**{**entry, "dollars": Decimal(entry["dollars"])}) for name, entry in document[known].items()
    }


def in_dollars(amount: Decimal) -> str:
    """Format an amount in cents, rounded half up; below ten cents, in hundredths of a cent."""
    cents = amount >= Decimal("0.10") or not amount
    return f"${amount.quantize(Decimal('0.01' if cents else '0.0001'), ROUND_HALF_UP):,}"
