"""Crawls under way and their history: each runs in a process of its own, and its log goes to CloudWatch Logs.

Sources, AWS Glue: *ListCrawls*, *GetCrawlerMetrics*, *LastCrawlInfo structure*.
"""

from __future__ import annotations

import json
import logging
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, cast

from local_cloud.glue.cloudwatch_logs import write_log
from local_cloud.glue.role import PRINCIPAL
from local_cloud.services import Context
from local_cloud.wire import Json

logger = logging.getLogger("local_cloud.glue")

LOG_GROUP = "/aws-glue/crawlers"
Ended = Callable[[str, str, Json, int], None]


@dataclass(slots=True)
class _Run:
    """One crawl under way; ``process`` is None until it has begun."""

    crawl_id: str
    started: float
    process: subprocess.Popen[str] | None = None
    stopped: bool = False
    lines: list[tuple[float, str]] = field(default_factory=list)


class CrawlRuns:
    """Runs crawls. ``ended`` is called with region, crawler name, ``LastCrawl`` and the elapsed milliseconds."""

    def __init__(self, context: Context, ended: Ended) -> None:
        self._context, self._ended = context, ended
        self._history = context.store.collection("glue.crawl")
        self._folders = context.store.collection("glue.crawled_folders")
        self._running: dict[tuple[str, str], _Run] = {}

    def begin(self, crawler: Json, classifiers: Sequence[Json]) -> None:
        region, name = crawler["Region"], crawler["Name"]
        run = _Run(str(uuid.uuid4()), time.time())
        self._running[region, name] = run
        self._keep(region, name, run, {"State": "RUNNING", "Summary": "{}"})
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

    def elapsed_milliseconds(self, region: str, name: str) -> int:
        run = self._running.get((region, name))
        return round((time.time() - run.started) * 1000) if run else 0

    def forget(self, region: str, name: str) -> None:
        self._folders.delete(f"{region}/{name}")
        for key, _ in self._of(region, name):
            self._history.delete(key)

    def mark_interrupted(self, region: str, name: str) -> None:
        """The crawls that the end of the cloud cut off have failed."""
        for key, crawl in self._of(region, name):
            if crawl["State"] == "RUNNING":
                reason = "The local cloud ended while the crawler ran."
                self._history.put(key, {**crawl, "State": "FAILED", "ErrorMessage": reason, "EndTime": time.time()})

    def history(self, region: str, name: str, filters: Sequence[Json]) -> list[Json]:
        """The crawls of a crawler, newest first."""
        crawls = [crawl for _, crawl in self._of(region, name)]
        return sorted((c for c in crawls if all(_passes(c, f) for f in filters)), key=lambda c: -c["StartTime"])

    def metrics(self, region: str, name: str) -> Json:
        """*CrawlerMetrics structure*: times in seconds; the counts of tables are those of the last crawl that ended."""
        ended = [crawl for crawl in self.history(region, name, ()) if "EndTime" in crawl]
        seconds = [crawl["EndTime"] - crawl["StartTime"] for crawl in ended]
        tables = json.loads(ended[0]["Summary"]).get("TABLE", {}) if ended else {}
        median = statistics.median(seconds) if seconds else 0.0
        running = (region, name) in self._running
        elapsed = self.elapsed_milliseconds(region, name) / 1000
        return {
            "CrawlerName": name,
            "TimeLeftSeconds": max(0.0, median - elapsed) if running else 0.0,
            "StillEstimating": running and not seconds,
            "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
            "MedianRuntimeSeconds": median,
            "TablesCreated": len(tables.get("created", [])),
            "TablesUpdated": len(tables.get("updated", [])),
            "TablesDeleted": len(tables.get("deleted", [])),
        }

    def _of(self, region: str, name: str) -> list[tuple[str, Json]]:
        return [(key, crawl) for key, crawl in self._history if key.startswith(f"{region}/{name}/")]

    def _keep(self, region: str, name: str, run: _Run, fields: Json) -> None:
        document = {
            "CrawlId": run.crawl_id, "StartTime": run.started, "LogGroup": LOG_GROUP, "LogStream": name,
            "MessagePrefix": run.crawl_id, "DPUHour": 0.0, **fields,
        }  # fmt: skip
        self._history.put(f"{region}/{name}/{run.crawl_id}", document)

    def _run(self, crawler: Json, classifiers: Sequence[Json], run: _Run) -> None:
        region, name = crawler["Region"], crawler["Name"]
        try:
            outcome = self._in_process(crawler, classifiers, run)
            error = self._write_log(crawler, run) or outcome.get("error")
        except Exception as failure:
            logger.exception("the crawl of %s failed", name)
            outcome, error = {}, f"Internal Service Exception: {failure}"
        status = "CANCELLED" if run.stopped else "FAILED" if error else "SUCCEEDED"
        if status == "SUCCEEDED":
            self._folders.put(f"{region}/{name}", {"folders": outcome["result"]["folders"]})
        changes = outcome.get("result", {}).get("changes", {})
        summary = json.dumps({"TABLE": changes.get("tables", {}), "PARTITION": changes.get("partitions", {})})
        reason = {"ErrorMessage": error} if status == "FAILED" else {}
        state = {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED"}.get(status, status)
        self._keep(region, name, run, {"State": state, "EndTime": time.time(), "Summary": summary, **reason})
        last = {
            "Status": status,
            "LogGroup": LOG_GROUP,
            "LogStream": name,
            "MessagePrefix": run.crawl_id,
            "StartTime": run.started,
        }
        elapsed = self.elapsed_milliseconds(region, name)
        del self._running[region, name]
        self._ended(region, name, {**last, **reason}, elapsed)

    def _in_process(self, crawler: Json, classifiers: Sequence[Json], run: _Run) -> Json:
        """The last line of the crawl's process: its result or its error."""
        known = self._folders.get(f"{crawler['Region']}/{crawler['Name']}") or {"folders": []}
        order = {
            "endpoint": self._context.config.endpoint, "region": crawler["Region"], "crawler": crawler,
            "classifiers": list(classifiers), "known_folders": known["folders"],
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "local_cloud.glue.crawl_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        run.process = process
        if run.stopped:
            process.terminate()
        with process:
            try:
                stdin = cast(IO[str], process.stdin)
                stdin.write(json.dumps(order) + "\n")
                stdin.flush()
            except BrokenPipeError:
                logger.info("the crawl of %s was stopped before it began", crawler["Name"])
            return self._read(cast(IO[str], process.stdout), run)

    def _read(self, output: IO[str], run: _Run) -> Json:
        for line in output:
            message: Json = json.loads(line)
            if "log" not in message:
                return message
            run.lines.append((time.time(), message["log"]))
        return {"error": "Internal Service Exception: the crawl ended without a result."}

    def _write_log(self, crawler: Json, run: _Run) -> str | None:
        """The reason why the log could not be written; None when it was."""
        messages = [(at, f"[{run.crawl_id}] {text}") for at, text in run.lines]
        logs = self._context.clients.client("logs", crawler["Role"], region=crawler["Region"], principal=PRINCIPAL)
        return write_log(logs, LOG_GROUP, crawler["Name"], messages)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda value, wanted: value == wanted,
    "NE": lambda value, wanted: value != wanted,
    "GT": lambda value, wanted: value > wanted,
    "GE": lambda value, wanted: value >= wanted,
    "LT": lambda value, wanted: value < wanted,
    "LE": lambda value, wanted: value <= wanted,
}


def _passes(crawl: Json, condition: Json) -> bool:
    """Whether a crawl meets one of ListCrawls' filters; times are given in epoch milliseconds, as text."""
    names = {
        "CRAWL_ID": "CrawlId",
        "STATE": "State",
        "START_TIME": "StartTime",
        "END_TIME": "EndTime",
        "DPU_HOUR": "DPUHour",
    }
    value = crawl.get(names[condition["FieldName"]])
    if value is None:
        return False
    wanted: Any = condition["FieldValue"]
    if condition["FieldName"] in ("START_TIME", "END_TIME"):
        wanted = int(wanted) / 1000
    elif condition["FieldName"] == "DPU_HOUR":
        wanted = float(wanted)
    return _OPERATORS[condition["FilterOperator"]](value, wanted)
