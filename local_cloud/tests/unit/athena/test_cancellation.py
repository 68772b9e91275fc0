"""A wish to end reaches a query at whatever point it is, also where DuckDB forgets an interruption."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from local_cloud.athena.statement.interruption import interrupter
from local_cloud.athena.statement.query import Cancellation

SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
Cancel = Callable[[Cancellation, duckdb.DuckDBPyConnection], None]


def _known_first(cancellation: Cancellation, connection: duckdb.DuckDBPyConnection) -> None:
    cancellation.on_cancel(interrupter(connection))
    cancellation.cancel("Query cancelled by user")


def _known_afterwards(cancellation: Cancellation, connection: duckdb.DuckDBPyConnection) -> None:
    cancellation.cancel("Query cancelled by user")
    cancellation.on_cancel(interrupter(connection))


@pytest.mark.parametrize("cancel", [_known_first, _known_afterwards])
def test_a_statement_that_starts_after_the_wish_is_ended_too(cancel: Cancel) -> None:
    """DuckDB clears an interruption when the next statement starts, so one that came between two would be lost."""
    cancellation = Cancellation()
    with duckdb.connect() as connection:
        cancel(cancellation, connection)
        with pytest.raises(duckdb.InterruptException):
            connection.execute(SLOW)
        cancellation.ended()


def test_a_query_that_has_ended_is_left_alone() -> None:
    calls: list[int] = []
    cancellation = Cancellation()
    cancellation.on_cancel(lambda: calls.append(1))
    cancellation.ended()
    cancellation.cancel("Query cancelled by user")
    assert calls == []
