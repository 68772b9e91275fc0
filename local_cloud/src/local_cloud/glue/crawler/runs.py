"""Run crawls, each in a process of its own, and write their logs to CloudWatch Logs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, cast

from local_cloud.context import Context
from local_cloud.glue.cloudwatch_logs import write_log
from local_cloud.glue.crawler.history import LOG_GROUP, CrawlHistory
from local_cloud.glue.crawler.policy import CrawlerPolicy
from local_cloud.glue.role import PRINCIPAL
from local_cloud.wire import Json

logger = logging.getLogger("local_cloud.glue")

Ended = Callable[[str, str, Json, int], None]


@dataclass(slots=True)
class _Run:
    """One crawl under way; ``process`` is None until it has begun."""

    crawl_id: str
    started: float
    by_events: bool
    process: subprocess.Popen[str] | None = None
    stopped: bool = False
    lines: list[tuple[float, str]] = field(default_factory=list)


class CrawlRuns:
    """Runs crawls. ``ended`` is called with region, crawler name, ``LastCrawl`` and the elapsed milliseconds."""

    def __init__(self, context: Context, history: CrawlHistory, ended: Ended) -> None:
        self._context, self._history, self._ended = context, history, ended
        self._folders = context.store.collection("glue.crawled_folders")
        self._running: dict[tuple[str, str], _Run] = {}
        self._lock = threading.Lock()
        self._idle: subprocess.Popen[str] | None = None

    def begin(self, crawler: Json, classifiers: Sequence[Json]) -> None:
        region, name = crawler["Region"], crawler["Name"]
        run = _Run(str(uuid.uuid4()), time.time(), CrawlerPolicy.of(crawler).by_events)
        self._running[region, name] = run
        self._history.began(region, name, run.crawl_id)
        threading.Thread(target=self._run, args=(crawler, classifiers, run), name=f"crawl-{name}", daemon=True).start()

    def stop(self, region: str, name: str) -> None:
        run = self._running.get((region, name))
        if run is not None:
            run.stopped = True
            if run.process is not None:
                run.process.terminate()

    def stop_all(self) -> None:
        for region, name in list(self._running):
            self.stop(region, name)
        with self._lock:
            if self._idle is not None:
                self._idle.terminate()

    def running_seconds(self, region: str, name: str) -> float | None:
        """Return for how long the crawl has been under way; None when there is none."""
        run = self._running.get((region, name))
        return time.time() - run.started if run else None

    def forget(self, region: str, name: str) -> None:
        self._folders.delete(f"{region}/{name}")

    def list_again(self, region: str, name: str) -> None:
        """Have the next crawl by events list the whole target, as after every change of what a crawl does."""
        key = f"{region}/{name}"
        if known := self._folders.get(key):
            self._folders.put(key, {**known, "is_listed": False})

    def _run(self, crawler: Json, classifiers: Sequence[Json], run: _Run) -> None:
        region, name = crawler["Region"], crawler["Name"]
        try:
            outcome = self._in_process(crawler, classifiers, run)
            refused = self._write_log(crawler, run)
            error = outcome.get("error") or refused
        except Exception as failure:
            logger.exception("the crawl of %s failed", name)
            outcome, error = {}, f"Internal Service Exception: {failure}"
        status = "CANCELLED" if run.stopped else "FAILED" if error else "SUCCEEDED"
        if status == "SUCCEEDED":
            self._folders.put(f"{region}/{name}", {"folders": outcome["result"]["folders"], "is_listed": run.by_events})
        changes = outcome.get("result", {}).get("changes", {})
        last = self._history.ended(region, name, run.crawl_id, status, error if status == "FAILED" else None, changes)
        elapsed = round((time.time() - run.started) * 1000)
        del self._running[region, name]
        self._ended(region, name, last, elapsed)

    def _in_process(self, crawler: Json, classifiers: Sequence[Json], run: _Run) -> Json:
        """Return the last line of the crawl's process: its result or its error."""
        known = self._folders.get(f"{crawler['Region']}/{crawler['Name']}") or {}
        order = {
            "endpoint": self._context.config.endpoint, "region": crawler["Region"], "crawler": crawler,
            "classifiers": list(classifiers), "known_folders": known.get("folders", []),
            "is_listed": known.get("is_listed", False),
        }  # fmt: skip
        process = self._process()
        run.process = process
        if run.stopped:
            process.terminate()
        try:
            stdin = cast(IO[str], process.stdin)
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
        except BrokenPipeError:
            logger.info("the crawl of %s was stopped before it began", crawler["Name"])
        last = self._read(cast(IO[str], process.stdout), run)
        self._release(process, run)
        return last

    def _process(self) -> subprocess.Popen[str]:
        """Return a process that waits for an order: the one of an earlier crawl, or a new one."""
        with self._lock:
            if self._idle is not None:
                process, self._idle = self._idle, None
                if process.poll() is None:
                    return process
                process.communicate()
        command = [sys.executable, "-m", "local_cloud.glue.crawler.process"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _release(self, process: subprocess.Popen[str], run: _Run) -> None:
        """Keep one process for the next crawl."""
        with self._lock:
            if self._idle is None and not run.stopped:
                self._idle = process
                return
        process.terminate()
        process.communicate()

    def _read(self, output: IO[str], run: _Run) -> Json:
        for line in output:
            message: Json = json.loads(line)
            if "log" not in message:
                return message
            run.lines.append((time.time(), message["log"]))
        return {"error": "Internal Service Exception: the crawl ended without a result."}

    def _write_log(self, crawler: Json, run: _Run) -> str | None:
        """Write the log, and return the reason why it could not be written; None when it was."""
        messages = [(at, f"[{run.crawl_id}] {text}") for at, text in run.lines]
        logs = self._context.clients.client("logs", crawler["Role"], region=crawler["Region"], principal=PRINCIPAL)
        return write_log(logs, LOG_GROUP, crawler["Name"], messages)
