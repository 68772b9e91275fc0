"""Match regular expressions of Java's syntax, as far as Python's mean the same.

Source: https://trino.io/docs/current/functions/regexp.html
"""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from local_cloud.athena.sql.raising import QueryError

# What only one of the languages has, or both have with another meaning.
_UNLIKE = re.compile(r"\\[GZXRhHvVN]|\[[^\]]*&&|\[\[|\(\?[a-zA-Z-]*[udxU]|\[:|\(\?[P#(]|\{,")
_FOLDED = re.compile(r"\(\?[a-zA-Z]*i")
_CLASSES = re.compile(r"\\[wWdDsSbB]")


_PROPERTY = re.compile(r"\\([pP])(?:\{\^?(\w+)\}|(\w))")


@lru_cache(maxsize=64)
def _members(name: str) -> str:
    """Return a class's inside for the characters of a general category, such as ``L`` or ``Lu``."""
    found: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(name) and not 0xD800 <= code < 0xE000:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in found)


def _characters(match: re.Match[str]) -> str:
    name = match[2] or match[3]
    before = match.string[: match.start()]
    inside = before.rfind("[") > before.rfind("]")
    if match[1] == "P" or "^" in match[0] or not re.fullmatch("[A-Z][a-z]?", name) or not _members(name):
        raise QueryError(
            "NOT_SUPPORTED", f"The regular expression '{match.string}' is not supported by the local cloud's Athena."
        )
    return _members(name) if inside else f"[{_members(name)}]"


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile the pattern if it means the same in both languages.

    Raises:
        QueryError: it is wrong, or uses what differs.
    """
    pattern = _PROPERTY.sub(_characters, pattern)
    if _UNLIKE.search(pattern):
        raise QueryError(
            "NOT_SUPPORTED", f"The regular expression '{pattern}' is not supported by the local cloud's Athena."
        )
    flags = re.ASCII
    if _FOLDED.search(pattern) and not pattern.isascii():  # Trino's (?i) knows capitals beyond ASCII
        if _CLASSES.search(pattern):
            raise QueryError(
                "NOT_SUPPORTED", f"The regular expression '{pattern}' is not supported by the local cloud's Athena."
            )
        flags = re.UNICODE
    text = pattern.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!").replace("\\z", "\\Z")
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid regular expression '{pattern}': {error}") from error


def like(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


def extract(text: str, pattern: str, group: int) -> str | None:
    match = compiled(pattern).search(text)
    return None if match is None else match[_group(pattern, group)]


def extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    number = _group(pattern, group)
    return [match[number] for match in compiled(pattern).finditer(text)]


def _group(pattern: str, group: int) -> int:
    most = compiled(pattern).groups
    if not 0 <= group <= most:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Pattern has {most} groups. Cannot access group {group}")
    return group


def replaced(text: str, pattern: str, replacement: str) -> str:
    """Replace matches: ``$1`` and ``${name}`` are groups; a backslash takes the next character as it is."""
    expression = compiled(pattern)
    parts = _replacement(pattern, replacement)
    return expression.sub(
        lambda match: "".join(part[0] if isinstance(part, tuple) else match[part] or "" for part in parts), text
    )


@lru_cache(maxsize=256)
def _replacement(pattern: str, replacement: str) -> list[tuple[str] | str | int]:
    """Return the parts of a replacement: texts, each in a tuple, and groups.

    Raises:
        QueryError: a ``$`` or a backslash means nothing, or a group is not there.
    """
    parts: list[tuple[str] | str | int] = []
    position = 0
    while position < len(replacement):
        match = re.compile(r"\\(.)|\$\{(\w+)\}|\$(\d+)|([^\\$]+)", re.DOTALL).match(replacement, position)
        if match is None or (match[2] and match[2] not in compiled(pattern).groupindex):
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: {replacement}")
        position = match.end()
        if match[3]:
            group, length = _number(pattern, match[3])
            parts += [group, (match[3][length:],)]
        else:
            parts.append(match[2] or (match[1] or match[4],))
    return parts


def _number(pattern: str, digits: str) -> tuple[int, int]:
    """Return the group that the digits name, and how many of them do: as many as name an existing group."""
    most = compiled(pattern).groups
    length = 1
    while length < len(digits) and int(digits[: length + 1]) <= most:
        length += 1
    return _group(pattern, int(digits[:length])), length


def split(text: str, pattern: str) -> list[str]:
    parts, end = [], 0
    for match in compiled(pattern).finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
    return [*parts, text[end:]]


def position(text: str, pattern: str, start: int, occurrence: int) -> int:
    """Return where the n-th match from a position on begins, from 1; -1 if there is none."""
    if start < 1 or occurrence < 1:
        what = "start position" if start < 1 else "occurrence"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"{what} cannot be smaller than 1")
    matches = compiled(pattern).finditer(text, start - 1) if start <= len(text) else iter(())
    found = next(itertools.islice(matches, occurrence - 1, None), None)
    return -1 if found is None else found.start() + 1


REGULAR_EXPRESSIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_regexp_like", like, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("trino_regexp_extract", extract, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    ("trino_regexp_extract_all", extract_all, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    ("trino_regexp_replace", replaced, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_regexp_position", position, ["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"], "INTEGER"),
    ("trino_regexp_split", split, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
]
