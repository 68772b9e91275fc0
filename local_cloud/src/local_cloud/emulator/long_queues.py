"""Keep a call to an SQS queue from going through all messages that wait in it, several times or once for each that it names.

MiniStack does: of 50,000 messages, it reads and deletes ten in a third of a second, in which it answers nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from local_cloud.emulator.seams import require

Queue = dict[str, Any]
EXPIRY_SECONDS = 1.0
"""How often a queue's messages are looked at for those that have been kept too long; SQS keeps one for a minute at least."""


def patch_long_queues(sqs: Any, clock: Callable[[], float] = time.time) -> None:
    """Replace how MiniStack's SQS takes, expires and deletes messages, with the same answers.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(
        sqs,
        "_HANDLERS",
        "_collect_msgs",
        "_expire_retained",
        "_act_delete_message_batch",
        "_get_q",
        "_validate_batch_entries",
    )
    sqs._collect_msgs = first_visible(sqs._collect_msgs, clock)
    sqs._expire_retained = now_and_then(sqs._expire_retained, clock)
    sqs._HANDLERS["DeleteMessageBatch"] = of_those_named(sqs)


def first_visible(
    collect: Callable[[Queue, int, int], Any], clock: Callable[[], float]
) -> Callable[[Queue, int, int], Any]:
    """Give ``collect`` the first visible messages that it asks for, not all; a FIFO queue's, which have groups, are left to it whole."""

    def collected(queue: Queue, most: int, hidden_seconds: int) -> Any:
        if queue["is_fifo"]:
            return collect(queue, most, hidden_seconds)
        now = clock()
        visible = (one for one in queue["messages"] if one.get("visible_at", 0) <= now)
        return collect(queue | {"messages": list(islice(visible, most))}, most, hidden_seconds)

    return collected


def now_and_then(expire: Callable[[Queue], None], clock: Callable[[], float]) -> Callable[[Queue], None]:
    """Have ``expire`` look through a queue once in ``EXPIRY_SECONDS``."""
    looked: dict[str, float] = {}

    def expired(queue: Queue) -> None:
        name, now = queue["attributes"].get("QueueArn", ""), clock()
        if not 0 <= now - looked.get(name, 0) < EXPIRY_SECONDS:
            looked[name] = now
            expire(queue)

    return expired


def of_those_named(sqs: Any) -> Callable[[dict[str, Any], str], Any]:
    """Have DeleteMessageBatch look for its messages once, from the oldest on; MiniStack answers for those that are not there."""
    delete = sqs._act_delete_message_batch

    def deleted(request: dict[str, Any], url: str) -> Any:
        messages = sqs._get_q(request.get("QueueUrl", url), "sqs:DeleteMessage")["messages"]
        entries = request.get("Entries", [])
        sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
        places = _places(messages, {entry.get("ReceiptHandle") for entry in entries} - {None, ""})
        for place in sorted(places.values(), reverse=True):
            del messages[place]  # in place: another thread may add a message meanwhile
        missing = [entry for entry in entries if entry.get("ReceiptHandle") not in places]
        answer = delete(request | {"Entries": missing}, url) if missing else {"Successful": [], "Failed": []}
        gone = [{"Id": entry.get("Id", "")} for entry in entries if entry.get("ReceiptHandle") in places]
        return answer | {"Successful": gone + answer["Successful"]}

    return deleted


def _places(messages: list[dict[str, Any]], handles: set[str]) -> dict[str, int]:
    """Return where the messages of the handles are."""
    found: dict[str, int] = {}
    for place, one in enumerate(messages):
        if len(found) == len(handles):
            break
        if one.get("receipt_handle") in handles:
            found[one["receipt_handle"]] = place
    return found
