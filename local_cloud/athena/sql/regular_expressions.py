"""Regular expressions: Java's syntax, as far as Python's means the same.

Source: Trino documentation, *Regular expression functions*.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from local_cloud.athena.sql.raising import QueryError

_UNLIKE = re.compile(r"\\[pPGZXRhHvV]|\[[^\]]*&&|\[\[|\(\?[a-zA-Z-]*[udxU]|\[:")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, if it means the same in both languages.

    Raises:
        QueryError: it is wrong, or uses what differs.
    """
    if _UNLIKE.search(pattern):
        raise QueryError(
            "NOT_SUPPORTED", f"The regular expression '{pattern}' is not supported by the local cloud's Athena."
        )
    text = pattern.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!").replace("\\z", "\\Z")
    try:
        return re.compile(text, re.ASCII)
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
    """``$1`` and ``${name}`` are groups; a backslash takes the next character as it is."""
    expression = compiled(pattern)

    def filled(match: re.Match[str]) -> str:
        return re.sub(
            r"\\(.)|\$\{(\w+)\}|\$(\d+)",
            lambda part: part[1] or match[part[2] or _number(pattern, part[3])] or "",
            replacement,
        )

    return expression.sub(filled, text)


def _number(pattern: str, text: str) -> int:
    """As many digits as name a group that is there, as Java reads them."""
    return _group(pattern, int(text))


def split(text: str, pattern: str) -> list[str]:
    parts, end = [], 0
    for match in compiled(pattern).finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
    return [*parts, text[end:]]


REGULAR_EXPRESSIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_regexp_like", like, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("trino_regexp_extract", extract, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    ("trino_regexp_extract_all", extract_all, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    ("trino_regexp_replace", replaced, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_regexp_split", split, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
]
