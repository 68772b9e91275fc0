"""Crawlers: their definitions, states and schedules (*Crawler API* and *Crawler scheduler API*, AWS Glue)."""

from __future__ import annotations

import threading
import time
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.glue.crawl_runs import CrawlRuns
from local_cloud.glue.crawler_policy import CrawlerPolicy
from local_cloud.glue.resources import Resources, page
from local_cloud.glue.role import PRINCIPAL, role_arn
from local_cloud.glue.schedule import ScheduleError, parse
from local_cloud.services import Context
from local_cloud.wire import Json, JsonService, Request, ServiceError

READY, RUNNING, STOPPING = "READY", "RUNNING", "STOPPING"
_DEFAULTS: Json = {
    "Classifiers": [],
    "TablePrefix": "",
    "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"},
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
    "LakeFormationConfiguration": {"UseLakeFormationCredentials": False, "AccountId": ""},
}
_INTERNAL = ("Region", "Account")


class Crawlers(JsonService):
    """The control plane of crawlers. Every change of state happens under one lock."""

    name = "glue"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.RLock()
        self._crawlers = Resources(context.store, "Crawler")
        self._classifiers = Resources(context.store, "Classifier")
        self._runs = CrawlRuns(context, self._ended)

    def start(self) -> None:
        """A crawl that was under way when the cloud died is over."""
        for region, crawler in self._crawlers.everywhere():
            if crawler["State"] != READY:
                self._runs.mark_interrupted(region, crawler["Name"])
                self._crawlers.put(region, crawler["Name"], {**crawler, "State": READY})

    def stop(self) -> None:
        self._runs.stop_all()

    def create_crawler(self, params: Json, request: Request) -> Json:
        now = time.time()
        tags = params.pop("Tags", {})
        crawler = {
            **_DEFAULTS,
            **_normalised(params, request),
            "State": READY,
            "CrawlElapsedTime": 0,
            "CreationTime": now,
        }
        crawler |= {"LastUpdated": now, "Version": 1, "Region": request.region, "Account": request.account}
        self._check(crawler)
        with self._lock:
            self._crawlers.create(request.region, crawler["Name"], crawler)
        if tags:
            arn = f"arn:aws:glue:{request.region}:{request.account}:crawler/{crawler['Name']}"
            self._context.clients.client("glue", region=request.region).tag_resource(ResourceArn=arn, TagsToAdd=tags)
        return {}

    def update_crawler(self, params: Json, request: Request) -> Json:
        with self._lock:
            crawler = self._idle(request.region, params["Name"], "update")
            changed = {**crawler, **_normalised(params, request, crawler)}
            self._check(changed)
            self._crawlers.put(
                request.region,
                params["Name"],
                {**changed, "LastUpdated": time.time(), "Version": crawler["Version"] + 1},
            )
        return {}

    def delete_crawler(self, params: Json, request: Request) -> Json:
        with self._lock:
            self._idle(request.region, params["Name"], "delete")
            self._crawlers.delete(request.region, params["Name"])
            self._runs.forget(request.region, params["Name"])
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
        return page([self._runs.metrics(request.region, name) for name in found], params, "CrawlerMetricsList")

    def list_crawls(self, params: Json, request: Request) -> Json:
        self._crawlers.get(request.region, params["CrawlerName"])
        crawls = self._runs.history(request.region, params["CrawlerName"], params.get("Filters", []))
        return page(crawls, {"MaxResults": 20, **params}, "Crawls")

    def start_crawler_schedule(self, params: Json, request: Request) -> Json:
        return self._set_schedule_state(params, request, "SCHEDULED")

    def stop_crawler_schedule(self, params: Json, request: Request) -> Json:
        return self._set_schedule_state(params, request, "NOT_SCHEDULED")

    def update_crawler_schedule(self, params: Json, request: Request) -> Json:
        with self._lock:
            crawler = self._crawlers.get(request.region, params["CrawlerName"])
            self._crawlers.put(
                request.region, crawler["Name"], {**crawler, "Schedule": _schedule(params.get("Schedule"))}
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

    def _check(self, crawler: Json) -> None:
        """Refuse what AWS refuses at once: a role that cannot be assumed, an unknown classifier, a policy that contradicts itself."""
        CrawlerPolicy.of(crawler).check()
        for name in crawler["Classifiers"]:
            self._classifiers.get(crawler["Region"], name)
        if not any(crawler["Targets"].get("S3Targets", [])):
            raise ServiceError("InvalidInputException", "The local cloud crawls S3: give Targets.S3Targets.")
        try:
            self._context.clients.client("s3", crawler["Role"], region=crawler["Region"], principal=PRINCIPAL)
        except ClientError as error:
            raise ServiceError(
                "InvalidInputException",
                f"Service is unable to assume provided role {crawler['Role']}. Please verify role's TrustPolicy ({error}).",
            ) from error

    def _ended(self, region: str, name: str, last_crawl: Json, elapsed_milliseconds: int) -> None:
        with self._lock:
            crawler = self._crawlers.find(region, name)
            if crawler is not None:
                ended = {"State": READY, "LastCrawl": last_crawl, "CrawlElapsedTime": elapsed_milliseconds}
                self._crawlers.put(region, name, {**crawler, **ended})

    def _shown(self, crawler: Json) -> Json:
        shown = {key: value for key, value in crawler.items() if key not in _INTERNAL}
        if crawler["State"] != READY:
            shown["CrawlElapsedTime"] = self._runs.elapsed_milliseconds(crawler["Region"], crawler["Name"])
        return shown


def _normalised(params: Json, request: Request, current: Json | None = None) -> Json:
    """The request as a crawler's fields: the role as an ARN, the schedule with its state."""
    fields: dict[str, Any] = {key: value for key, value in params.items() if value is not None}
    if "Role" in fields:
        fields["Role"] = role_arn(fields["Role"], request.account)
    if "Schedule" in fields:
        fields["Schedule"] = _schedule(fields["Schedule"])
    elif current is None:
        fields["Schedule"] = {"ScheduleExpression": "", "State": "NOT_SCHEDULED"}
    if "SchemaChangePolicy" in fields:
        default = (current or _DEFAULTS)["SchemaChangePolicy"]
        fields["SchemaChangePolicy"] = {**default, **fields["SchemaChangePolicy"]}
    return fields


def _schedule(expression: str | None) -> Json:
    if not expression:
        return {"ScheduleExpression": "", "State": "NOT_SCHEDULED"}
    try:
        parse(expression)
    except ScheduleError as error:
        raise ServiceError("InvalidInputException", f"Invalid schedule expression: {error}") from error
    return {"ScheduleExpression": expression, "State": "SCHEDULED"}
