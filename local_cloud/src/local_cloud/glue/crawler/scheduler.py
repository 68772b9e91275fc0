"""Start scheduled crawlers in the minutes that their cron expressions name."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from local_cloud.glue.crawler.schedule import parse
from local_cloud.wire import ServiceError

logger = logging.getLogger("local_cloud.glue")

LOOK_SECONDS = 1.0


class CrawlScheduler:
    """Looks once a minute. ``scheduled`` yields region, crawler name and expression; ``begin`` starts a crawl."""

    def __init__(
        self, scheduled: Callable[[], Iterable[tuple[str, str, str]]], begin: Callable[[str, str], None]
    ) -> None:
        self._scheduled, self._begin = scheduled, begin
        self._ended = threading.Event()
        self._last_minute = _minute(datetime.now(UTC))

    def start(self) -> None:
        threading.Thread(target=self._follow_clock, name="crawl-scheduler", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def _follow_clock(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.tick(datetime.now(UTC))

    def tick(self, now: datetime) -> None:
        """Start what is due in this minute, once. A crawler that still runs is left alone, as on AWS."""
        minute = _minute(now)
        if minute <= self._last_minute:
            return
        self._last_minute = minute
        for region, name, expression in self._scheduled():
            if parse(expression).matches(minute):
                try:
                    self._begin(region, name)
                except ServiceError as error:
                    logger.info("the scheduled crawl of %s did not start: %s", name, error.message)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
