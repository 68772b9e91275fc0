"""Time to live: delete expired items, with a stream record that names DynamoDB as the author of the delete.

MiniStack's own thread deletes expired items of any age once a minute, without a stream record. It is disabled here.
Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html (``userIdentity`` names the
service principal).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.seams import moved, require

AUTHOR = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
REAPER = "dynamodb-ttl-reaper"
FIVE_YEARS_SECONDS = 5 * 365 * 24 * 3600


def disable_ttl_reaper(dynamodb: Any) -> None:
    """Hide the tables with a time to live from MiniStack's own thread, which deletes silently.

    Args:
        dynamodb: ``ministack.services.dynamodb``.

    Raises:
        SeamMovedError: there is no such thread any more.
    """
    require(dynamodb, "_ttl_settings")
    if REAPER not in {thread.name for thread in threading.enumerate()}:
        raise moved(f"no thread is named {REAPER}")
    settings: Any = dynamodb._ttl_settings

    class Settings(type(settings)):  # type: ignore[misc]
        __slots__ = ()

        def all_items(self) -> Any:
            return [] if threading.current_thread().name == REAPER else super().all_items()

    settings.__class__ = Settings


class Expiry:
    """Delete expired items every ``interval_seconds``: AWS takes up to a few days, here a user can watch it happen.

    Args:
        dynamodb: ``ministack.services.dynamodb``.
        keep: called after a deletion, to write it to the journal.
        interval_seconds: the pause between two searches.

    Raises:
        SeamMovedError: MiniStack lacks a function that this calls.
    """

    def __init__(self, dynamodb: Any, keep: Callable[[], None], *, interval_seconds: float = 1.0) -> None:
        require(dynamodb, "_ttl_settings", "_tables", "_build_change_record", "_remove_item", "_emit_stream_event")
        self._dynamodb, self._keep, self._interval_seconds = dynamodb, keep, interval_seconds

    async def run(self) -> None:
        """Search for expired items until cancelled, in the gateway's event loop, where all writes happen."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            if self.expire(time.time()):
                self._keep()

    def expire(self, now: float) -> int:
        """Delete the items that have expired by ``now`` (epoch seconds); return how many."""
        settings = list(self._dynamodb._ttl_settings.all_items())
        return sum(
            self._expire_table(account, region, name, setting["AttributeName"], now)
            for (account, region, name), setting in settings
            if setting.get("TimeToLiveStatus") == "ENABLED" and setting.get("AttributeName")
        )

    def _expire_table(self, account: str, region: str, name: str, attribute: str, now: float) -> int:
        from ministack.core.responses import set_request_account_id, set_request_region

        table = self._dynamodb._tables.get_scoped(account, region, name)
        if table is None:
            return 0
        set_request_account_id(account)
        set_request_region(region)
        expired = [
            (partition_key, sort_key)
            for partition_key, row in table["items"].items()
            for sort_key, item in row.items()
            if _has_expired(item.get(attribute), now)
        ]
        for keys in expired:
            self._delete(name, table, *keys)
        return len(expired)

    def _delete(self, name: str, table: dict[str, Any], partition_key: str, sort_key: str) -> None:
        """Delete one item and name the author in its stream record, before any reader can see the record."""
        build = self._dynamodb._build_change_record

        def build_signed(*args: Any, **more: Any) -> dict[str, Any]:
            return {**build(*args, **more), "userIdentity": dict(AUTHOR)}

        old = self._dynamodb._remove_item(table, partition_key, sort_key)
        self._dynamodb._build_change_record = build_signed
        try:
            self._dynamodb._emit_stream_event(name, "REMOVE", old, None)
        finally:
            self._dynamodb._build_change_record = build


def _has_expired(value: dict[str, str] | None, now: float) -> bool:
    """Tell whether a time to live has passed: only a Number counts, and only one that is at most five years old."""
    if not value or "N" not in value:
        return False
    at = float(value["N"])
    return now - FIVE_YEARS_SECONDS < at <= now
