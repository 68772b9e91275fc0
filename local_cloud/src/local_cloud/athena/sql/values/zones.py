"""Check time zones, by name or offset."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from sqlglot import exp

from local_cloud.athena.errors import QueryFailedError


def checked_zone(name: str) -> str:
    """Return a zone that Trino knows.

    Raises:
        QueryFailedError: Trino knows none of that name.
    """
    if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
        return name
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", f"'{name}' is not a valid time zone") from error


def zone_of(literal: exp.Literal) -> str:
    """Return the zone at the end of a timestamp's text; UTC when there is none."""
    match = re.search(r"[\d.]\s*([+-]\d{2}:\d{2}|[A-Za-z][\w/+-]*)$", literal.this)
    if match is None or match[1].upper() in {"UTC", "Z"}:
        return "UTC"
    return checked_zone(match[1])
