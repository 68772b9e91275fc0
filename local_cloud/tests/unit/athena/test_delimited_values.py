"""Fields and values of delimited text: what a real Trino 476 read in the same objects."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from local_cloud.athena.tables import delimited, lazy_simple, lazy_values, serde
from local_cloud.athena.tables.lazy_simple import decoded
from local_cloud.athena.types import parse_type

NONE: dict[str, str] = {}
READ: dict[str, dict[str, str | None]] = {
    "timestamp": {
        "2024-01-05T10:00:00": "2024-01-05 10:00:00", "1704448800": None, "1704448800.5": None, "1704448800000": None,
        "2024-01-05 10:00": None, "2024-01-05 1:2:3": "2024-01-05 01:02:03", "2024-1-5 10:00:00": "2024-01-05 10:00:00",
        "2024-01-05 10:00:00.1234567": "2024-01-05 10:00:00.123", "2024-01-05 10:00:00 UTC": None, "2024-01-05 10:00:00Z": None,
        "2024-13-01 10:00:00": "2025-01-01 10:00:00", " 2024-01-05 10:00:00": "2024-01-05 10:00:00",
        "2024-01-05 24:00:00": "2024-01-06 00:00:00", "2024-01-05 10:60:00": "2024-01-05 11:00:00", "2024-01-05 10:00:00.": "2024-01-05 10:00:00",
    },
    "date": {
        "2024-02-30": "2024-03-01", "2024-0-1": "2023-12-01", "2024-1-05": "2024-01-05", "20240105": None, " 2024-01-05": "2024-01-05",
        "2024-01-05T10:00:00": None, "2024-01-05x": None, "24-01-05": "0024-01-05", "2024-01-32": "2024-02-01", "2024-01-05 x": "2024-01-05",
        "2024-01-00": "2023-12-31", "": None,
    },
    "int": {
        "1.9": "1", "-1.9": "-1", "1.": "1", "+3": "3", "0x1": None, "-0": "0", "1.9x": None, "1 ": None, "--1": None, ".5": "0",
        "1.9e1": None, "007": "7", "2147483648": None, "": None,
    },
    "double": {
        "1d": "1.0", "1f": "1.0", " 2 ": "2.0", "1e3": "1000.0", "NaN": "nan", "nan": None, "inf": None, "Infinity": "inf",
        "-Infinity": "-inf", "1_0": None, ".5": "0.5", "5.": "5.0", "+1": "1.0", "1e400": "inf", "": None,
    },
    "decimal(8,2)": {
        "1e2": "100.00", " 1 ": None, "1.005": "1.01", "-1.005": "-1.01", "+1": "1.00", "1d": None, ".5": "0.50", "5.": "5.00",
        "1234567.8": None, "0.001": "0.00", "": None,
    },
    "boolean": {"TRUE": "true", "t": None, "1": None, " true": None, "yes": None, "0": None, "False": "false"},
    "binary": {"aGk": "hi", "aGk=": "hi", "@@": "@@", "x": "", "128": "\\xD7o", "aG k=": "hi", "a-_b": "k\\xEF\\xDB", "aGk=aGk=": "hi", "": ""},
    "tinyint": {"128": None, "-128": "-128", "300": None, "1.5": "1"},
    "struct<p:string,q:int>": {"": "{'f0': '', 'f1': NULL}", "a,5": "{'f0': a, 'f1': 5}"},
}  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"threads": 1})
    for room in (serde, lazy_simple, lazy_values):
        room.register(made)
    return made


@pytest.mark.parametrize("kind", READ)
def test_values_are_those_that_trino_reads(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    sql = decoded("v", parse_type(kind), {"collection.delim": ","})
    connection.execute("CREATE OR REPLACE TABLE texts AS SELECT unnest(?) AS v", [list(READ[kind])])
    found = dict(connection.execute(f"SELECT v, CAST({sql} AS VARCHAR) FROM texts").fetchall())
    assert found == READ[kind]


@pytest.mark.parametrize(("kind", "text"), [("double", "0x1p3"), ("date", "-2024-01-05")])
def test_what_trino_reads_and_this_does_not_is_refused(
    connection: duckdb.DuckDBPyConnection, kind: str, text: str
) -> None:
    with pytest.raises(duckdb.Error, match=r"NOT_SUPPORTED: .*local cloud"):
        connection.execute(f"SELECT {decoded('v', parse_type(kind), NONE)} FROM (SELECT ? AS v)", [text])


def fields(tmp_path: Path, text: str, library: str, options: dict[str, str]) -> list[list[str | None]]:
    path = tmp_path / "a.csv"
    path.write_text(text)
    return list(delimited._fields(path, library, options))


def test_an_escaped_separator_is_part_of_its_field(tmp_path: Path) -> None:
    text = "1,a\\,b\n2,c\\\\d\n3,e\\nf\n4,\\N\n"
    read = fields(tmp_path, text, serde.LAZY_SIMPLE, {"field.delim": ",", "escape.delim": "\\"})
    assert read == [["1", "a,b"], ["2", "c\\d"], ["3", "enf"], ["4", None]]
    assert fields(tmp_path, "1,a\\,b\n", serde.LAZY_SIMPLE, {"field.delim": ","}) == [["1", "a\\", "b"]]


def test_a_quoted_field_ends_with_its_line(tmp_path: Path) -> None:
    text = '1,"a,b",2024-01-01\n2,"say ""hi""",x\n"3",,\n4,"multi\nline",\n5,a b,\\N\n6,\'q\',z\n'
    assert fields(tmp_path, text, serde.OPEN_CSV, {}) == [
        ["1", "a,b", "2024-01-01"], ["2", 'say "hi"', "x"], ["3", "", ""], ["4"], [], ["5", "a b", "N"], ["6", "'q'", "z"],
    ]  # fmt: skip
