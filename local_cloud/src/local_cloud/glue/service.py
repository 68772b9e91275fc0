"""Answer the actions of Glue on classifiers, crawlers and jobs. The catalog is MiniStack's."""

from __future__ import annotations

from local_cloud.context import Context
from local_cloud.glue.crawler.classifiers import Classifiers
from local_cloud.glue.crawler.crawlers import Crawlers
from local_cloud.glue.jobs.jobs import Jobs
from local_cloud.glue.jobs.runs import JobRuns
from local_cloud.wire import JsonService, Request, Response


class GlueService(JsonService):
    """Hands each action to the part of Glue that it belongs to, by the resource that the action's name tells."""

    name = "glue"

    def __init__(self, context: Context) -> None:
        self._parts: dict[str, JsonService] = {
            "Classifier": Classifiers(context),
            "Crawl": Crawlers(context),
            "JobRun": JobRuns(context),
            "Job": Jobs(context),
        }

    def handle(self, request: Request) -> Response:
        part = next((part for word, part in self._parts.items() if word in request.action), None)
        return part.handle(request) if part else super().handle(request)

    def start(self) -> None:
        for part in self._parts.values():
            part.start()

    def stop(self) -> None:
        for part in self._parts.values():
            part.stop()
