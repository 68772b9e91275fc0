"""What one backfill run did, in the bucket under ``ledger/backfill/<run>/``.

run.json            the mark, the segments, when the run began and what it was forecast to cost
segments/0000.json  how far a segment is: the key after which to go on, and counts
summary.json        counts over all segments; there once every segment has come to its end
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from sales_cdc.aws.ledger_folder import LedgerFolder, json_line
from sales_cdc.contract import bucket_keys

NAMED = 100


@dataclass(frozen=True)
class BackfillHeader:
    """``run.json``. ``items`` and ``dollars`` are the forecast's; times are ISO-8601 UTC."""

    run_id: str
    mark: str
    segments: int
    started_at: str
    items: int
    dollars: Decimal


@dataclass
class Progress:
    """How far one segment is. ``following`` is absent (None) before its first page and when it is ``done``.

    ``touched`` orders carry the run's mark, ``gone`` ones were deleted meanwhile; of those ``too_large`` for a further
    attribute the first hundred are named.
    """

    segment: int
    following: Mapping[str, Any] | None = None
    done: bool = False
    touched: int = 0
    gone: int = 0
    too_large: int = 0
    named: list[str] = field(default_factory=list)


class BackfillLedger(LedgerFolder):
    """The ledger of one backfill run."""

    RUNS = bucket_keys.BACKFILL_RUNS

    def header(self) -> BackfillHeader | None:
        """None while the run was not planned.

        Raises:
            ForeignPlanError: another run's id gives the same folder.
        """
        told = self._own_header()
        return None if told is None else BackfillHeader(**told)

    def begin(self, segments: int, items: int, dollars: Decimal) -> BackfillHeader:
        """Keep what the run is; from here on its segments and its mark stay as they are."""
        header = BackfillHeader(self.run_id, f"backfill/{self.run_id}", segments, self._now(), items, dollars)
        self._put("run.json", json_line(asdict(header)))
        return header

    def progress(self, segment: int) -> Progress:
        """How far an earlier attempt came; the beginning when there was none."""
        told = self._get(_segment(segment))
        return Progress(segment) if told is None else Progress(**told)

    def keep(self, progress: Progress) -> None:
        self._put(_segment(progress.segment), json_line(asdict(progress)))

    def close(self, header: BackfillHeader, segments: list[Progress]) -> dict[str, Any]:
        """Write ``summary.json`` and return it; a closed ledger stays as it is."""
        closed = self._get("summary.json")
        if closed is not None:
            return closed
        summary: dict[str, Any] = {
            "run_id": self.run_id,
            "at": self._now(),
            "started_at": header.started_at,
            "touched": sum(one.touched for one in segments),
            "gone": sum(one.gone for one in segments),
            "too_large": sum(one.too_large for one in segments),
            "named": [order_id for one in segments for order_id in one.named][:NAMED],
        }
        self._put("summary.json", json_line(summary))
        return summary


def _segment(segment: int) -> str:
    return f"segments/{segment:04}.json"
