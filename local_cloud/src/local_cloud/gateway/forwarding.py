"""Requests for services of ours, handed on to the services process."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from local_cloud.emulator.callers import credentials_of, region_and_account
from local_cloud.wire import Answer, Handler

Call = Callable[[dict[str, Any], bytes], Awaitable[Answer]]

# None: every action is ours. A set: these are ours, MiniStack answers the rest.
OWNED: dict[str, frozenset[str] | None] = {
    "pipes": None,
    "firehose": None,
    "athena": None,
    "glue": frozenset(
        f"{verb}{noun}"
        for noun, verbs in {
            "Crawler": ("Create", "Update", "Delete", "Get", "Start", "Stop"),
            "Crawlers": ("Get", "BatchGet", "List"),
            "CrawlerMetrics": ("Get",),
            "CrawlerSchedule": ("Start", "Stop", "Update"),
            "Crawls": ("List",),
            "Job": ("Create", "Update", "Delete", "Get"),
            "Jobs": ("Get", "List", "BatchGet"),
            "JobRun": ("Start", "Get", "BatchStop"),
            "JobRuns": ("Get",),
            "Classifier": ("Create", "Update", "Delete", "Get"),
            "Classifiers": ("Get",),
        }.items()
        for verb in verbs
    ),
}
ACTING_AS_CALLER = frozenset({"athena"})


def forward(service: str, original: Handler, call: Call, *, enforce_iam: bool) -> Handler:
    """Return a handler that sends our actions to ``call``, and the others to MiniStack's ``original``.

    With ``enforce_iam``, a service that acts with its caller's permissions gets the caller's credentials too.
    """
    owned = OWNED[service]

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if owned is not None and action not in owned:
            return await original(method, path, headers, body, query)
        region, account = region_and_account()
        header: dict[str, Any] = {
            "service": service, "method": method, "path": path, "headers": dict(headers), "query": query,
            "region": region, "account": account,
        }  # fmt: skip
        if enforce_iam and service in ACTING_AS_CALLER:
            try:
                header["caller"] = credentials_of(headers, query)
            except PermissionError as error:
                refusal = {"__type": "UnrecognizedClientException", "message": str(error)}
                return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(refusal).encode()
        return await call(header, body)

    return handle
