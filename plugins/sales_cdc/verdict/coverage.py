"""Read from a comparison's report which part of the orders was compared when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sales_cdc.contract.rotation import PARTS
from sales_cdc.verdict.lake_reader import Report
from sales_cdc.verdict.words import MANY, moment


@dataclass(frozen=True)
class ReportedCoverage:
    """When each part, from 1, was compared last; ``reads_all``: the newest comparison has read all of them."""

    verified_at: Mapping[int, datetime]
    reads_all: bool

    @property
    def oldest(self) -> datetime:
        return min(self.verified_at.values())

    def in_words(self) -> str:
        """Say when every part was compared.

        >>> at = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
        >>> ReportedCoverage(dict.fromkeys(range(1, 8), at), True).in_words()
        'All orders were compared at 2026-11-20 00:00:00 UTC.'
        """
        if len(set(self.verified_at.values())) == 1:
            return f"All {MANY} were compared at {moment(self.oldest)}."
        times = ", ".join(f"part {part} at {moment(at)}" for part, at in self.verified_at.items())
        return f"All {MANY} were compared, part by part: {times}. Those that changed later were compared again."


def coverage_of(report: Report | None) -> ReportedCoverage | None:
    """Return the coverage that a report names; None when it names none, as those of former versions, which read everything."""
    try:
        found = report.document["coverage"] if report else None
        times = {at: datetime.fromisoformat(each) for at, each in enumerate(found["verified_at"], 1)} if found else {}
        return ReportedCoverage(times, bool(found["reads_all"])) if found and len(times) == PARTS else None
    except (KeyError, TypeError, ValueError):
        return None
