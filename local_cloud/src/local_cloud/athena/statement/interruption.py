"""Stop DuckDB from another thread."""

from __future__ import annotations

from collections.abc import Callable

import duckdb


def interrupter(connection: duckdb.DuckDBPyConnection) -> Callable[[], None]:
    """Return a call that ends what the connection is doing; nothing happens when it is closed already."""

    def interrupt() -> None:
        try:
            connection.interrupt()
        except duckdb.ConnectionException:
            return

    return interrupt
