"""Plain lines read where they are: DuckDB gives the values of the exact parser, and no other lines are called plain."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from local_cloud.athena.tables import plain_lines
from local_cloud.athena.tables.normal_form import Unpacked, column_name, plain_rows, write_json_segment
from local_cloud.athena.tables.plain_lines import PlainLines, Wanted, can_be_numbers
from local_cloud.athena.tables.serde import decoded
from local_cloud.athena.types import Type, decimal, duckdb_name

NAMES = ["orderID", "price", "a.b", "x-1"]
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
TEXTS = st.text(max_size=20).map(lambda text: json.dumps(text, ensure_ascii=False))
ESCAPED = st.text(st.sampled_from('ab"\\/\n\té'), max_size=16).map(lambda text: json.dumps(text, ensure_ascii=False))
OTHERS = st.sampled_from(["null", "true", "false", '"\\u0041"', '"\\/"', "[1]", '{"k":1.0}', "NaN", '""', "Infinity", "-0", "01"])  # fmt: skip
VALUES = st.one_of(NUMBERS, TEXTS, ESCAPED, OTHERS)
DUCKDB = duckdb.connect(config={"threads": 1})
columns_of = partial(column_name, ignore_case=False)
ALL, NONE = None, frozenset[str]()


def found(text: str | bytes, folder: Path, texts: frozenset[str] | None = ALL) -> PlainLines | None:
    """What is found in an object ``1.json`` with this text."""
    path = folder / "1.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return plain_lines.find(path, Wanted(texts), column_of=columns_of)


def rows_of(sql: str) -> list[dict[str, Any]]:
    cursor = DUCKDB.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def as_read(lines: PlainLines, folder: Path) -> list[dict[str, Any]]:
    """The lines as a query reads them."""
    return rows_of(plain_rows({folder / "1.json": 7}, lines.keys))


def exactly(folder: Path) -> tuple[list[dict[str, Any]], str | None]:
    """The lines as the exact parser gives them, and the first malformed one."""
    item, target = Unpacked(7, folder / "1.json"), folder / "exact.parquet"
    write_json_segment(DUCKDB, [item], target, ignore_case=False)
    return rows_of(f"SELECT * FROM '{target}'"), item.malformed


def numbers_in(rows: list[dict[str, Any]]) -> list[dict[str, float | None]]:
    return [{name: None if value is None else float(value) for name, value in row.items()} for row in rows]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4), min_size=1, max_size=3),
    st.sampled_from(["", " "]),
)
def test_plain_lines_are_read_as_the_exact_parser_reads_them(
    tmp_path: Path, lines: list[list[tuple[str, str]]], space: str
) -> None:
    text = "".join("{" + f",{space}".join(f'"{key}":{space}{value}' for key, value in line) + "}\n" for line in lines)
    plain = found(text, tmp_path)
    if plain is None:
        return
    rows, malformed = exactly(tmp_path)
    assert malformed is None
    assert as_read(plain, tmp_path) == [{name: row.get(name) for name in ["$object", *plain.keys]} for row in rows]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NUMBERS, min_size=1, max_size=4))
@example(["0.000001", "999999999.999999", "-123456789012.345", "12345678901234567", "1.10"])
def test_numbers_whose_text_does_not_count_keep_their_value(tmp_path: Path, numbers: list[str]) -> None:
    plain = found("".join(f'{{"n":{number}}}\n' for number in numbers), tmp_path, NONE)
    if plain is None:
        return
    assert numbers_in(as_read(plain, tmp_path)) == numbers_in(exactly(tmp_path)[0])


KINDS = [
    *map(Type, ("tinyint", "smallint", "integer", "bigint", "double")),
    decimal(12, 2),
    decimal(3, 3),
    decimal(9, 0),
    decimal(38, 6),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NUMBERS, min_size=1, max_size=4), st.sampled_from(KINDS))
@example(["0.000001", "999999999.999999", "-123456789.345678", "null", "-0.0"], decimal(38, 6))
@example(["0.29", "999999999.99", "-0.01", "1.1", "-7"], decimal(12, 2))
@example(["127", "-99", "0"], Type("tinyint"))
@example(["99999999999999999", "-99999999999999999"], Type("bigint"))
@example(["0.30000000000000004", "99999999999999999", "12345678901234567.12345678901234567", "-0.0"], Type("double"))
def test_numbers_that_are_read_as_their_type_are_those_of_their_text(
    tmp_path: Path, numbers: list[str], kind: Type
) -> None:
    path = tmp_path / "1.json"
    path.write_text("".join(f'{{"n":{number}}}\n' for number in numbers))
    plain = plain_lines.find(path, Wanted(NONE, {"n": kind}), column_of=columns_of)
    if plain is None or not plain.numbers:
        return
    read = rows_of(
        f"SELECT n::VARCHAR AS n, typeof(n) AS kind FROM ({plain_rows({path: 7}, plain.keys, plain.numbers)})"
    )
    exactly(tmp_path)
    text = rows_of(f"SELECT ({decoded('n', kind, 0)})::VARCHAR AS n FROM '{tmp_path / 'exact.parquet'}'")
    assert [row["n"] for row in read] == [row["n"] for row in text]
    assert {row["kind"] for row in read} == {duckdb_name(kind)}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("bigint", '"5"'), ("bigint", "5.0"), ("bigint", "true"), ("integer", "3000000000"), ("double", '"1.5"'), ("double", "1e3")],
)  # fmt: skip
def test_a_column_with_anything_but_its_numbers_is_read_as_text(tmp_path: Path, kind: str, value: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(f'{{"n":1}}\n{{"n":{value}}}\n')
    plain = plain_lines.find(path, Wanted(NONE, {"n": Type(kind)}), column_of=columns_of)
    assert plain is None or not plain.numbers


@pytest.mark.parametrize(
    ("kind", "can"), [(decimal(38, 7), False), (Type("real"), False), (decimal(38, 6), True), (Type("bigint"), True)]
)
def test_types_of_which_a_double_keeps_no_value_are_read_as_text(kind: Type, can: bool) -> None:
    assert can_be_numbers(kind) == can


@pytest.mark.parametrize("value", ["1.005", "12345678901.5", "1e1"])
def test_a_decimal_that_a_double_may_round_is_read_as_text(tmp_path: Path, value: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(f'{{"n":{value}}}\n')
    plain = plain_lines.find(path, Wanted(NONE, {"n": decimal(12, 2)}), column_of=columns_of)
    assert plain is None or not plain.numbers


PLAIN_TEXT = '{"a":1,"b":"x"}\n{"a":2.5}\n{"a":null,"b":"\\n"}\n{"a":true,"b":"é"}\n'


@pytest.mark.parametrize("text", [PLAIN_TEXT, PLAIN_TEXT[:-1], PLAIN_TEXT.replace(":", ": ").replace(",", ", ")])
def test_flat_objects_in_one_order_are_plain(tmp_path: Path, text: str) -> None:
    lines = found(text, tmp_path)
    assert lines == PlainLines({"a": "a", "b": "b"}, frozenset("ab"))
    assert [(row["a"], row["b"]) for row in as_read(lines, tmp_path)] == [("1", "x"), ("2.5", None), (None, "\n"), ("true", "é")]  # fmt: skip


@pytest.mark.parametrize("number", ["2.50", "0.00001", "1234567890.5", "-12345678901.25"])
def test_a_number_that_duckdb_prints_otherwise_is_plain_where_its_text_does_not_count(
    tmp_path: Path, number: str
) -> None:
    text = f'{{"a":{number},"b":"x"}}\n'
    assert found(text, tmp_path) is None
    assert found(text, tmp_path, frozenset("a")) is None
    lines = found(text, tmp_path, frozenset("bc"))
    assert lines is not None
    assert tuple(lines.has(Wanted(texts)) for texts in (frozenset("bc"), frozenset("a"), None)) == (True, False, False)


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
    "a number of too many digits": '{"a":0.1234567}\n',
    "an exponent": '{"a":1e5}\n',
    "minus zero": '{"a":-0}\n',
    "another first key": '{"a":1,"b":2}\n{"b":2}\n',
    "an object without keys": '{"a":1}\n{}\n',
    "a word that is none": '{"a":nul}\n',
    "a nested value": '{"a":{"b":1}}\n',
    "a key of our own columns": '{"$file":1}\n',
    "a key with an escape": '{"a\\u0062":1}\n',
    "a control character": '{"a":"\x01"}\n',
    "bytes that are no UTF-8": b'{"a":"\xff"}\n',
    "half a surrogate": '{"a":"\ud800"}\n',
    "an escaped character": '{"a":"\\ud83d"}\n',
    "a byte order mark": '\ufeff{"a":1}\n',
    "half a comma": '{"a":1}{,"b":1}\n',
    "carriage returns": '{"a":1}\r\n',
}


@pytest.mark.parametrize("case", STRANGE)
def test_anything_else_is_not_plain(tmp_path: Path, case: str) -> None:
    assert found(STRANGE[case], tmp_path, NONE) is None


def test_lines_between_the_sampled_ones_count_too(tmp_path: Path) -> None:
    """Only the first and the last lines are parsed; the proof covers every byte."""
    line = '{"a":1,"b":"x"}\n'
    around = line * (2 * plain_lines.SAMPLE_BYTES // len(line))
    assert found(around + around, tmp_path) is not None
    for strange in ('{"a":1,"A":2}\n', '{"a":1,"c":2}\n', "\n", '{"a":01}\n', '{"a":"\ud800"}\n'):
        assert found(around + strange + around, tmp_path) is None


def test_every_block_is_matched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_lines, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(plain_lines, "BLOCK_BYTES", 20)
    monkeypatch.setattr(plain_lines, "SAMPLE_BYTES", 16)
    line = '{"a":1}\n'
    assert found(line * 9, tmp_path) is not None
    for place in range(9):
        assert found(line * place + '{"b":1}\n' + line * (8 - place), tmp_path) is None


def test_a_line_that_is_too_long_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_lines, "MAX_LINE_BYTES", 20)
    assert found('{"a":"123456"}\n' * 9, tmp_path) is not None
    assert found('{"a":"1"}\n{"a":"' + "1" * 40 + '"}\n' * 9, tmp_path) is None
