"""Answer the actions on crawlers: their definitions, states and schedules.

Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawlerSchedule.html"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from functools import partial

from local_cloud import constraints
from local_cloud.context import Context
from local_cloud.glue.crawler.definition import DECIDE_A_CRAWL, DEFAULTS, check, normalised, schedule
from local_cloud.glue.crawler.history import CrawlHistory, check_filters
from local_cloud.glue.crawler.runs import CrawlRuns
from local_cloud.glue.crawler.scheduler import CrawlScheduler
from local_cloud.glue.resources import Resources, page
from local_cloud.glue.tags import Tags
from local_cloud.wire import Json, JsonService, Request, ServiceError

READY, RUNNING, STOPPING = "READY", "RUNNING", "STOPPING"
_INTERNAL = ("Region", "Account")


class Crawlers(JsonService):
    """The control plane of crawlers. Every change of state happens under one lock."""

    name = "glue"
    check = staticmethod(partial(constraints.check, "glue"))

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.RLock()
        self._crawlers = Resources(context.store, "Crawler")
        self._classifiers = Resources(context.store, "Classifier")
        self._tags = Tags(context, "crawler")
        self._history = CrawlHistory(context.store)
        self._runs = CrawlRuns(context, self._history, self._ended)
        self._scheduler = CrawlScheduler(self._scheduled, self.begin)

    def start(self) -> None:
        """Fail a crawl that was under way when the cloud died, and let the schedules run on."""
        for region, crawler in self._crawlers.everywhere():
            if crawler["State"] != READY:
                self._interrupted(region, crawler)
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.stop()
        self._runs.stop_all()

    def tick(self, now: datetime) -> None:
        """Start the crawlers that are due in the minute of ``now``; the clock calls this by itself."""
        self._scheduler.tick(now)

    def create_crawler(self, params: Json, request: Request) -> Json:
        now = time.time()
        tags = params.pop("Tags", {})
        crawler = {
            **DEFAULTS,
            **normalised(params, request),
            "State": READY,
            "CrawlElapsedTime": 0,
            "CreationTime": now,
        }
        crawler |= {"LastUpdated": now, "Version": 1, "Region": request.region, "Account": request.account}
        check(crawler, self._context.clients, self._classifiers)
        with self._lock:
            self._crawlers.create(request.region, crawler["Name"], crawler)
        self._tags.put(request, crawler["Name"], tags)
        return {}

    def update_crawler(self, params: Json, request: Request) -> Json:
        with self._lock:
            crawler = self._idle(request.region, params["Name"], "update")
            changed = {**crawler, **normalised(params, request, crawler)}
            check(changed, self._context.clients, self._classifiers)
            self._crawlers.put(
                request.region,
                params["Name"],
                {**changed, "LastUpdated": time.time(), "Version": crawler["Version"] + 1},
            )
            if any(crawler.get(field) != changed.get(field) for field in DECIDE_A_CRAWL):
                self._runs.list_again(request.region, params["Name"])
        return {}

    def delete_crawler(self, params: Json, request: Request) -> Json:
        with self._lock:
            self._idle(request.region, params["Name"], "delete")
            self._crawlers.delete(request.region, params["Name"])
            self._runs.forget(request.region, params["Name"])
            self._history.forget(request.region, params["Name"])
        self._tags.remove_all(request, params["Name"])
        return {}

    def get_crawler(self, params: Json, request: Request) -> Json:
        return {"Crawler": self._shown(self._crawlers.get(request.region, params["Name"]))}

    def get_crawlers(self, params: Json, request: Request) -> Json:
        return page([self._shown(crawler) for crawler in self._crawlers.all(request.region)], params, "Crawlers")

    def batch_get_crawlers(self, params: Json, request: Request) -> Json:
        found = {name: self._crawlers.find(request.region, name) for name in params["CrawlerNames"]}
        return {
            "Crawlers": [self._shown(crawler) for crawler in found.values() if crawler is not None],
            "CrawlersNotFound": [name for name, crawler in found.items() if crawler is None],
        }

    def list_crawlers(self, params: Json, request: Request) -> Json:
        return page([crawler["Name"] for crawler in self._crawlers.all(request.region)], params, "CrawlerNames")

    def start_crawler(self, params: Json, request: Request) -> Json:
        self.begin(request.region, params["Name"])
        return {}

    def begin(self, region: str, name: str) -> None:
        """Start a crawl, on demand or by schedule.

        Raises:
            ServiceError: ``EntityNotFoundException`` or ``CrawlerRunningException``.
        """
        with self._lock:
            crawler = self._idle(region, name, "start")
            running = {**crawler, "State": RUNNING}
            self._crawlers.put(region, name, running)
            classifiers = [self._classifiers.find(region, classifier) for classifier in crawler["Classifiers"]]
            self._runs.begin(running, [found for found in classifiers if found is not None])

    def stop_crawler(self, params: Json, request: Request) -> Json:
        with self._lock:
            crawler = self._crawlers.get(request.region, params["Name"])
            if crawler["State"] == STOPPING:
                raise ServiceError(
                    "CrawlerStoppingException", f"Crawler with name {params['Name']} is already stopping"
                )
            if crawler["State"] != RUNNING:
                raise ServiceError("CrawlerNotRunningException", f"Crawler with name {params['Name']} isn't running")
            self._crawlers.put(request.region, params["Name"], {**crawler, "State": STOPPING})
            self._runs.stop(request.region, params["Name"])
        return {}

    def get_crawler_metrics(self, params: Json, request: Request) -> Json:
        names = params.get("CrawlerNameList") or [crawler["Name"] for crawler in self._crawlers.all(request.region)]
        found = [name for name in names if self._crawlers.find(request.region, name) is not None]
        region = request.region
        metrics = [self._history.metrics(region, name, self._runs.running_seconds(region, name)) for name in found]
        return page(metrics, params, "CrawlerMetricsList")

    def list_crawls(self, params: Json, request: Request) -> Json:
        self._crawlers.get(request.region, params["CrawlerName"])
        filters = params.get("Filters", [])
        check_filters(filters)
        crawls = self._history.crawls(request.region, params["CrawlerName"], filters)
        return page(crawls, {"MaxResults": 20, **params}, "Crawls")

    def start_crawler_schedule(self, params: Json, request: Request) -> Json:
        return self._set_schedule_state(params, request, "SCHEDULED")

    def stop_crawler_schedule(self, params: Json, request: Request) -> Json:
        return self._set_schedule_state(params, request, "NOT_SCHEDULED")

    def update_crawler_schedule(self, params: Json, request: Request) -> Json:
        with self._lock:
            crawler = self._crawlers.get(request.region, params["CrawlerName"])
            self._crawlers.put(
                request.region, crawler["Name"], {**crawler, "Schedule": schedule(params.get("Schedule"))}
            )
        return {}

    def _set_schedule_state(self, params: Json, request: Request, state: str) -> Json:
        with self._lock:
            crawler = self._crawlers.get(request.region, params["CrawlerName"])
            schedule = crawler.get("Schedule", {})
            if not schedule.get("ScheduleExpression"):
                raise ServiceError("NoScheduleException", f"Crawler {crawler['Name']} has no schedule")
            if schedule["State"] == state:
                code = "SchedulerRunningException" if state == "SCHEDULED" else "SchedulerNotRunningException"
                raise ServiceError(code, f"The schedule of crawler {crawler['Name']} is {state} already")
            self._crawlers.put(request.region, crawler["Name"], {**crawler, "Schedule": {**schedule, "State": state}})
        return {}

    def _idle(self, region: str, name: str, purpose: str) -> Json:
        crawler = self._crawlers.get(region, name)
        if crawler["State"] != READY:
            raise ServiceError(
                "CrawlerRunningException",
                f"Crawler with name {name} is {crawler['State'].lower()}: it cannot be asked to {purpose} now",
            )
        return crawler

    def _ended(self, region: str, name: str, last_crawl: Json, elapsed_milliseconds: int) -> None:
        with self._lock:
            crawler = self._crawlers.find(region, name)
            if crawler is not None:
                ended = {"State": READY, "LastCrawl": last_crawl, "CrawlElapsedTime": elapsed_milliseconds}
                self._crawlers.put(region, name, {**crawler, **ended})

    def _interrupted(self, region: str, crawler: Json) -> None:
        ready = {**crawler, "State": READY}
        for crawl in self._history.crawls(region, crawler["Name"]):
            if crawl["State"] == "RUNNING":
                reason = "The local cloud ended while the crawler ran."
                last = self._history.ended(region, crawler["Name"], crawl["CrawlId"], "FAILED", reason, {})
                ready["LastCrawl"] = last
        self._crawlers.put(region, crawler["Name"], ready)

    def _scheduled(self) -> list[tuple[str, str, str]]:
        return [
            (region, crawler["Name"], crawler["Schedule"]["ScheduleExpression"])
            for region, crawler in self._crawlers.everywhere()
            if crawler["Schedule"]["State"] == "SCHEDULED"
        ]

    def _shown(self, crawler: Json) -> Json:
        shown = {key: value for key, value in crawler.items() if key not in _INTERNAL}
        if crawler["State"] != READY:
            shown["CrawlElapsedTime"] = round(
                (self._runs.running_seconds(crawler["Region"], crawler["Name"]) or 0) * 1000
            )
        return shown
