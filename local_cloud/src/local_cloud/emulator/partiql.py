"""Stream records of PartiQL: each write of a statement leaves the record of the API call that does the same.

MiniStack changes the items without a record, so neither the stream nor the journal had them. Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.transactions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.wire import Answer

Item = dict[str, Any]
Write = tuple[str, Item | None, Item | None]  # a table's name, its item before and after
Execute = Callable[[dict[str, Any]], Answer]


def patch_partiql(dynamodb: Any) -> None:
    """Let PartiQL's calls in ``ministack.services.dynamodb`` emit stream records.

    A batch executes its statements one by one, with the function for a single one.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(
        dynamodb, "_execute_statement", "_execute_transaction", "_set_item", "_remove_item", "_emit_stream_event"
    )  # fmt: skip
    dynamodb._execute_statement = emit_writes(dynamodb, dynamodb._execute_statement)
    dynamodb._execute_transaction = emit_writes(dynamodb, dynamodb._execute_transaction)


def emit_writes(dynamodb: Any, execute: Execute) -> Execute:
    """Return ``execute`` so that its writes are emitted when it has succeeded: a failed transaction is rolled back."""

    def execute_and_emit(request: dict[str, Any]) -> Answer:
        with _writes(dynamodb) as writes:
            answer = execute(request)
        if answer[0] == 200:
            for table, old, new in writes:
                event = "REMOVE" if new is None else "MODIFY" if old else "INSERT"
                dynamodb._emit_stream_event(table, event, old, new)
        return answer

    return execute_and_emit


@contextmanager
def _writes(dynamodb: Any) -> Iterator[list[Write]]:
    """Collect what is written to items within the block; no other request is answered in the meantime."""
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item
    writes: list[Write] = []

    def set_and_note(table: dict[str, Any], partition_key: str, sort_key: str, item: Item) -> Item | None:
        old: Item | None = set_item(table, partition_key, sort_key, item)
        writes.append((table["TableName"], old, item))
        return old

    def remove_and_note(table: dict[str, Any], partition_key: str, sort_key: str) -> Item | None:
        old: Item | None = remove_item(table, partition_key, sort_key)
        if old is not None:
            writes.append((table["TableName"], old, None))
        return old

    dynamodb._set_item, dynamodb._remove_item = set_and_note, remove_and_note
    try:
        yield writes
    finally:
        dynamodb._set_item, dynamodb._remove_item = set_item, remove_item
