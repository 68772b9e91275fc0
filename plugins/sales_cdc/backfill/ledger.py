"""Keep what one backfill run did, in the bucket under ``ledger/backfill/<run>/``.

run.json            the mark, the segments, when the run began, and the forecast of its cost
segments/0000.json  the progress of a segment: the key after which to continue, and counts
summary.json        counts over all segments; exists once every segment is done
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
    """Hold ``run.json``: ``items`` and ``dollars`` are the forecast's; times are ISO-8601 UTC."""

    run_id: str
    mark: str
    segments: int
    started_at: str
    items: int
    dollars: Decimal


@dataclass
class Progress:
    """Hold the progress of one segment.

    ``following`` is the key after which to continue; None before the first page and when the segment is ``done``. ``touched`` counts
    orders with the run's mark, ``gone`` those deleted meanwhile, ``too_large`` those with no room for one more attribute; ``named``
    has the first hundred of these.
    """

    segment: int
    following: Mapping[str, Any] | None = None
    done: bool = False
    touched: int = 0
    gone: int = 0
    too_large: int = 0
    named: list[str] = field(default_factory=list)


class BackfillLedger(LedgerFolder):
    """Read and write the ledger of one backfill run."""

    RUNS = bucket_keys.BACKFILL_RUNS

    def header(self) -> BackfillHeader | None:
        """Return the run's header; None while it is not planned.

        Raises:
            ForeignPlanError: another run's id gives the same folder.
        """
        document = self._own_header()
        return None if document is None else BackfillHeader(**document)

    def begin(self, segments: int, items: int, dollars: Decimal) -> BackfillHeader:
        """Store the run's header; from then on its segments and its mark never change."""
        header = BackfillHeader(self.run_id, f"backfill/{self.run_id}", segments, self._now(), items, dollars)
        self._put("run.json", json_line(asdict(header)))
        return header

    def progress(self, segment: int) -> Progress:
        """Return the progress of earlier attempts; that of a new segment when there was none."""
        document = self._get(_segment(segment))
        return Progress(segment) if document is None else Progress(**document)

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
