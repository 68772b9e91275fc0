"""Copies of results and objects on this machine: bounded, and never taken from under a query."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from local_cloud.athena.account import results
from local_cloud.athena.account.results import Results
from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables import parquet_files, plain_lines, segments
from local_cloud.athena.tables.normal_form import column_name, write_json_segment
from local_cloud.athena.tables.objects import Objects, S3Object
from local_cloud.athena.tables.parquet_files import ParquetFiles
from local_cloud.athena.tables.plain_lines import Wanted
from local_cloud.athena.tables.segment import Form, Segment
from local_cloud.athena.tables.segments import Segments
from local_cloud.athena.types import VARCHAR
from local_cloud.clients import Clients

COLUMNS = [("a", VARCHAR)]


def succeed(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    raw = HTTPResponse(BytesIO(b'{"a":1,"b":2}\n' if request.method == "GET" else b""), preload_content=False)
    return AWSResponse("http://127.0.0.1:1", 200, {"ETag": '"e"'}, raw)


@pytest.fixture
def caller() -> Caller:
    """A caller whose every call S3 answers with success."""
    clients = Clients("http://127.0.0.1:1", "us-east-1")
    clients.client("s3").meta.events.register("before-send.s3", succeed)
    return Caller(clients, Catalog(clients))


def query(caller: Caller, name: str) -> Query:
    return Query(name, "", "", "", [], "", "primary", None, caller, output_location=f"s3://bucket/{name}.csv")


def objects_of(caller: Caller) -> Objects:
    return Objects(caller, Path("no-such-folder"))


def test_a_result_stays_while_it_is_written(caller: Caller, tmp_path: Path) -> None:
    kept = Results(tmp_path)

    def rows() -> Iterator[results.Row]:
        yield ["first"]
        for number in range(results.KEPT_FILES + 1):
            kept.write_text(query(caller, f"other-{number}"), ["a"], [])

    assert kept.write_rows(query(caller, "slow"), COLUMNS, rows()) == 1
    copies = {path.name for path in tmp_path.iterdir()}
    assert len(copies) == 2 * results.KEPT_FILES


def test_results_of_many_queries_at_once_do_not_disturb_each_other(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "KEPT_FILES", 1)
    kept = Results(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(lambda number: kept.write_rows(query(caller, f"q{number}"), COLUMNS, [["1"]]), range(200))
        )
    assert written == [1] * 200


def test_parquet_objects_of_many_queries_at_once_do_not_disturb_each_other(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "CACHE_BYTES", -1)
    kept = ParquetFiles(tmp_path)

    def read(number: int) -> bool:
        wanted = [S3Object("bucket", f"{(number + step) % 8}.parquet", "e", 1) for step in range(3)]
        with kept.holding(query(caller, f"q{number}"), objects_of(caller), wanted) as files:
            return all(path.exists() for path in files.values())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(100)))
    assert list(tmp_path.iterdir()) == []


def test_a_parquet_object_in_two_partitions_is_fetched_once(caller: Caller, tmp_path: Path) -> None:
    item = S3Object("bucket", "a.parquet", "e", 1)
    with ParquetFiles(tmp_path).holding(query(caller, "q"), objects_of(caller), [item, item]) as files:
        assert [path.exists() for path in files.values()] == [True]


JSON = Form(
    "json",
    partial(write_json_segment, ignore_case=True),
    partial(plain_lines.find, column_of=partial(column_name, ignore_case=True)),
)
ITEM = S3Object("bucket", "a.json", "e", 8)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Segments:
    monkeypatch.setattr(segments, "MIN_LINES_BYTES", 1)
    return Segments(tmp_path)


def reading(kept: Segments, caller: Caller, *columns: str) -> AbstractContextManager[dict[int, Segment]]:
    """A query for these columns of one object of plain lines."""
    return kept.holding(query(caller, "q"), objects_of(caller), [ITEM], JSON, Wanted(frozenset(columns)))


def test_plain_lines_serve_later_queries(caller: Caller, kept: Segments) -> None:
    with reading(kept, caller, "a") as first, reading(kept, caller) as second, reading(kept, caller, "c") as third:
        assert first == second == third


def test_a_text_that_was_not_looked_at_makes_a_new_segment(caller: Caller, tmp_path: Path, kept: Segments) -> None:
    with reading(kept, caller) as slow:
        with reading(kept, caller, "a") as quick:
            assert quick != slow
        with reading(kept, caller) as later:
            assert later == quick
        ((identity, segment),) = slow.items()
        assert segment.lines_of(identity).exists()
    assert not segment.path.exists()
    assert [path.suffix for path in tmp_path.iterdir()] == [".lines"]


def test_a_new_segment_has_the_texts_of_the_one_before_too(caller: Caller, kept: Segments) -> None:
    """Two queries by turns would otherwise replace each other's lines for ever."""
    with reading(kept, caller, "a"):
        pass
    with reading(kept, caller, "b") as second, reading(kept, caller, "a", "b") as third:
        assert third == second


def test_nothing_of_an_earlier_run_stays(tmp_path: Path) -> None:
    (tmp_path / "c.lines").mkdir()
    (tmp_path / "c.lines" / "1.json").write_text("{}")
    (tmp_path / "b.parquet").write_bytes(b"half")
    Segments(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_plain_lines_stay_while_a_query_reads_them(
    caller: Caller, kept: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "CACHE_BYTES", 0)
    with reading(kept, caller, "a") as slow:
        with reading(kept, caller, "a") as quick:
            assert quick == slow
        assert all(segment.path.exists() for segment in slow.values())
    assert not any(segment.path.exists() for segment in slow.values())


def test_plain_lines_of_many_queries_at_once_do_not_disturb_each_other(
    caller: Caller, tmp_path: Path, kept: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "CACHE_BYTES", 0)

    def read(number: int) -> bool:
        items = [S3Object("bucket", f"{(number + step) % 5}.json", "e", 8) for step in range(3)]
        columns = Wanted(frozenset("ab"[: number % 3]))
        with kept.holding(query(caller, f"q{number}"), objects_of(caller), items, JSON, columns) as held:
            return len(held) == 3 and all(
                segment.has(identity, columns) and segment.lines_of(identity).exists()
                for identity, segment in held.items()
            )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(100)))
    assert list(tmp_path.iterdir()) == []
