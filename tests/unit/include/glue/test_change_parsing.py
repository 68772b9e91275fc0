"""Lines to changes: what the Glue job's Python workers do, without Spark."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import curation
import pytest
from change_contract import probe_key
from curation import within_days
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_lines import BadRow, LineParser
from raw_objects import ObjectReader

from tests.unit.include.glue.conftest import ORDERS
from tests.unit.include.glue.raw_zone import CONTRACT, event

CONTRACT_AND_VIEWS = {*CONTRACT, "further_attributes", "is_deleted", "valid_from", "valid_to", "is_current"}
attribute_names = st.sets(
    st.text(min_size=1, max_size=8)
    | st.sampled_from(["Price", "price", "PRICE", "attr_price", "_file", "ı", "a-b", "a_b", "x" * 300, "x" * 299])
)
plain_values: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text()
)
json_values = st.recursive(
    plain_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def parsed(**fields: Any) -> dict[str, Any]:
    texts, further = LineParser(ORDERS).change(json.dumps(event("a", 1) | fields).encode())
    return dict(zip(CONTRACT, texts, strict=True)) | dict(further)


def numbered(value: Any) -> str:
    """JSON by another road than the script's: numbers travel as strings that no text can hold."""
    marked = json.dumps(value, default=lambda number: f"\x00{number}\x00")
    return marked.replace('"\\u0000', "").replace('\\u0000"', "")


@settings(max_examples=100, deadline=None)
@given(
    value=json_values.filter(
        lambda value: "\x00" not in repr(value) and "\\x00" not in repr(value) and value is not None
    )
)
def test_a_further_attribute_keeps_every_digit_at_any_depth(value: Any) -> None:
    line = json.dumps(event("a", 1))[:-1] + f', "extra": {numbered(value)}}}'
    try:
        _, further = LineParser(ORDERS).change(line.encode())
    except BadRow:
        pytest.fail(f"refused: {line}")
    if isinstance(value, str):
        assert dict(further)["extra"] == value
    else:
        assert json.loads(dict(further)["extra"], parse_float=Decimal) == json.loads(
            numbered(value), parse_float=Decimal
        )


@settings(max_examples=150, deadline=None)
@given(names=attribute_names)
def test_attribute_columns_are_distinct_names_that_athena_and_iceberg_take(names: set[str]) -> None:
    columns = ORDERS.further_columns(tuple(names))
    assert set(columns) == names
    assert len(set(columns.values())) == len(names)
    for column in columns.values():
        assert column.isascii()
        assert len(column) <= 255
        assert column == column.lower()
        assert column.replace("_", "a").isalnum()
        assert column[0].isalpha()
        assert column not in CONTRACT_AND_VIEWS
    assert columns == ORDERS.further_columns(tuple(sorted(names, reverse=True)))
    assert all(columns[name] == name for name in names if name.isidentifier() and name.islower() and name.isascii() and name[0] != "_" and name not in CONTRACT_AND_VIEWS and len(name) <= 200)  # fmt: skip


@given(hundredths=st.integers(-(10**13), 10**13), zeros=st.integers(0, 4), tenths_of_a_cent=st.integers(0, 9))
def test_a_price_is_taken_exactly_or_not_at_all(hundredths: int, zeros: int, tenths_of_a_cent: int) -> None:
    sign, digits = "-" if hundredths < 0 else "", f"{abs(hundredths):03d}"
    text = f"{sign}{digits[:-2]}.{digits[-2:]}{tenths_of_a_cent}{'0' * zeros}"
    line = json.dumps(event("a", 1, price="the price")).replace('"the price"', text).encode()
    texts = dict(zip(CONTRACT, LineParser(ORDERS).change(line)[0], strict=True))
    if tenths_of_a_cent or abs(hundredths) >= 10**12:
        assert texts["price"] is None
        assert json.loads(texts["rescued_data"]) == {"price": {"N": text}}
    else:
        assert int(texts["price"].replace(".", "")) == hundredths
        assert texts["rescued_data"] is None


@pytest.mark.parametrize(
    ("field", "value", "typed"),
    [
        ("product_name", {"S": "laptop"}, {"M": {"S": {"S": "laptop"}}}),
        ("quantity", 1.5, {"N": "1.5"}),
        ("quantity", True, {"BOOL": True}),
        ("quantity", "1", {"S": "1"}),
        ("quantity", 2**63, {"N": str(2**63)}),
        ("price", "1.00", {"S": "1.00"}),
        ("price", True, {"BOOL": True}),
        ("actor", "somebody", {"S": "somebody"}),
        ("source_stream", "", {"S": ""}),
        ("rescued_data", "no JSON", {"S": "no JSON"}),
        ("rescued_data", {"a": 1}, {"M": {"a": {"N": "1"}}}),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_rescued(field: str, value: Any, typed: Any) -> None:
    found = parsed(**{field: value})
    assert json.loads(found["rescued_data"]) == {field: typed}
    assert field == "rescued_data" or found[field] is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("orderID", "", "orderID is not a text"),
        ("orderID", 5, "orderID is not a text"),
        ("orderID", None, "orderID is missing"),
        ("event_type", "insert", "event_type is not INSERT, MODIFY or REMOVE"),
        ("creation_time", "yesterday", "creation_time is not an ISO-8601 time with its zone"),
        ("creation_time", "2026-13-01T00:00:00Z", "creation_time is not an ISO-8601 time with its zone"),
        ("creation_time", "2026-11-22T10:00:00", "creation_time is not an ISO-8601 time with its zone"),
        ("creation_time", 1795341600, "creation_time is not an ISO-8601 time with its zone"),
        ("sequence_number", "12x", "sequence_number is not a text of at most 40 digits"),
        ("sequence_number", "٣", "sequence_number is not a text of at most 40 digits"),
        ("sequence_number", "1" * 41, "sequence_number is not a text of at most 40 digits"),
        ("event_id", None, "event_id is missing"),
    ],
)
def test_a_line_without_its_identity_is_refused_and_what_is_wrong_is_named(field: str, value: Any, reason: str) -> None:
    with pytest.raises(BadRow) as refused:
        parsed(**{field: value})
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    "line", [b"{", b"null", b'"text"', b"1", b'{"a":NaN}', b"\xff", b'{"a":"\\ud800"}', b"[" * 100_000, b"{} {}"]
)
def test_a_line_that_is_no_json_object_is_refused(line: bytes) -> None:
    with pytest.raises(BadRow):
        LineParser(ORDERS).change(line)


def test_every_truncation_of_a_line_is_refused() -> None:
    line = json.dumps(event("ä", 1, nested={"a": [1, "x"]}), ensure_ascii=False).encode()
    for length in range(1, len(line)):
        with pytest.raises(BadRow):
            LineParser(ORDERS).change(line[:length])


def test_times_are_brought_to_utc() -> None:
    assert parsed(creation_time="2026-11-22T01:30:00+02:00")["creation_time"] == "2026-11-21 23:30:00"


def test_the_setups_probe_counts_nowhere() -> None:
    assert LineParser(ORDERS).change(json.dumps({"orderID": probe_key(), "quantity": "broken"}).encode()) is None


@given(days=st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), min_size=1, max_size=120))
def test_the_day_filter_covers_every_day_and_few_ranges_cover_only_those(days: set[date]) -> None:
    words = within_days(days).replace("(", " ").replace(")", " ").replace("'", " ").split()
    bounds = [date.fromisoformat(word) for word in words if word[:2] == "20"]
    ranges = list(zip(bounds[::2], bounds[1::2], strict=True))
    covered = {first + timedelta(days=number) for first, end in ranges for number in range((end - first).days)}
    assert len(ranges) <= curation.MAX_DAY_RANGES
    assert days == covered if len(ranges) > 1 else days <= covered


FIELD_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "orderID": st.sampled_from(["a", "", "ä\u2028", 'a"b', "a\\", "sales-cdc-probe-1", probe_key(), None, 5]),
    "product_name": st.sampled_from(["laptop", "", None, "a\tb", "null", {"S": "x"}]),
    "quantity": st.sampled_from([0, -3, 2**63 - 1, 2**63, 10**17, None, 1.5, True, "1"]),
    "price": st.sampled_from([10.5, 0, -0.01, 9999999999.99, 10**10, 1.005, 7.1, None, "1.00", 1e-7, 1e22]),
    "event_type": st.sampled_from(["INSERT", "MODIFY", "REMOVE", "insert"]),
    "creation_time": st.sampled_from(["2026-11-22T10:00:00.000Z", "2026-02-30T10:00:00.000Z", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.250+02:00", "0000-01-01T00:00:00.000Z", 5]),
    "event_id": st.sampled_from(["e", "", None]),
    "sequence_number": st.sampled_from(["7", "7".zfill(40), "1" * 41, "٣", ""]),
    "actor": st.sampled_from(["user", "ttl", "somebody"]),
    "source_stream": st.sampled_from(["2026-11-22T09:00:00.000", "", None, 5]),
    "rescued_data": st.sampled_from([None, '{"quantity":{"S":"5"}}', "[]", 5]),
}  # fmt: skip
further_attributes = st.dictionaries(
    st.sampled_from(["colour", "Price", "price ", "is_deleted", "orderid", "weight"]), json_values, max_size=3
)
whole_events = st.fixed_dictionaries(
    {name: values | st.just(event("a", 1).get(name)) for name, values in FIELD_VALUES.items()}
)


@settings(max_examples=300, deadline=None)
@given(
    events=st.lists(
        st.tuples(whole_events, further_attributes, st.booleans(), st.integers(-3, 0)), min_size=1, max_size=4
    )
)
def test_lines_taken_apart_at_once_give_what_each_gives_alone(events: list[Any]) -> None:
    lines = []
    for fields, further, compact, cut in events:
        text = json.dumps(
            {**fields, **further}, default=str, ensure_ascii=compact, separators=(",", ":") if compact else None
        )
        lines.append(text.encode(errors="surrogatepass")[: cut or None].replace(b"\n", b""))
    lines += [b"\xff"] * (events[0][3] == -3)
    alone = [ObjectReader(ORDERS).other_rows("key", [(number, line)]) for number, line in enumerate(lines, 1)]
    expected = sorted((_as_typed(row) for rows in alone for row in rows.to_pylist()), key=repr)
    found = [row for rows in ObjectReader(ORDERS).rows("key", b"\n".join(lines)) for row in rows.to_pylist()]
    assert sorted(map(_as_typed, found), key=repr) == expected


def _as_typed(row: dict[str, Any]) -> tuple[Any, ...]:
    """As the tables will hold it; a change's line is of no interest."""
    typed = row | {
        "price": row["price"] and Decimal(row["price"]).quantize(Decimal("0.01")),
        "creation_time": row["creation_time"] and datetime.fromisoformat(row["creation_time"]),
        "_further": sorted(row["_further"]),
    }
    return tuple(
        value for name, value in typed.items() if row["reason"] or name not in ("source_object", "line_number")
    )


@pytest.mark.parametrize(
    "end",
    [
        '"user"}',
        '"user","source_stream":"2026-11-22T09:00:00.000","weight":1}',
        '"user","weight":0.10,"colour":null}',
        '"ttl"}',
    ],
)
def test_the_transformers_lines_are_plain_ones(end: str) -> None:
    line = json.dumps(event("ä", 1), separators=(",", ":"), ensure_ascii=False).replace('"user"}', end).encode()
    rows, taken = ObjectReader(ORDERS).plain_rows([line, b"{" + line])
    assert (rows.num_rows, taken) == (1, [True, False])


@pytest.mark.parametrize(
    "end", [',,"a":1}', ',"a":1,}', ',"orderID":"b"}', ',"a":01}', ',"a":1} {}', ',"price":1.005}', ","]
)
def test_a_line_with_another_end_is_no_plain_one(end: str) -> None:
    line = json.dumps(event("a", 1))[:-1] + end
    assert ObjectReader(ORDERS).plain_rows([line.encode()])[1] == [False]
