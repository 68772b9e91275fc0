"""Objects that DuckDB reads as they are: whatever is called plain comes out as the exact parser gives it, and nothing else is called so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_cloud.athena import plain_lines, serde
from local_cloud.athena.normal_form import Unpacked, write_json_segment
from local_cloud.athena.plain_lines import plain_keys
from local_cloud.athena.types import parse_type

NAMES = ["orderID", "price", "a.b", "x-1"]
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
PLAIN = st.from_regex(r"0|-?[1-9][0-9]{0,17}|-?[1-9][0-9]{0,8}\.[0-9]{0,5}[1-9]|-?0\.[0-9]{0,3}[1-9]", fullmatch=True)
TEXTS = st.text(max_size=6).map(lambda text: json.dumps(text, ensure_ascii=False))
OTHERS = st.sampled_from(
    ["null", "true", "false", '"\\u0041"', "[1]", '{"k":1.0}', "NaN", '""', "Infinity", "-0", "1.50"]
)


DUCKDB = duckdb.connect(config={"threads": 1})


def types_of(text: str | bytes, folder: Path) -> dict[str, str] | None:
    path = folder / "1.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return plain_keys(path)


def keys_of(text: str | bytes, folder: Path) -> list[str] | None:
    types = types_of(text, folder)
    return None if types is None else list(types)


def as_they_are(path: Path, keys: list[str], decoded: str = "*", read_as: str = "VARCHAR") -> list[dict[str, Any]]:
    """The lines as a query reads them."""
    columns = ", ".join(f"'{key}': '{read_as}'" for key in keys)
    cursor = DUCKDB.execute(
        f"SELECT {decoded} FROM read_json('{path}', format = 'newline_delimited', records = true, columns = {{{columns}}})"
    )
    return [dict(zip(keys, row, strict=True)) for row in cursor.fetchall()]


def exactly(path: Path, folder: Path) -> tuple[list[dict[str, str | None]], str | None]:
    """The lines as the exact parser gives them, and the first malformed one."""
    item, target = Unpacked(7, path), folder / "exact.parquet"
    write_json_segment(DUCKDB, [item], target, ignore_case=False)
    cursor = DUCKDB.execute(f"SELECT * FROM '{target}'")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()], item.malformed


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(PLAIN, PLAIN, TEXTS, NUMBERS, OTHERS)), max_size=4),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["", " "]),
)
def test_what_is_called_plain_is_read_as_the_exact_parser_reads_it(
    tmp_path: Path, lines: list[list[tuple[str, str]]], space: str
) -> None:
    text = "".join("{" + ",".join(f'"{key}":{space}{value}' for key, value in line) + "}\n" for line in lines)
    keys = keys_of(text, tmp_path)
    if keys is None:
        return
    rows, malformed = exactly(tmp_path / "1.json", tmp_path)
    columns = {key: "".join("^" + letter.lower() if letter.isupper() else letter for letter in key) for key in keys}
    read = [{columns[key]: value for key, value in row.items()} for row in as_they_are(tmp_path / "1.json", keys)]
    assert malformed is None
    assert read == [{name: row.get(name) for name in columns.values()} for row in rows]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PLAIN, min_size=1, max_size=20))
def test_plain_numbers_are_printed_as_they_were_written(tmp_path: Path, numbers: list[str]) -> None:
    assert keys_of("".join(f'{{"n":{number}}}\n' for number in numbers), tmp_path) == ["n"]
    assert [row["n"] for row in as_they_are(tmp_path / "1.json", ["n"])] == numbers


KINDS = ("tinyint", "int", "bigint", "decimal(4,1)", "decimal(12,2)", "decimal(15,9)", "double")


def outcome(path: Path, decoded: str, read_as: str) -> Any:
    """The values, or the message of the query that fails."""
    try:
        return [row["n"] for row in as_they_are(path, ["n"], f"{decoded} AS n", read_as)]
    except duckdb.Error as error:
        return str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(PLAIN, st.just("null"), st.integers(-300, 300).map(str)), min_size=1, max_size=4), st.sampled_from(KINDS))  # fmt: skip
def test_numbers_read_as_numbers_are_decoded_as_their_texts_are(
    tmp_path: Path, numbers: list[str], hive_type: str
) -> None:
    types, kind = types_of("".join(f'{{"n":{number}}}\n' for number in numbers), tmp_path), parse_type(hive_type)
    assert types is not None
    if serde.takes_number(types["n"], kind):
        path = tmp_path / "1.json"
        from_text = outcome(path, serde.decoded("n", kind, 0), "VARCHAR")
        assert outcome(path, serde.decoded_number("n", kind, 0), types["n"]) == from_text


@pytest.mark.parametrize(
    ("values", "read_as"),
    [
        (["1", "-20", "null"], "BIGINT"),
        (["1", "2.5", "null"], "DOUBLE"),
        (["null"], "VARCHAR"),
        (["1", "true"], "VARCHAR"),
        (["1234567890123456"], "VARCHAR"),
        (["1.5", "1234567890123456"], "VARCHAR"),
    ],
)
def test_a_key_is_read_as_what_holds_all_its_values(tmp_path: Path, values: list[str], read_as: str) -> None:
    assert types_of("".join(f'{{"n":{value}}}\n' for value in values), tmp_path) == {"n": read_as}


def test_a_text_that_no_sample_showed_makes_texts_of_its_keys(tmp_path: Path) -> None:
    around = '{"n":1}\n' * (2 * plain_lines.SAMPLE_BYTES // 8)
    assert types_of(around + around, tmp_path) == {"n": "BIGINT"}
    for value in ('"1"', "1.5", "true", "1234567890123456"):
        assert types_of(f'{around}{{"n":{value}}}\n{around}', tmp_path) == {"n": "VARCHAR"}


PLAIN_TEXT = '{"a":1,"b":"x"}\n{"a":2.5}\n{"a":null,"b":"\\n"}\n'


@pytest.mark.parametrize("text", [PLAIN_TEXT, PLAIN_TEXT[:-1], PLAIN_TEXT.replace(":", ": "), '{"a":"é"}\n'])
def test_flat_objects_in_one_order_are_plain(tmp_path: Path, text: str) -> None:
    assert keys_of(text, tmp_path) in (["a", "b"], ["a"])


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
    "a zero at the end of a fraction": '{"a":1.50}\n',
    "an exponent": '{"a":1e2}\n',
    "minus zero": '{"a":-0}\n',
    "a leading zero": '{"a":01}\n',
    "more digits than a double has": '{"a":0.1234567890123456}\n',
    "a small fraction": '{"a":0.00001}\n',
    "more digits than 64 bits have": '{"a":1234567890123456789}\n',
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
    assert keys_of(STRANGE[case], tmp_path) is None


def test_what_stands_between_the_sampled_lines_counts_too(tmp_path: Path) -> None:
    """Only the first and the last lines are parsed; the proof covers every byte."""
    line = '{"a":1,"b":"x"}\n'
    around = line * (2 * plain_lines.SAMPLE_BYTES // len(line))
    assert keys_of(around + around, tmp_path) == ["a", "b"]
    for strange in ('{"a":1,"A":2}\n', '{"a":1,"c":2}\n', "\n", '{"a":1.50}\n'):
        assert keys_of(around + strange + around, tmp_path) is None


def test_a_line_that_is_too_long_for_the_reader_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_lines, "LONGEST_LINE_BYTES", 20)
    assert keys_of('{"a":"123456"}\n' * 3, tmp_path) == ["a"]
    assert keys_of('{"a":"1"}\n{"a":"1234567890123456"}\n', tmp_path) is None
