"""Raw JSON in the normal form: no digit is lost, whichever of the two readers took the object."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_cloud.athena.tables.normal_form import Unpacked, write_json_segment


def read(lines: str, *, ignore_case: bool = True) -> tuple[list[dict[str, str | None]], Unpacked]:
    """The rows of one object, without its identity."""
    with tempfile.TemporaryDirectory() as folder:
        item = Unpacked(7, Path(folder) / "7.json")
        item.path.write_text(lines)
        target = Path(folder) / "segment.parquet"
        connection = duckdb.connect()
        write_json_segment(connection, [item], target, ignore_case=ignore_case)
        cursor = connection.execute(f"SELECT * FROM '{target}'")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert all(row.pop("$object") == 7 for row in rows)
    return rows, item


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@example(["1e21", "1E-7", "-2e+5"], [""], "", False)
@settings(max_examples=100, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=4),
    st.lists(st.text(max_size=8), min_size=1, max_size=4),
    st.sampled_from(["", " "]),
    st.booleans(),
)
def test_numbers_and_texts_stay_as_they_were_written(
    numbers: list[str], texts: list[str], space: str, ascii_only: bool
) -> None:
    lines = [
        f'{{"n":{space}{number},{space}"t":{space}{json.dumps(text, ensure_ascii=ascii_only)}}}'
        for number in numbers
        for text in texts
    ]
    rows, item = read("\n".join(lines) + "\n")
    assert item.malformed is None
    assert sorted((row["n"], row["t"]) for row in rows) == sorted(
        (number, text) for number in numbers for text in texts
    )


def test_nested_values_are_compact_json_with_their_digits() -> None:
    rows, _ = read('{"a": {"X": [1.50, "é"]}}\n')
    assert rows == [{"a": '{"X":[1.50,"é"]}'}]


def test_lines_that_are_no_object_are_rows_of_nulls() -> None:
    rows, item = read('{"a":1}\n\n5\n')
    assert sorted(row["a"] or "" for row in rows) == ["", "", "1"]
    assert item.malformed is None


def test_a_malformed_line_is_noted_with_its_number() -> None:
    rows, item = read('{"a":1}\n{"a":\n')
    assert len(rows) == 2
    assert item.malformed is not None
    assert item.malformed.endswith("(line 2)")


def test_keys_ignore_case_only_when_asked_to() -> None:
    assert read('{"Ab":1}\n')[0] == [{"ab": "1"}]
    assert read('{"Ab":1,"ab":2}\n', ignore_case=False)[0] == [{"^ab": "1", "ab": "2"}]
    assert "Duplicate key" in (read('{"Ab":1,"ab":2}\n')[1].malformed or "")


def test_keys_cannot_take_the_place_of_our_own_columns() -> None:
    assert read('{"$object":1,"$file":2}\n')[0] == [{"$$object": "1", "$$file": "2"}]


GOOD = '{"a":"first"}'
FOREIGN = {
    "half a surrogate": r'{"a":"x\ud800"}',
    "the other half": r'{"a":"\udc00 x","b":["\ud83d"]}',
    "half a surrogate in a key": r'{"\ud800":1}',
    "an array": '[{"a":1},2]',
    "truncated": '{"a":"x","b":[1,',
    "truncated in an escape": r'{"a":"x\u12',
    "pretty-printed": '{\n  "a": 1\n}',
    "a repeated key": '{"a":1,"a":2}',
    "a key in two cases": '{"a":1,"A":2}',
    "two documents": '{"a":1}{"a":2}',
    "no constant of JSON": '{"a":NaN}',
    "nested too deeply": '{"a":' + "[" * 5_000,
    "a lone scalar": '"a"',
    "a control character": '{"a":"x\x01"}',
    "NUL": "\x00",
    "CSV": "orderID,price\nx,1",
    "a carriage return": '{"a":1}\r\r',
}


def read_with(*foreign: str) -> list[str | None]:
    """Return column ``a`` of good lines, with foreign ones between them."""
    rows, _ = read("\n".join([GOOD, *foreign, GOOD]) + "\n")
    return [row.get("a") for row in rows]


@pytest.mark.parametrize("line", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_line_never_hides_a_good_one(line: str) -> None:
    values = read_with(line)
    assert (values[0], values[-1]) == ("first", "first")
    assert len(values) == 2 + len(line.split("\n"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(list(FOREIGN.values())),
            st.text(max_size=30).map(lambda text: json.dumps({"a": text, text: 1})[: max(1, len(text))]),
            st.text(st.sampled_from(r'{}[]":,\u0dc8a1 e-.'), max_size=30),
        ),
        max_size=5,
    )
)
def test_good_lines_are_read_whatever_is_between_them(lines: list[str]) -> None:
    values = read_with(*(line.replace("\r", "") for line in lines))
    assert (values[0], values[-1]) == ("first", "first")


def test_half_a_surrogate_is_a_question_mark() -> None:
    """As Java writes it: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/String.html#getBytes()."""
    rows, item = read(r'{"a":"x\ud800y","n":{"\ud83d":"\udc00"},"e":"\ud83d\ude00"}' + "\n")
    assert rows == [{"a": "x?y", "n": '{"?":"?"}', "e": "😀"}]
    assert item.malformed is None
