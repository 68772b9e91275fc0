"""PartiQL's writes: numbers, refusals and stream records as for the API call that does the same.

MiniStack changes the items without a record, so neither the stream nor the journal had them; it keeps numbers as they were
written, and takes several statements of a transaction for one item. Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html (zeros are trimmed) and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.transactions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from local_cloud.emulator.item_numbers import canonical
from local_cloud.emulator.seams import require
from local_cloud.wire import Answer

Item = dict[str, Any]
Write = tuple[str, Item | None, Item | None]  # a table's name, its item before and after
Execute = Callable[[dict[str, Any]], Answer]
DUPLICATE = "Transaction request cannot include multiple operations on one item"


def patch_partiql(dynamodb: Any) -> None:
    """Let PartiQL's calls in ``ministack.services.dynamodb`` emit stream records.

    A batch executes its statements one by one, with the function for a single one.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(
        dynamodb, "_execute_statement", "_execute_transaction", "_set_item", "_remove_item",
        "_emit_stream_event", "_ddb_canonicalize_number", "_parse_partiql", "_partiql_key_target", "_tables",
        "_extract_key_val", "error_response_json",
    )  # fmt: skip
    dynamodb._execute_statement = emit_writes(dynamodb, dynamodb._execute_statement)
    dynamodb._execute_transaction = refuse_duplicates(
        dynamodb, emit_writes(dynamodb, dynamodb._execute_transaction)
    )  # fmt: skip


def refuse_duplicates(dynamodb: Any, execute: Execute) -> Execute:
    """Return a transaction with a refusal of several statements for one item."""

    def execute_distinct(request: dict[str, Any]) -> Answer:
        targets = list(_targets(dynamodb, request.get("TransactStatements") or ()))
        if len(targets) != len(set(targets)):
            refusal: Answer = dynamodb.error_response_json("ValidationException", DUPLICATE, 400)
            return refusal
        return execute(request)

    return execute_distinct


def _targets(dynamodb: Any, statements: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield the table and the key of the item of each statement; not of those that are refused for another reason."""
    for statement in statements:
        try:
            parsed = dynamodb._parse_partiql(statement.get("Statement", ""), statement.get("Parameters", []))
        except ValueError:
            continue
        table = dynamodb._tables.get(parsed.get("table"))
        if table is None:
            continue
        if parsed["op"] == "INSERT":
            item = parsed["item"].get("M", parsed["item"])
            key = [dynamodb._extract_key_val(item.get(name)) for name in (table["pk_name"], table["sk_name"]) if name]
            yield parsed["table"], *key
        elif parsed["op"] in {"UPDATE", "DELETE"}:
            partition_key, sort_key, _, refusal = dynamodb._partiql_key_target(table, parsed)
            if refusal is None:
                yield parsed["table"], *((partition_key, sort_key) if table["sk_name"] else (partition_key,))


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
        item.update({name: canonical(value, dynamodb._ddb_canonicalize_number) for name, value in item.items()})
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
