"""Keep every crawl that began, for ``ListCrawls``, ``GetCrawlerMetrics`` and ``LastCrawl``.

Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawls.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawlerMetrics.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_LastCrawlInfo.html
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from local_cloud.store import Store
from local_cloud.wire import Json, ServiceError

LOG_GROUP = "/aws-glue/crawlers"
_STATES = {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED", "FAILED": "FAILED"}
_CHANGES = ("created", "updated", "deleted")
_NO_CHANGES = json.dumps({"TABLE": {}, "PARTITION": {}})


class CrawlHistory:
    """The crawls of all crawlers, kept until their crawler is deleted."""

    def __init__(self, store: Store) -> None:
        self._crawls = store.collection("glue.crawl")

    def began(self, region: str, name: str, crawl_id: str) -> None:
        crawl = {
            "CrawlId": crawl_id, "StartTime": time.time(), "State": "RUNNING", "Summary": _NO_CHANGES, "LogGroup": LOG_GROUP,
            "LogStream": name, "MessagePrefix": crawl_id, "DPUHour": 0.0,
        }  # fmt: skip
        self._crawls.put(_key(region, name, crawl_id), crawl)

    def ended(self, region: str, name: str, crawl_id: str, status: str, reason: str | None, changes: Json) -> Json:
        """Keep the end of a crawl.

        Args:
            status: SUCCEEDED, FAILED or CANCELLED.
            reason: why it failed.
            changes: names of the touched ``tables`` and ``partitions``, by what happened to them.

        Returns:
            The crawler's ``LastCrawl``.
        """
        crawl = self._crawls.get(_key(region, name, crawl_id)) or {"StartTime": time.time()}
        message = {"ErrorMessage": reason} if reason else {}
        summary = json.dumps({"TABLE": changes.get("tables", {}), "PARTITION": changes.get("partitions", {})})
        ended = {**crawl, "State": _STATES[status], "EndTime": time.time(), "Summary": summary, **message}
        self._crawls.put(_key(region, name, crawl_id), ended)
        place = {"LogGroup": LOG_GROUP, "LogStream": name, "MessagePrefix": crawl_id, "StartTime": crawl["StartTime"]}
        return {"Status": status, **place, **message}

    def forget(self, region: str, name: str) -> None:
        for crawl in self.crawls(region, name):
            self._crawls.delete(_key(region, name, crawl["CrawlId"]))

    def crawls(self, region: str, name: str, filters: Sequence[Json] = ()) -> list[Json]:
        """Return the crawls of a crawler that pass all filters, newest first."""
        own = [crawl for key, crawl in self._crawls if key.startswith(_key(region, name, ""))]
        return sorted((c for c in own if all(_passes(c, f) for f in filters)), key=lambda c: -c["StartTime"])

    def metrics(self, region: str, name: str, running_seconds: float | None) -> Json:
        """Return times in seconds; the counts of tables are the sums of all crawls.

        Args:
            running_seconds: for how long the crawler has been running; None when it is not.
        """
        ended = [crawl for crawl in self.crawls(region, name) if "EndTime" in crawl]
        seconds = [crawl["EndTime"] - crawl["StartTime"] for crawl in ended]
        summaries = [json.loads(crawl["Summary"])["TABLE"] for crawl in ended]
        tables = {change: sum(len(one.get(change, [])) for one in summaries) for change in _CHANGES}
        median = statistics.median(seconds) if seconds else 0.0
        return {
            "CrawlerName": name,
            "TimeLeftSeconds": max(0.0, median - running_seconds) if running_seconds is not None else 0.0,
            "StillEstimating": running_seconds is not None and not seconds,
            "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
            "MedianRuntimeSeconds": median,
            "TablesCreated": tables["created"],
            "TablesUpdated": tables["updated"],
            "TablesDeleted": tables["deleted"],
        }


def _key(region: str, name: str, crawl_id: str) -> str:
    return f"{region}/{name}/{crawl_id}"


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda value, wanted: value == wanted,
    "NE": lambda value, wanted: value != wanted,
    "GT": lambda value, wanted: value > wanted,
    "GE": lambda value, wanted: value >= wanted,
    "LT": lambda value, wanted: value < wanted,
    "LE": lambda value, wanted: value <= wanted,
}


def _passes(crawl: Json, condition: Json) -> bool:
    """Say whether a crawl meets one of ListCrawls' filters. Times are given in epoch milliseconds, as text."""
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
    return _OPERATORS[condition["FilterOperator"]](value, _wanted(condition))


def check_filters(filters: Sequence[Json]) -> None:
    """Refuse what cannot be compared.

    Raises:
        ServiceError: ``InvalidInputException``, a filter without its field, operator or value, or a value that is no number.
    """
    for condition in filters:
        missing = [name for name in ("FieldName", "FilterOperator", "FieldValue") if not condition.get(name)]
        if missing:
            raise ServiceError("InvalidInputException", f"A filter of ListCrawls needs {', '.join(missing)}.")
        try:
            _wanted(condition)
        except ValueError as error:
            raise ServiceError(
                "InvalidInputException",
                f"{condition['FieldName']} is compared with a number, not {condition['FieldValue']!r}.",
            ) from error


def _wanted(condition: Json) -> Any:
    value = condition["FieldValue"]
    if condition["FieldName"] in ("START_TIME", "END_TIME"):
        return int(value) / 1000
    return float(value) if condition["FieldName"] == "DPU_HOUR" else value
