"""One call as the rules of the weather see it."""

from __future__ import annotations

from dataclasses import dataclass

from local_cloud.emulator.catalog_resources import catalog_resources
from local_cloud.emulator.requests import Request, Requests
from local_cloud.wire import Json, json_object


@dataclass(frozen=True, slots=True)
class Call:
    """A request, what it does, and to what.

    ``operation`` is the IAM action without its service, ``name`` the ARN of the resource; a bucket's for its objects, too.
    """

    request: Request
    operation: str
    name: str

    @classmethod
    def of(cls, requests: Requests, request: Request) -> Call:
        operation = (requests.action(request) or "").partition(":")[2]
        return cls(request, operation, _name(operation, request, requests.resource(request)))

    @property
    def service(self) -> str:
        return self.request.service

    @property
    def parameters(self) -> Json:
        """Return the body as a JSON object; empty when it is none."""
        return json_object(self.request.body)

    @property
    def is_about_an_object(self) -> bool:
        """Tell whether the request's path has a key of S3."""
        return bool(self.request.path.removeprefix("/").partition("/")[2])


def _name(operation: str, request: Request, resource: str) -> str:
    if request.service == "s3":
        return resource.partition("/")[0]
    if request.service == "logs":
        return resource.removesuffix(":*").partition(":log-stream:")[0]
    if request.service == "glue" and operation.endswith("Database"):
        place = resource.split(":")[3:5]
        return catalog_resources(operation, json_object(request.body), ":".join(place))[1]
    return resource
