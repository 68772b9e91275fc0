"""Compute with texts: their sound, check digits, places and normal forms.

Source: https://trino.io/docs/current/functions/string.html
"""

from __future__ import annotations

import decimal
import unicodedata
from collections.abc import Callable
from typing import Any

from local_cloud.athena.sql.raising import QueryError

_SOUNDS = dict(zip("BFPVCGJKQSXZDTLMNR", "111122222222334556", strict=True))
_SUFFIXES = ("", "K", "M", "B", "T", "Q")


def soundex(text: str) -> str:
    """Return the sound of a word: its first letter and three digits."""
    letters = "".join(letter for letter in text.upper() if letter.isalpha() and letter.isascii())
    if not letters:
        return ""
    found, last = letters[0], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDS.get(letter, "")
        if digit and digit != last:
            found += digit
        if letter not in "HW":
            last = digit
    return (found + "000")[:4]


def luhn(text: str) -> bool:
    """Say whether the last digit is the check digit of the others."""
    if not text:
        return False
    if not (text.isascii() and text.isdigit()):
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Input should contain only digits")
    digits = [int(digit) for digit in reversed(text)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def place(text: str, part: str, instance: int) -> int:
    """Return where the n-th instance of a part is, from 1; from the end if n is negative; 0 if it is nowhere."""
    if instance == 0:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "'instance' must not be a zero value.")
    if not part:
        return 1 if instance > 0 else len(text) + 1
    position = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        position = (
            text.find(part, position + 1) if instance > 0 else text.rfind(part, 0, max(0, position + len(part) - 1))
        )
        if position < 0:
            return 0
    return position + 1


def normalized(text: str, form: str) -> str:
    if form not in {"NFC", "NFD", "NFKC", "NFKD"}:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def short_number(text: str) -> str:
    """Write the whole part of a number with three digits and a suffix for thousands, millions and so on."""
    number = decimal.Decimal(text)
    if not number.is_finite():
        raise QueryError(
            "NOT_SUPPORTED", "format_number of NaN or Infinity is not supported by the local cloud's Athena."
        )
    number, index = decimal.Decimal(int(number)), 0
    while abs(number) >= 1000 and index < len(_SUFFIXES) - 1:
        number, index = number / 1000, index + 1
    digits = 2 if abs(number) < 10 else 1 if abs(number) < 100 else 0
    shown = format(number.quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP), "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + _SUFFIXES[index]


def split_multi(text: str, entries: str, pairs: str) -> list[list[str]]:
    """Return each key of ``split_to_multimap`` with its values."""
    if not entries or not pairs or entries == pairs:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", "entryDelimiter and keyValueDelimiter must not be empty or the same"
        )
    found: dict[str, list[str]] = {}
    for entry in text.removesuffix(entries).split(entries) if text else []:
        parts = entry.split(pairs)
        if len(parts) != 2:
            message = f"Key-value delimiter must appear exactly once in each entry. Bad input: {entry}"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        found.setdefault(parts[0], []).append(parts[1])
    return [[key, *values] for key, values in found.items()]


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_soundex", soundex, ["VARCHAR"], "VARCHAR"),
    ("trino_luhn", luhn, ["VARCHAR"], "BOOLEAN"),
    ("trino_strpos", place, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    ("trino_normalize", normalized, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_short_number", short_number, ["VARCHAR"], "VARCHAR"),
    ("trino_split_multi", split_multi, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR[][]"),
]
