"""Avro files: one that fastavro wrote (``fastavro.avro``, its version 1.13.1, codec deflate) is read, and what is written is read again."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.tables.avro_files import as_parquet
from local_cloud.athena.tables.avro_values import values_of
from local_cloud.athena.types import parse_type
from local_cloud.athena.writing.avro_writing import CODECS, require_avro, write_avro

OBJECT: Any = SimpleNamespace(path="s3://lake/part-0.avro")
PUBLISHED = (Path(__file__).parent / "fastavro.avro").read_bytes()
TABLE = pa.table(
    {
        "flag": [True, None],
        "whole": pa.array([-5, 2**31 - 1], pa.int32()),
        "long": [2**62, None],
        "single": pa.array([1.5, None], pa.float32()),
        "double": [2.5, None],
        "text": ["\u00e9", ""],
        "bytes": [b"\x00\xff", None],
        "price": pa.array([Decimal("-12.30"), Decimal("0.00")], pa.decimal128(10, 2)),
        "day": [date(1969, 12, 31), date(2026, 1, 1)],
        "at": pa.array([datetime(2026, 1, 1, 1, 2, 3, 456000), datetime(1960, 1, 1)], pa.timestamp("ms")),  # noqa: DTZ001
        "list": [[1, None], []],
        "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
        "row": pa.array([{"x": 1, "inner": {"q": "w"}}, None]),
    }
)


def read(body: bytes, path: Path) -> list[dict[str, Any]]:
    path.write_bytes(body)
    as_parquet(OBJECT, path)
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def test_a_file_of_another_library_is_read(tmp_path: Path) -> None:
    assert read(PUBLISHED, tmp_path / "a") == [
        {
            "kind": "B", "other": "A", "code": b"abc", "at": datetime(2026, 1, 1, 2, 3, 4, 567890), "day": date(1969, 12, 31),  # noqa: DTZ001
            "price": Decimal("-12.30"), "list": ["q", ""], "map": [("k", -1)], "row": {"x": 7},
        },
        {
            "kind": "A", "other": None, "code": b"\x00\x01\x02", "at": datetime(1960, 1, 1), "day": None,  # noqa: DTZ001
            "price": Decimal("0.05"), "list": [], "map": [], "row": None,
        },
    ]  # fmt: skip


@pytest.mark.parametrize("compression", CODECS)
def test_what_is_written_is_read_again(tmp_path: Path, compression: str) -> None:
    write_avro(TABLE, tmp_path / "a", compression)
    assert read((tmp_path / "a").read_bytes(), tmp_path / "b") == TABLE.to_pylist()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "HIVE_CANNOT_OPEN_SPLIT: Not an Avro data file."),
        (b"{}{}", "HIVE_CANNOT_OPEN_SPLIT: Not an Avro data file."),
        (PUBLISHED[:-20], "HIVE_BAD_DATA: Malformed Avro file."),
        (PUBLISHED[:-1] + b"x", "HIVE_BAD_DATA: Malformed Avro file."),
        (PUBLISHED.replace(b"deflate", b"defl8te"), "HIVE_BAD_DATA: Malformed Avro file."),
    ],
)
def test_a_file_that_is_none_of_avro_says_which(tmp_path: Path, body: bytes, said: str) -> None:
    with pytest.raises(QueryFailedError, match=f"^{re.escape(said)}.*{OBJECT.path}"):
        read(body, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("array(smallint)", "Column 'a' is smallint, which is not supported by Avro. Use integer instead."),
        ("map(varchar(1),integer)", "Column 'a' has a non-varchar map key, which is not supported by Avro"),
    ],
)
def test_what_trino_does_not_write_is_refused_in_its_words(kind: str, said: str) -> None:
    with pytest.raises(QueryFailedError, match=f"^NOT_SUPPORTED: {re.escape(said)}$"):
        require_avro([("a", parse_type(kind))])


def test_a_union_of_several_types_is_refused() -> None:
    with pytest.raises(ValueError, match="union of several types"):
        values_of(["null", "string", "int"])
