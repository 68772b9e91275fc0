"""Give each query a DuckDB of its own: a database in memory, which is closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

import duckdb

from local_cloud.athena.sql.in_python import register as functions_in_python
from local_cloud.athena.tables import buckets, lazy_simple, lazy_values, serde

MEMORY_LIMIT = "1GB"


class Connections:
    """Makes the connection for the next query once one has ended, so that the next one need not wait for it."""

    def __init__(self, spill: Path) -> None:
        self._spill = spill
        self._ready: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        self._making = ThreadPoolExecutor(1, thread_name_prefix="athena-connections")

    @contextmanager
    def one(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection that no query has used; it is closed when the context ends."""
        try:
            connection = self._ready.get_nowait()
        except Empty:
            connection = self._made()
        try:
            yield connection
        finally:
            connection.close()
            if self._ready.empty():
                self._making.submit(lambda: self._ready.put(self._made()))

    def _made(self) -> duckdb.DuckDBPyConnection:
        config = {"threads": 2, "memory_limit": MEMORY_LIMIT, "temp_directory": str(self._spill)}
        connection = duckdb.connect(config=config)
        connection.execute("SET TimeZone = 'UTC'")
        functions_in_python.register(connection)
        serde.register(connection)
        lazy_simple.register(connection)
        lazy_values.register(connection)
        buckets.register(connection)
        return connection
