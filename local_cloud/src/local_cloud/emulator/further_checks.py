"""Check what AWS checks of a request beyond one action on one resource, which is all that MiniStack checks.

* A call on the Glue catalog needs its permission on each resource that it is about (``catalog_resources.py``).
* Tags that are given at creation need the permission to tag as well, on the resource that is created.

Sources: botocore's documentation of ``Tags`` in CreateStream, CreateDeliveryStream, CreateQueue, CreateLogGroup and PutRule, and
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html (tag on create) for the other services.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from local_cloud.emulator.alarm_resources import parameters
from local_cloud.emulator.callers import region_and_account
from local_cloud.emulator.catalog_resources import ACTIONS, catalog_resources
from local_cloud.emulator.requests import Request, Requests
from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Handler

TAGGED_AT_CREATION: Mapping[str, str] = {
    "athena:CreateWorkGroup": "athena:TagResource",
    "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource",
    "dynamodb:CreateTable": "dynamodb:TagResource",
    "events:PutRule": "events:TagResource",
    "firehose:CreateDeliveryStream": "firehose:TagDeliveryStream",
    "glue:CreateCrawler": "glue:TagResource",
    "glue:CreateDatabase": "glue:TagResource",
    "glue:CreateJob": "glue:TagResource",
    "kinesis:CreateStream": "kinesis:AddTagsToStream",
    "lambda:CreateFunction": "lambda:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "pipes:CreatePipe": "pipes:TagResource",
    "sns:CreateTopic": "sns:TagResource",
    "sqs:CreateQueue": "sqs:TagQueue",
}
"""The action that is needed, too, when the request has tags."""
_CHECKED = frozenset(TAGGED_AT_CREATION) | {f"glue:{action}" for action in ACTIONS}
HANDLERS = {"cloudwatch": "monitoring"}
"""MiniStack's name of a service's handler, where it is not that of its IAM actions."""
SERVICES = tuple(sorted({HANDLERS.get(name, name) for name in (each.partition(":")[0] for each in TAGGED_AT_CREATION)}))


class Check(NamedTuple):
    """A permission that a caller needs: an IAM action on a resource."""

    action: str
    resource: str


def further_checks(action: str, resource: str, request: Mapping[str, Any], place: str) -> list[Check]:
    """Return what is needed beside ``action`` on ``resource``, which has been checked already.

    Example: ``further_checks("glue:GetDatabase", catalog, {"Name": "shop"}, "us-east-1:000000000000")``.

    Args:
        action: the IAM action of the request.
        resource: the ARN against which it has been checked.
        request: the body of the request; empty when it is no JSON object.
        place: region and account as they are in an ARN.
    """
    service, _, operation = action.partition(":")
    resources = catalog_resources(operation, request, place) if service == "glue" else []
    checks = [Check(action, each) for each in resources if each != resource]
    if action in TAGGED_AT_CREATION and (request.get("Tags") or request.get("tags")):
        checks.append(Check(TAGGED_AT_CREATION[action], checks[0].resource if checks else resource))
    return checks


def check_further(service: str, handler: Handler, emulator: Any, requests: Requests) -> Handler:
    """Return the handler with the further checks in front of it.

    Args:
        service: one of ``SERVICES``.
        handler: the service's handler.
        emulator: ``ministack.app``.
        requests: reads action and resource of a request.

    Raises:
        SeamMovedError: MiniStack has no such check any more.
    """
    require(emulator, "_enforce_data_plane")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        request = Request(service, method, path, headers, body, query)
        action = requests.action(request)
        if action in _CHECKED:  # others, such as PutRecords, are not parsed again
            place = ":".join(region_and_account())
            for check in further_checks(action, requests.resource(request), parameters(headers, body), place):
                denial: Answer | None = emulator._enforce_data_plane(
                    service, check.action, headers, query, str(uuid.uuid4()), resource_arn=check.resource,
                    named_resource=check.resource,
                )  # fmt: skip
                if denial is not None:
                    return denial
        return await handler(method, path, headers, body, query)

    return handle
