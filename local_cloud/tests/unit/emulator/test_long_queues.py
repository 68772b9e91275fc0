"""SQS answers as MiniStack's own functions do, whatever waits in the queue, and looks at few messages for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import sqs

from local_cloud.emulator.long_queues import first_visible, now_and_then, of_those_named


@pytest.fixture
def queue() -> Iterator[dict[str, Any]]:
    sqs._act_create_queue({"QueueName": "long"}, "")
    yield sqs._get_q("long")
    sqs._act_delete_queue({"QueueUrl": "long"}, "")


def send(count: int) -> None:
    for number in range(count):
        sqs._act_send_message({"QueueUrl": "long", "MessageBody": str(number)}, "")


def receive(most: int = 10) -> list[dict[str, Any]]:
    answer = asyncio.run(sqs._act_receive_message({"QueueUrl": "long", "MaxNumberOfMessages": most}, ""))
    return list(answer.get("Messages", []))


def delete(handles: list[str]) -> dict[str, Any]:
    entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
    return dict(of_those_named(sqs)({"QueueUrl": "long", "Entries": entries}, ""))


def test_messages_are_taken_in_their_order_and_stay_hidden(
    queue: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqs, "_collect_msgs", first_visible(sqs._collect_msgs, sqs.time.time))
    send(25)
    assert [[one["Body"] for one in receive()] for _ in range(4)] == [
        [str(number) for number in range(first, min(first + 10, 25))] for first in (0, 10, 20, 30)
    ]
    assert [one["receive_count"] for one in queue["messages"]] == [1] * 25


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_deletes_what_it_names_and_says_what_it_did_not_find(queue: dict[str, Any], seed: int) -> None:
    random_choice = random.Random(seed)
    send(30)
    handles = [one["ReceiptHandle"] for _ in range(2) for one in receive()]
    named = [*random_choice.sample(handles, 6), "of-another-message"]
    random_choice.shuffle(named)
    answer = delete(named)
    unknown = named.index("of-another-message")
    assert {one["Id"] for one in answer["Successful"]} == {str(number) for number in range(7)} - {str(unknown)}
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [(str(unknown), "ReceiptHandleIsInvalid")]
    assert {one["receipt_handle"] for one in queue["messages"]} == set(handles) - set(named) | {None}
    assert len(queue["messages"]) == 24


def test_an_empty_batch_is_refused_as_before(queue: dict[str, Any]) -> None:
    with pytest.raises(sqs._Err, match="at least one DeleteMessageBatchRequestEntry"):
        delete([])


def test_a_queue_is_searched_for_old_messages_once_a_second() -> None:
    searched: list[str] = []
    now = [100.0]
    expire = now_and_then(lambda queue: searched.append(queue["attributes"]["QueueArn"]), lambda: now[0])
    for moment, name in ((100.0, "a"), (100.5, "a"), (100.5, "b"), (101.1, "a"), (90.0, "a")):
        now[0] = moment
        expire({"attributes": {"QueueArn": name}})
    assert searched == ["a", "b", "a", "a"]
