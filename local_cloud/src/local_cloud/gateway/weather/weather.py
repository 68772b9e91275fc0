"""AWS's first minutes: the fault ``eventual_consistency`` makes what is new behave as it does on AWS, for a number of seconds.

Off by default. It passes by itself, is the same for the same seed, and a new plan of faults ends it at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.emulator.requests import Request, Requests
from local_cloud.gateway.faults import Faults
from local_cloud.gateway.weather.ages import Ages
from local_cloud.gateway.weather.calls import Call
from local_cloud.gateway.weather.refusals import LOG_GROUP_CHANGES, SLOW, changes_bucket, refusal_of, role_name
from local_cloud.gateway.weather.views import TAGS, shown
from local_cloud.wire import Answer, Handler, Json, json_object

SERVICES = ("iam", "sts", "s3", *TAGS)
CREATIONS: Mapping[str, tuple[str, ...]] = {
    "athena": ("CreateWorkGroup",),
    "events": ("PutRule",),
    "glue": ("CreateCrawler", "CreateJob", "CreateDatabase"),
    "logs": ("CreateLogGroup",),
    "sqs": ("CreateQueue",),
    **{service: (slow.creates,) for service, slow in SLOW.items()},
}
"""The operations that make what has tags, by service."""
DELETIONS = frozenset(
    {"DeleteStream", "DeleteTable", "DeleteDeliveryStream", "DeleteFunction", "DeletePipe", "DeleteQueue", "DeleteRule"}
    | {"DeleteLogGroup", "DeleteWorkGroup", "DeleteCrawler", "DeleteJob", "DeleteDatabase", "DeleteBucket"}
)


class Weather:
    """Wrap the handlers of ``SERVICES``.

    Args:
        faults: the current plan.
        requests: reads action and resource of a request.
        now: the clock, in seconds.
    """

    def __init__(self, faults: Faults, requests: Requests, now: Callable[[], float] = time.monotonic) -> None:
        self._requests, self._ages = requests, Ages(faults, now)
        self._old_attributes: dict[str, Json] = {}

    def around(self, service: str, handler: Handler) -> Handler:
        """Return the handler; while the fault is off it is the same."""

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
            if not self._ages.are_kept:
                return await handler(method, path, headers, body, query)
            call = Call.of(self._requests, Request(service, method, path, headers, body, query))
            if (refused := refusal_of(call, self._ages)) is not None:
                return refused
            if call.operation == "SetQueueAttributes":
                await self._keep_attributes(call, handler)
            answered = await handler(method, path, headers, body, query)
            if answered[0] < 300:
                self._note(call)
            return shown(call, answered, self._ages, self._old_attributes)

        return handle

    def _note(self, call: Call) -> None:
        """Note what begins with a call that succeeded."""
        operation, name, note = call.operation, call.name, self._ages.note
        if operation in DELETIONS:
            self._ages.forget(name)
        if operation in CREATIONS.get(call.service, ()):
            note("tags", name)
        if call.service in SLOW and operation == SLOW[call.service].creates:
            note("creating", name)
        if operation == "CreateRole":
            note("role", role_name(name), again=True)
        elif operation == "CreateQueue":
            note("queue", name)
        elif operation == "DeleteQueue":
            note("deleted queue", name)
        elif operation == "SetQueueAttributes":
            note("attributes", name, again=True)
        elif call.service == "logs" and operation in LOG_GROUP_CHANGES:
            note("log group's setting", name, again=True)
        elif call.service == "s3":
            self._note_bucket(call)

    def _note_bucket(self, call: Call) -> None:
        if call.operation == "CreateBucket":
            self._ages.note("bucket", call.name)
        elif call.operation == "DeleteBucket":
            self._ages.note("deleted bucket", call.name, again=True)
        elif changes_bucket(call):
            self._ages.note("bucket's setting", call.name, again=True)

    async def _keep_attributes(self, call: Call, handler: Handler) -> None:
        """Remember the attributes of a queue that the call is about to change, unless older ones are still shown."""
        wanted = call.parameters.get("Attributes") or {}
        if self._ages.is_new("attributes", call.name):
            wanted = {name: None for name in wanted if name not in self._old_attributes.get(call.name, {})}
        else:
            self._old_attributes[call.name] = {}
        _, method, path, headers, _, query = call.request
        target = headers.get("x-amz-target", "").replace("SetQueueAttributes", "GetQueueAttributes")
        body = json.dumps({"QueueUrl": call.parameters.get("QueueUrl"), "AttributeNames": ["All"]}).encode()
        answered = await handler(method, path, {**headers, "x-amz-target": target}, body, query)
        found = json_object(answered[2]).get("Attributes") or {}
        self._old_attributes[call.name] |= {name: found.get(name) for name in wanted}
