"""Write times and numbers as the page shows them. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any


def moment(text: str | None) -> str | None:
    """Return a time of Athena or of a raw object as ISO-8601 in UTC; any other text stays as it is.

    >>> moment("2026-11-25 10:00:00.000 UTC")
    '2026-11-25T10:00:00.000Z'
    """
    if not text:
        return None
    cleaned = text.removesuffix(" UTC").removesuffix("Z").replace(" ", "T")
    try:
        return f"{datetime.fromisoformat(cleaned).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    except ValueError:
        return text


def text_of(value: Any) -> str | None:
    """Return a value as text; a number keeps the digits with which it was written."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
