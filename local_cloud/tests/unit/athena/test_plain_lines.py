"""Plain lines read by their index: they give the values of the exact parser, and no other lines are called plain."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_cloud.athena import tables
from local_cloud.athena.tables import plain_lines
from local_cloud.athena.tables.normal_form import Unpacked, column_name, write_json_segment
from local_cloud.athena.tables.plain_lines import PlainLines

NAMES = ["orderID", "price", "a.b", "x-1"]
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
TEXTS = st.text(max_size=20).map(lambda text: json.dumps(text, ensure_ascii=False))
ESCAPED = st.text(st.sampled_from('ab"\\/\n\té'), max_size=16).map(lambda text: json.dumps(text, ensure_ascii=False))
OTHERS = st.sampled_from(["null", "true", "false", '"\\u0041"', '"\\/"', "[1]", '{"k":1.0}', "NaN", '""', "Infinity", "-0", "01"])  # fmt: skip
VALUES = st.one_of(NUMBERS, TEXTS, ESCAPED, OTHERS)
DUCKDB = duckdb.connect(config={"threads": 1})
columns_of = partial(column_name, ignore_case=False)


def written(text: str | bytes, folder: Path, chosen: frozenset[str] | None = None) -> PlainLines | None:
    """What is found in an object ``1.json`` with this text; its index is ``1.index``."""
    path = folder / "1.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return plain_lines.write_index(path, folder / "1.index", chosen, column_of=columns_of)


def table_of(lines: PlainLines, folder: Path) -> pa.Table:
    table = plain_lines.rows(folder / "1.json", folder / "1.index", lines, {"$object": 7})
    table.validate(full=True)
    return table


def as_read(lines: PlainLines, folder: Path) -> list[dict[str, Any]]:
    """The lines as a query reads them."""
    DUCKDB.register("lines", table_of(lines, folder))
    names = [*lines.columns, "$object"]
    quoted = [(f'"{name}"', name in lines.escaped) for name in names]
    shown = [plain_lines.unescaped(name) if is_escaped else name for name, is_escaped in quoted]
    cursor = DUCKDB.execute(f"SELECT {', '.join(shown)} FROM lines")
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def exactly(folder: Path) -> tuple[list[dict[str, str | None]], str | None]:
    """The lines as the exact parser gives them, and the first malformed one."""
    item, target = Unpacked(7, folder / "1.json"), folder / "exact.parquet"
    write_json_segment(DUCKDB, [item], target, ignore_case=False)
    cursor = DUCKDB.execute(f"SELECT * FROM '{target}'")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()], item.malformed


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4), min_size=1, max_size=3),
    st.sampled_from(["", " "]),
)
def test_plain_lines_are_read_as_the_exact_parser_reads_them(
    tmp_path: Path, lines: list[list[tuple[str, str]]], space: str
) -> None:
    text = "".join("{" + f",{space}".join(f'"{key}":{space}{value}' for key, value in line) + "}\n" for line in lines)
    found = written(text, tmp_path)
    if found is None:
        return
    rows, malformed = exactly(tmp_path)
    assert malformed is None
    assert as_read(found, tmp_path) == [{name: row.get(name) for name in [*found.columns, "$object"]} for row in rows]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(NUMBERS, ESCAPED), min_size=1, max_size=20), st.integers(20, 60))
def test_every_value_is_found_wherever_a_block_ends(tmp_path: Path, values: list[str], block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_lines, "BLOCK_BYTES", block_bytes)
        found = written("".join(f'{{"n":{value}}}\n' for value in values), tmp_path)
    if max(map(len, values)) > 10:  # with é in two bytes and the rest of its line it may be longer than a block
        return
    assert found is not None
    expected = [json.loads(value, parse_int=str, parse_float=str) for value in values]
    assert [row["n"] for row in as_read(found, tmp_path)] == expected


PLAIN_TEXT = '{"a":1,"b":"x"}\n{"a":2.50}\n{"a":null,"b":"\\n"}\n{}\n'


@pytest.mark.parametrize("text", [PLAIN_TEXT, PLAIN_TEXT[:-1], PLAIN_TEXT.replace(":", ": ").replace(",", ", ")])
def test_flat_objects_in_one_order_are_plain(tmp_path: Path, text: str) -> None:
    lines = written(text, tmp_path)
    assert lines is not None
    assert (lines.columns, lines.escaped, sum(count for _, count in lines.blocks)) == (["a", "b"], {"b"}, 4)
    assert [(row["a"], row["b"]) for row in as_read(lines, tmp_path)] == [("1", "x"), ("2.50", None), (None, "\n"), (None, None)]  # fmt: skip


@pytest.mark.parametrize("size", range(15))
def test_values_of_every_length_are_whole(tmp_path: Path, size: int) -> None:
    value = "abcdefghijklmn"[:size]
    lines = written(f'{{"before":"{value}","a":"{value}"}}\n' * 3, tmp_path)
    assert lines is not None
    assert table_of(lines, tmp_path).column("a").to_pylist() == [value] * 3


def test_an_index_of_some_columns_has_the_others_when_they_are_asked_for(tmp_path: Path) -> None:
    some = written(PLAIN_TEXT, tmp_path, frozenset({"b", "of no key"}))
    assert some is not None
    assert (some.has(frozenset({"b"})), some.has(frozenset({"c"})), some.has(frozenset({"a"})), some.has(None)) == (True, True, False, False)  # fmt: skip
    assert table_of(some, tmp_path).to_pydict() == {"b": ["x", None, "\\n", None], "$object": [7] * 4}


def test_an_index_of_no_column_still_counts_the_lines(tmp_path: Path) -> None:
    lines = written(PLAIN_TEXT, tmp_path, frozenset())
    assert lines is not None
    assert table_of(lines, tmp_path).to_pydict() == {"$object": [7] * 4}


def test_a_saved_description_of_lines_is_read_again(tmp_path: Path) -> None:
    lines = written(PLAIN_TEXT, tmp_path)
    assert lines is not None
    assert PlainLines.of(json.loads(json.dumps(lines.document()))) == lines


def test_a_table_outlives_its_files(tmp_path: Path) -> None:
    lines = written(PLAIN_TEXT, tmp_path)
    assert lines is not None
    table = table_of(lines, tmp_path)
    (tmp_path / "1.json").unlink()
    (tmp_path / "1.index").unlink()
    assert table.column("a").to_pylist() == ["1", "2.50", None, None]


def test_without_its_compiler_nothing_is_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "local_cloud.athena.tables.line_scanner", raising=False)
    monkeypatch.delattr(tables, "line_scanner", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert written(PLAIN_TEXT, tmp_path) is None


STRANGE: dict[str, Any] = {
    "no text at all": "",
    "an empty line": '{"a":1}\n\n{"a":1}\n',
    "a line that is no object": '{"a":1}\n5\n',
    "an array": '[{"a":1}]\n',
    "two objects on a line": '{"a":1}{"a":2}\n',
    "an object over two lines": '{"a":1,\n"b":2}\n',
    "a broken line": '{"a":1}\n{"a":\n',
    "a repeated key": '{"a":1,"a":2}\n',
    "keys that differ in case": '{"a":1,"A":2}\n',
    "one key in two spellings": '{"price":1}\n{"Price":2}\n',
    "keys in another order": '{"a":1,"b":2}\n{"b":1,"a":2}\n',
    "a comma too many": '{"a":1,}\n',
    "NaN": '{"a":NaN}\n',
    "a leading zero": '{"a":01}\n',
    "a number without digits": '{"a":-}\n',
    "a fraction without digits": '{"a":1.}\n',
    "an exponent without digits": '{"a":1e+}\n',
    "a word that is none": '{"a":nul}\n',
    "a nested value": '{"a":{"b":1}}\n',
    "a key of our own columns": '{"$file":1}\n',
    "a key with an escape": '{"a\\u0062":1}\n',
    "a control character": '{"a":"\x01"}\n',
    "bytes that are no UTF-8": b'{"a":"\xff"}\n',
    "half a surrogate": '{"a":"\ud800"}\n',
    "an escaped character": '{"a":"\\ud83d"}\n',
    "a byte order mark": '\ufeff{"a":1}\n',
    "carriage returns": '{"a":1}\r\n',
}


@pytest.mark.parametrize("case", STRANGE)
def test_anything_else_is_not_plain(tmp_path: Path, case: str) -> None:
    assert written(STRANGE[case], tmp_path) is None
    assert not (tmp_path / "1.index").exists()


def test_lines_between_the_sampled_ones_count_too(tmp_path: Path) -> None:
    """Only the first and the last lines are parsed; the proof covers every byte."""
    line = '{"a":1,"b":"x"}\n'
    around = line * (2 * plain_lines.SAMPLE_BYTES // len(line))
    assert written(around + around, tmp_path) is not None
    for strange in ('{"a":1,"A":2}\n', '{"a":1,"c":2}\n', "\n", '{"a":01}\n', '{"a":"\ud800"}\n'):
        assert written(around + strange + around, tmp_path) is None


def test_a_line_that_is_longer_than_a_block_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_lines, "BLOCK_BYTES", 20)
    assert written('{"a":"123456"}\n' * 9, tmp_path) is not None
    assert written('{"a":"1"}\n{"a":"1234567890123456"}\n' * 9, tmp_path) is None


def test_a_block_that_ends_within_a_line_ends_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block is one line, but the one with two objects is longer: its first part alone would look like a line."""
    monkeypatch.setattr(plain_lines, "BLOCK_BYTES", 8)
    monkeypatch.setattr(plain_lines, "SAMPLE_BYTES", 16)
    around = '{"a":1}\n' * 8
    assert written(around + around, tmp_path) is not None
    assert written(around + '{"a":12}{"a":3}\n' + around, tmp_path) is None
