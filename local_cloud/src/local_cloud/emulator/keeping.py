"""Control calls that survive ``kill -9``: a service's state is saved before the call that changed it is answered.

MiniStack saves state only when it is stopped. Roles, queues, streams, functions, buckets and catalog entries are few and
small, so each change of one is followed by a save of its service. Objects of S3 are files from the start, items of
DynamoDB are in the journal. Records that stand in Kinesis are kept at a clean stop only: after a crash the pipes read
their source streams anew (``CLEAN_STOP_MARK``), so that what stood there is delivered again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]

KEPT_SERVICES = ("dynamodb", "iam", "sqs", "lambda", "kinesis", "s3", "glue", "events", "kms", "monitoring")
READING = re.compile(
    r"(Get|List|Describe|Head|BatchGet|Query|Scan|Select|Lookup|Search|Receive|Simulate|Generate|Check)"
)
CARRYING = frozenset(
    {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "TransactGetItems", "ExecuteStatement",
     "BatchExecuteStatement", "ExecuteTransaction", "PutRecord", "PutRecords", "SubscribeToShard", "PutMetricData", "PutEvents",
     "BatchCreatePartition", "TestEventPattern", "ExportTableToPointInTime"}
)  # fmt: skip
CLEAN_STOP_MARK = "stopped-cleanly"


def keeping(service: str, handler: Handler, save: Callable[[str], None]) -> Handler:
    """The same handler, which saves its service's state after every control call that succeeded."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        answer = await handler(method, path, headers, body, query)
        if answer[0] < 300 and changes_control_state(service, method, path, headers, body, query):
            save(service)  # in the event loop, so that no write comes between
        return answer

    return handle


def changes_control_state(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> bool:
    """Whether a request changes what a service keeps, other than items, records and objects."""
    if service == "s3":
        return method in {"PUT", "DELETE", "POST"} and "/" not in path.strip("/") and "delete" not in query
    if service == "lambda":
        return method in {"PUT", "DELETE", "POST"} and not path.endswith("/invocations")
    action = headers.get("x-amz-target", "").rpartition(".")[2] or _form_action(body, query)
    return bool(action) and action not in CARRYING and not READING.match(action)


def _form_action(body: bytes, query: dict[str, Any]) -> str:
    """The action of an AWS Query request."""
    found = re.search(rb"(?:^|&)Action=(\w+)", body)
    if found:
        return found[1].decode()
    action = query.get("Action", "")
    return action[0] if isinstance(action, list) else str(action)


def take_clean_stop_mark(folder: Path) -> bool:
    """Whether the last run ended cleanly, or there was none; the mark is gone until this one does."""
    mark = folder / CLEAN_STOP_MARK
    clean = mark.exists() or not any(folder.glob("*.json"))
    mark.unlink(missing_ok=True)
    return clean


def leave_clean_stop_mark(folder: Path) -> None:
    (folder / CLEAN_STOP_MARK).touch()
