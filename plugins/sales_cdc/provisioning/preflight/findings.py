"""Hold what a check found, and sum findings up as go or no-go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import Refusal, refusal_of


class Level(StrEnum):
    """What a finding means for setup."""

    OK = "ok"
    CREATE = "create"
    """Setup would create this resource."""
    CHANGE = "change"
    """Setup would change or replace this resource."""
    HEED = "heed"
    """Setup works, but somebody has to do something."""
    UNKNOWN = "unknown"
    """It could not be read; it does not stand in the way."""
    STOP = "stop"
    """Setup, or the pipeline after it, would fail."""


@dataclass(frozen=True)
class Finding:
    """Hold one line of the preflight."""

    topic: str
    level: Level
    text: str


@contextmanager
def unknown_if_refused(found: list[Finding], topic: str, what: str) -> Iterator[None]:
    """Turn a refusal of AWS into a finding: what could not be read, and why."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        found.append(Finding(topic, Level.UNKNOWN, f"{what} could not be read: {briefly(refusal_of(error))}."))


def briefly(refusal: Refusal) -> str:
    """Return a refusal's reason as the end of one line; AWS's messages may have several."""
    return " ".join(refusal.reason.split()).rstrip(".")


def is_go(findings: Sequence[Finding]) -> bool:
    return not any(finding.level is Level.STOP for finding in findings)


def verdict(findings: Sequence[Finding]) -> list[str]:
    """Return the last lines of a preflight: go or no-go, each with its reasons.

    Example::

        verdict([Finding("bucket", Level.STOP, "taken")])  # ["NO-GO, for this reason:", "  bucket: taken"]
    """
    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    if not is_go(findings):
        reasons = [f"  {each.topic}: {each.text}" for each in findings if each.level is Level.STOP]
        return [f"NO-GO, for {'this reason' if len(reasons) == 1 else 'these reasons'}:", *reasons]
    rest = [
        f"{count[level]} {what}"
        for level, what in (
            (Level.CREATE, "resources to create"),
            (Level.CHANGE, "to change"),
            (Level.HEED, "to heed"),
            (Level.UNKNOWN, "unknown"),
        )
        if count[level]
    ]
    return [f"GO: nothing found stands in the way ({', '.join(rest) or 'nothing to change'})."]
