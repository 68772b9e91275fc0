"""Check what a list of orders is filtered by, and turn it into a statement's parameters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.page.entity import ENTITY

STATES = ("standing", "deleted", "rescued")
EVERYTHING = "all"
MONTH, WEEK = timedelta(days=30), timedelta(days=7)
RANGES = {"": WEEK, "month": MONTH, EVERYTHING: None}
"""How far back the changes are that a list reads; a week unless the user asks for more, so that a visit costs the same at any age."""
FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
PAGE_SIZE = 50
MAX_PAGE = 10_000
MAX_TEXT = 2_048  # of a key of DynamoDB, in bytes
PIECE = 500  # a parameter of Athena has at most 1,024 characters, and quotes are doubled


class FilterError(ValueError):
    """A filter cannot be; the message says which would do."""


@dataclass(frozen=True)
class OrderFilter:
    """What a list of orders is filtered by; "" and None let everything through. ``page`` counts from 1.

    ``range``, one of ``RANGES``, says how far back changes are read, if ``since`` does not.
    """

    text: str = ""
    product: str = ""
    type: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    range: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> OrderFilter:
        """Return the filter in a request's query.

        Raises:
            FilterError: a value cannot be.

        Example::

            OrderFilter.of({"q": "laptop", "state": "deleted", "page": "2"})
        """
        page = asked.get("page") or "1"
        if not (page.isascii() and page.isdigit() and 1 <= int(page) <= MAX_PAGE):
            raise FilterError(f"page: a number from 1 to {MAX_PAGE:,}, not {page[:20]}.")
        return cls(
            bounded("q", asked.get("q", "")),
            bounded("product", asked.get("product", "")),
            _one_of("type", asked.get("type", ""), EVENT_TYPES),
            _one_of("state", asked.get("state", ""), STATES),
            moment_of("from", asked.get("from", "")),
            moment_of("until", asked.get("until", "")),
            int(page),
            _one_of("range", asked.get("range", ""), tuple(RANGES)),
        )

    def first_moment(self, now: datetime) -> datetime | None:
        """Return the time from which changes are read; None: all are."""
        back = RANGES[self.range]
        return None if back is None else self.since or first_day(self.until or now, back)

    @property
    def skip(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    def params(self) -> dict[str, Any]:
        """Return the identifiers and numbers that the statement is rendered with."""
        times = {"since": self.since, "until": self.until}
        filters = {
            **{name: len(pieces(text)) for name, text in (("text", self.text), ("product", self.product)) if text},
            **{name: value for name, value in (("type", self.type), ("state", self.state)) if value},
            **{name: texted(at) for name, at in times.items() if at},
        }
        return {"filters": filters, "skip": self.skip, "size": PAGE_SIZE}

    def values(self) -> list[str]:
        """Return the texts for the statement's question marks, in their order."""
        has_title = bool(ENTITY.texts)
        named = [text for text in (self.text, self.product) if text and has_title]
        begins = [self.text] * len(KEYS.columns) if self.text else []
        return [piece for text in (*named, *begins) for piece in pieces(text)]


def first_day(at: datetime, back: timedelta = MONTH) -> datetime:
    """Return the begin of the day, in UTC, so long before a time."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(day, FIRST_MOMENT + back) - back


def texted(at: datetime | None) -> str:
    """Return a time as a statement writes it; "" for none."""
    return at.replace(tzinfo=None).isoformat(" ", "seconds") if at else ""


def pieces(text: str) -> list[str]:
    """Cut a text into pieces that a parameter of Athena takes.

    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
    """
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def bounded(name: str, text: str) -> str:
    """Return a text that DynamoDB could hold in a key, or "".

    Raises:
        FilterError: it is too long, or no text of UTF-8.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise FilterError(f"{name}: a text of UTF-8.") from None
    if size > MAX_TEXT:
        raise FilterError(f"{name}: at most {MAX_TEXT:,} bytes; this has {size:,}.")
    return text


def moment_of(name: str, text: str) -> datetime | None:
    """Return a time as a field of the page writes it, in UTC; None for none.

    Raises:
        FilterError: it is no time.
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FilterError(f"{name}: a time such as 2026-11-25T14:30, not {text[:40]}.") from None


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text and text not in choices:
        raise FilterError(f"{name}: one of {', '.join(filter(None, choices))}, not {text[:40]}.")
    return text
