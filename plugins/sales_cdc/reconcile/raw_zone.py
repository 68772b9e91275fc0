"""Read the raw changes that have arrived, and the reports of earlier runs, in the bucket."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from sales_cdc.aws.landing_zone import PARALLEL_READS, LandingZoneHook
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.curated_row import event_row
from sales_cdc.contract.lines import is_change_event, position_of
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.contract.watermark import DAMAGED, Watermark, sound_note
from sales_cdc.reconcile.sides import Version


class RawZoneHook(LandingZoneHook):
    """S3, as the raw zone and the ledger of one bucket.

    Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    def open_folders(self, lake: str | None) -> list[str] | None:
        """Return the folders whose objects the job may not have taken; None when these may be all.

        Args:
            lake: which change log the job has made; the watermark of another one says nothing of it.
        """
        try:
            watermark = Watermark.of(self.document(bucket_keys.WATERMARK), self.now())
            notes = [sound_note(self.document(key) or {}) for key in self.keys(bucket_keys.UNCHECKED)]
        except ValueError:
            return None
        if watermark is None or watermark.lake != lake or DAMAGED in notes:
            return None
        folders, keys = self.level(bucket_keys.RAW_PREFIX)
        late = {(day, hour) for note in notes for day, hour in note.get("hours", [])}
        return [*keys, *watermark.to_list(folders, late)]

    def objects(self, prefixes: Iterable[str] = (bucket_keys.RAW_PREFIX,)) -> set[tuple[str, str]]:
        """Return the key and the ETag of every raw object under these prefixes."""
        listing = self.get_conn().get_paginator("list_objects_v2")
        pages = (page for each in prefixes for page in listing.paginate(Bucket=self.bucket, Prefix=each))
        return {(found["Key"], found["ETag"]) for page in pages for found in page.get("Contents", [])}

    def latest(self, keys: Iterable[str], order_ids: Collection[str]) -> dict[str, Version]:
        """Return the newest change of each of these orders in these objects; an order without one is absent."""
        wanted, latest = set(order_ids), dict[str, Version]()
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for lines in pool.map(self._lines, list(keys)):
                for event in lines:
                    if is_change_event(event) and KEYS.of_event(event) in wanted:
                        _keep_newest(latest, event)
        return latest

    def newest_key(self, prefix: str) -> str | None:
        """Return the key of the object that was stored last under the prefix; None when there is none."""
        return max(((at, key) for key, at in self._keys(prefix)), default=(None, None))[1]

    def stored_at(self, key: str) -> datetime | None:
        """Return when the object was stored; None when there is no such object."""
        return next((at for found, at in self._keys(key) if found == key), None)

    def report(self, key: str) -> dict[str, Any]:
        """Return a JSON object of the ledger.

        Raises:
            botocore.exceptions.ClientError: there is no such object (``NoSuchKey``), or it may not be read.
        """
        return self._documents([key])[0]


def _keep_newest(latest: dict[str, Version], event: Mapping[str, Any]) -> None:
    order_id, position = KEYS.of_event(event), position_of(event)
    if order_id not in latest or latest[order_id].position < position:
        latest[order_id] = Version(position, None if event["event_type"] == "REMOVE" else event_row(event))
