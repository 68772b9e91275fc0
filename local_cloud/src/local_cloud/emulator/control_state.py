"""Save a service's state before a control call that changed it is answered.

MiniStack saves state only when it is stopped; here it survives ``kill -9``. Roles, queues, streams, functions, buckets and
catalog entries are few and small, so each change of one is followed by a save of its service. Objects of S3 are files from the
start, items of DynamoDB are in the journal. Records in Kinesis are saved at a clean stop only. After a crash the pipes read
their source streams again from the start, so that those records are delivered again (``CLEAN_STOP_MARK``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.wire import Answer, Handler

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


def save_changes(service: str, handler: Handler, save: Callable[[str], None]) -> Handler:
    """Return the handler with a save of its service's state after every control call that succeeded."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        answer = await handler(method, path, headers, body, query)
        if answer[0] < 300 and changes_control_state(service, method, path, headers, body, query):
            save(service)  # in the event loop, so that no other write comes first
        return answer

    return handle


def changes_control_state(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> bool:
    """Tell whether a request changes the state of a service, other than items, records and objects."""
    if service == "s3":
        return method in {"PUT", "DELETE", "POST"} and "/" not in path.strip("/") and "delete" not in query
    if service == "lambda":
        return method in {"PUT", "DELETE", "POST"} and not path.endswith("/invocations")
    action = headers.get("x-amz-target", "").rpartition(".")[2] or _form_action(body, query)
    return bool(action) and action not in CARRYING and not READING.match(action)


def _form_action(body: bytes, query: dict[str, Any]) -> str:
    """Return the action of a request in the AWS Query protocol."""
    found = re.search(rb"(?:^|&)Action=(\w+)", body)
    if found:
        return found[1].decode()
    action = query.get("Action", "")
    return action[0] if isinstance(action, list) else str(action)


def take_clean_stop_mark(folder: Path) -> bool:
    """Tell whether the last run ended cleanly, or there was none; remove the mark until this run ends cleanly."""
    mark = folder / CLEAN_STOP_MARK
    clean = mark.exists() or not any(folder.glob("*.json"))
    mark.unlink(missing_ok=True)
    return clean


def leave_clean_stop_mark(folder: Path) -> None:
    """Mark that this run ended cleanly."""
    (folder / CLEAN_STOP_MARK).touch()
