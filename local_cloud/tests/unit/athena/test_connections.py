"""Connections for queries: each is used once, however many queries there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from local_cloud.athena.selection.connections import Connections


def test_a_query_does_not_find_the_settings_of_another(tmp_path: Path) -> None:
    connections = Connections(tmp_path)
    for _ in range(3):
        with connections.one() as connection:
            connection.execute("CREATE TABLE t AS SELECT 1")
            connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        with pytest.raises(duckdb.ConnectionException):
            connection.execute("SELECT 1")


def test_queries_at_once_do_not_share_one(tmp_path: Path) -> None:
    connections = Connections(tmp_path)

    def run(number: int) -> int:
        with connections.one() as connection:
            connection.execute(f"CREATE TABLE t AS SELECT {number} AS n")
            return int(connection.execute("SELECT n FROM t").fetchall()[0][0])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(run, range(60))) == list(range(60))


def test_every_connection_has_the_functions_and_the_time_zone(tmp_path: Path) -> None:
    connections = Connections(tmp_path)
    for _ in range(2):
        with connections.one() as connection:
            assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
            assert connection.execute("SELECT trino_split('a,b', ',', NULL)").fetchall() == [(["a", "b"],)]
