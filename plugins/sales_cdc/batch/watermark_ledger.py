"""The watermark in the ledger, and the notes of what no gate has passed yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.watermark import DAMAGED, Watermark, hour_of, sound_note

LONGEST_RUN = timedelta(days=1)
"""After which a run of the job that has not noted its end has ended: Glue stops it after an hour."""


@dataclass(frozen=True)
class Note:
    """Hold what a run of the job, or of the redrive, left for the gate; ``ended``: it commits no more."""

    key: str
    document: Mapping[str, Any]
    ended: bool


class WatermarkHook(LandingZoneHook):
    """S3, as the ledger that holds the watermark.

    Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
    """

    def watermark(self) -> Watermark | None:
        """Return the watermark; None when there is none, or when it is damaged or ahead of S3's clock: then everything is asked."""
        try:
            document = self.document(bucket_keys.WATERMARK)
        except ValueError:
            document = None
        found = None if document is None else Watermark.of(document, self.now())
        if found is None:
            self.log.warning("No watermark that can be used is in s3://%s/%s: this run asks everything.", self.bucket, bucket_keys.WATERMARK)  # fmt: skip
        return found

    def notes(self) -> list[Note]:
        """Return the notes that no gate has closed."""
        now, found = self.now(), []
        for key, at in self._keys(bucket_keys.UNCHECKED):
            if (document := self._note(key)) is not None:
                ended = bool(document.get("finished")) or at < now - LONGEST_RUN
                found.append(Note(key, document, ended and not document.get("late")))
        return found

    def _note(self, key: str) -> dict[str, Any] | None:
        """Return a note; None when another gate has closed it meanwhile. A damaged one asks for everything."""
        try:
            document = self.document(key)
        except ValueError:
            return dict(DAMAGED)
        return None if document is None else sound_note(document)

    def raw_table_check(self) -> dict[str, Any] | None:
        """Return what the last check of the raw table noted; None when there is nothing, or it is damaged: then all is looked at."""
        try:
            check = self.document(bucket_keys.RAW_TABLE_CHECK)
        except ValueError:
            check = None
        kinds = {"day": str, "foreign": list, "types": dict, "foreign_types": list}
        known = check if isinstance(check, dict) and {"day", "foreign"} <= check.keys() else {}
        return (
            known if known and all(isinstance(known.get(name, kind()), kind) for name, kind in kinds.items()) else None
        )

    def move(self, watermark: Mapping[str, Any], run_id: str) -> None:
        self.put_json(bucket_keys.WATERMARK, {**watermark, "run_id": run_id})

    def close(self, keys: Iterable[str]) -> None:
        """Delete notes whose contents a gate has passed."""
        for key in keys:
            self.get_conn().delete_object(Bucket=self.bucket, Key=key)


def note_of_late_object(key: str) -> tuple[str, dict[str, Any]]:
    """Return key and content of the note for an object that was stored under an hour of the past: the next run of the job lists it.

    The note is written once the object is stored. If it were written before, a gate could close it before the object is there.
    """
    hour = hour_of(key)
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{bucket_keys.UNCHECKED}late-{name}.json", {"late": True, "hours": [list(hour)] if hour else []}
