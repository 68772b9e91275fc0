"""Documents that survive ``kill -9``: named collections of JSON in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Store:
    """Keep collections of JSON documents by key; every ``put`` is on disk before it returns.

    Safe for threads of one process; one file belongs to one process.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (collection TEXT, key TEXT, body TEXT, PRIMARY KEY (collection, key))"
        )

    def collection(self, name: str) -> Collection:
        """Return the collection of this name; it need not exist yet."""
        return Collection(self, name)

    def execute(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        """Run one SQL statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class Collection:
    """Keep one named set of documents; keys are strings, and iteration follows their order."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the document, or None when ``key`` has none."""
        rows = self._store.execute("SELECT body FROM documents WHERE collection = ? AND key = ?", self._name, key)
        return json.loads(rows[0][0]) if rows else None

    def put(self, key: str, document: dict[str, Any]) -> None:
        """Write the document; one that is there is replaced."""
        self._store.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", self._name, key, json.dumps(document))

    def delete(self, key: str) -> None:
        """Delete the document, if there is one."""
        self._store.execute("DELETE FROM documents WHERE collection = ? AND key = ?", self._name, key)

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        rows = self._store.execute("SELECT key, body FROM documents WHERE collection = ? ORDER BY key", self._name)
        return iter([(key, json.loads(body)) for key, body in rows])
