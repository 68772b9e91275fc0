"""Read the texts that are partition values, and literals beside them, by the type of the partition key.

A literal is read as its key's type, quoted or not. Source of the types:
https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html; what is refused, and in which words: moto's Glue
(``tests/test_glue/test_partition_filter.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 Glue's timestamps have no zone


class UnreadableError(ValueError):
    """A text is no value of the type that it should have; or the type is none that can be filtered."""


class StoredValueError(ValueError):
    """A partition's own value is no value of its key's type."""


class KeyType:
    """How the values of one partition key are read and compared."""

    def __init__(self, hive_type: str) -> None:
        name = hive_type.lower().partition("(")[0].strip()
        if name not in _READERS:
            raise UnreadableError(f"Unknown type : '{hive_type}'")
        self.family, self.read = _READERS[name]

    def stored(self, text: str | None) -> Any:
        """Return a partition's value; None for NULL.

        Raises:
            StoredValueError: it is no value of the type.
        """
        try:
            return None if text is None else self.read(text)
        except UnreadableError as error:
            raise StoredValueError(str(error)) from error


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise UnreadableError(f'"{text}" is not an integer.') from error


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise UnreadableError(f"{text} is not a decimal.") from error
    if not found.is_finite():
        raise UnreadableError(f"{text} is not a decimal.")
    return found


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 a day has no zone
    except ValueError as error:
        raise UnreadableError(f"{text} is not a date.") from error


def _timestamp(text: str) -> int:
    """Return nanoseconds since 1970."""
    refusal = f"Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff] {text} is not a timestamp."
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise UnreadableError(refusal)
    try:
        seconds = (datetime.fromisoformat(match[1]) - _EPOCH) // timedelta(seconds=1)
    except ValueError as error:
        raise UnreadableError(refusal) from error
    return seconds * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("int", "integer", "bigint", "long", "smallint", "tinyint"), ("Integral", _integer)),
    **dict.fromkeys(("string", "char", "varchar"), ("String", str)),
    "decimal": ("Decimal", _decimal),
    "date": ("Date", _date),
    "timestamp": ("Timestamp", _timestamp),
}
