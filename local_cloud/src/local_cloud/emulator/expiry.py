"""Time to live: expired items are deleted and their deletes appear in the stream, with DynamoDB as their author.

MiniStack deletes expired items silently, once a minute, those of any age: its thread is given nothing to see. Source: DynamoDB Developer Guide, *Using time to live (TTL)*
and *DynamoDB Streams and Time to Live*: ``userIdentity`` names the service principal.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

AUTHOR = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
REAPER = "dynamodb-ttl-reaper"
FIVE_YEARS_SECONDS = 5 * 365 * 24 * 3600


def blind_reaper(dynamodb: Any) -> None:
    """Let MiniStack's own thread (of ``ministack.services.dynamodb``) find no table with a time to live.

    Raises:
        RuntimeError: there is no such thread any more.
    """
    if REAPER not in {thread.name for thread in threading.enumerate()}:
        raise RuntimeError(
            "MiniStack's TTL reaper moved: local_cloud/emulator/expiry.py was written for version 1.5.33."
        )
    settings: Any = dynamodb._ttl_settings

    class Settings(type(settings)):  # type: ignore[misc]
        __slots__ = ()

        def all_items(self) -> Any:
            return [] if threading.current_thread().name == REAPER else super().all_items()

    settings.__class__ = Settings


class Expiry:
    """Deletes expired items every ``interval_seconds`` (on AWS: within a few days; here at once, so that it can be seen)."""

    def __init__(self, dynamodb: Any, keep: Callable[[], None], *, interval_seconds: float = 1.0) -> None:
        self._dynamodb, self._keep, self._interval_seconds = dynamodb, keep, interval_seconds

    async def run(self) -> None:
        """Look for expired items until cancelled; in the gateway's event loop, where all writes happen."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            if self.expire(time.time()):
                self._keep()

    def expire(self, now: float) -> int:
        """Delete what has expired by ``now`` (epoch seconds); returns how many items that were."""
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
        """Delete one item and sign its stream record; the author has to be there before a reader can see it."""
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
    """Only a Number counts, and only one that is not older than five years."""
    if not value or "N" not in value:
        return False
    at = float(value["N"])
    return now - FIVE_YEARS_SECONDS < at <= now
