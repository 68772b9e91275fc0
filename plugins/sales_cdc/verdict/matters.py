"""Hold the matters that are open, each with since when, why, and the one thing to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """How much an open matter takes from the trust in the tables; the greater, the worse."""

    OUTDATED = 1
    """The tables are right as of some time, and do not follow from there."""
    UNKNOWN = 2
    """Something that decides could not be read."""
    BROKEN = 3
    """The tables lack something, hold something else, or get nothing more."""


@dataclass(frozen=True)
class Acknowledgement:
    """Who has seen a matter, when, and up to which evidence; newer evidence opens the matter again."""

    matter: str
    by: str
    at: datetime
    until: datetime
    note: str = ""

    def as_json(self) -> dict[str, str]:
        times = {"at": self.at.isoformat(), "until": self.until.isoformat()}
        return {"matter": self.matter, "by": self.by, "note": self.note, **times}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Acknowledgement:
        """Return the acknowledgement in a document as ``as_json`` writes it."""
        times = {name: datetime.fromisoformat(str(document[name])) for name in ("at", "until")}
        return cls(str(document["matter"]), str(document["by"]), note=str(document.get("note") or ""), **times)


@dataclass(frozen=True)
class Matter:
    """Something open.

    ``since`` is when it began, as far as is known; None: only that it is so now. ``newest`` is the time of its newest evidence; None:
    it is a present state, which can be mended but not acknowledged. ``dag`` is the DAG that mends it, "" when none does. ``link``
    leads to the failed run. ``is_setup`` says that the pipeline is not there at all.
    """

    id: str
    level: Level
    title: str
    reason: str
    remedy: str
    dag: str = ""
    since: datetime | None = None
    newest: datetime | None = None
    link: str = ""
    is_setup: bool = False
    acknowledged: Acknowledgement | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "level": self.level.name.lower(),
            "title": self.title,
            "reason": self.reason,
            "remedy": self.remedy,
            "dag": self.dag,
            "since": iso(self.since),
            "newest": iso(self.newest),
            "link": self.link,
            "acknowledged": self.acknowledged.as_json() if self.acknowledged else None,
        }


def acknowledged(matters: Iterable[Matter], known: Sequence[Acknowledgement]) -> list[Matter]:
    """Return the matters, each with the acknowledgement that covers its newest evidence."""
    by_matter: dict[str, Acknowledgement] = {}
    for each in sorted(known, key=lambda each: each.until):
        by_matter[each.matter] = each
    return [replace(each, acknowledged=_covering(each, by_matter.get(each.id))) for each in matters]


def _covering(matter: Matter, known: Acknowledgement | None) -> Acknowledgement | None:
    if known is None or matter.newest is None or known.until < matter.newest:
        return None
    return known


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
