"""The Firehose transformer: golden events, then properties over random items and random garbage."""

from __future__ import annotations

import base64
import json
import string
import unicodedata
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sales_cdc.contract.change_contract import TOUCH

from tests import shipped

REPOSITORY = Path(__file__).parents[4]
GOLDEN = sorted((REPOSITORY / "tests" / "fixtures" / "events").glob("*.json"))
MEMBERS = (
    "orderID", "product_name", "quantity", "price", "event_type", "creation_time", "event_id", "sequence_number", "actor",
)  # fmt: skip
TAKEN_NAMES = {"orderid", *MEMBERS[1:], "source_stream", "rescued_data", "dt", "hr"}


transformer = shipped.load("include/lambda/lambda_transformer.py")


def firehose_event(*stream_records: Any) -> dict[str, Any]:
    """Each argument is a stream record, or bytes to stand in place of one."""
    return {
        "invocationId": "5c5f0d5e-8b0a-4d5f-9f6a-0f6f1c1f8a11",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/sales-cdc-delivery",
        "region": "us-east-1",
        "records": [
            {"recordId": f"4956{number:052d}", "data": base64.b64encode(as_bytes(record)).decode()}
            for number, record in enumerate(stream_records)
        ],
    }


def as_bytes(record: Any) -> bytes:
    return record if isinstance(record, bytes) else json.dumps(record).encode()


def transform(*stream_records: Any) -> list[dict[str, Any]]:
    """The answers, through JSON both ways as Lambda passes them."""
    event = firehose_event(*stream_records)
    answers: list[dict[str, Any]] = json.loads(json.dumps(transformer.handler(deepcopy(event), None)))["records"]
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in event["records"]]
    for answer, record in zip(answers, event["records"], strict=True):
        assert answer.keys() == {"recordId", "result", "data"}
        assert answer["result"] in {"Ok", "ProcessingFailed"}
        if answer["result"] == "ProcessingFailed":
            assert answer["data"] == record["data"]
    return answers


def line_of(stream_record: Any) -> str:
    (answer,) = transform(stream_record)
    assert answer["result"] == "Ok"
    return base64.b64decode(answer["data"], validate=True).decode()


def row_of(stream_record: Any) -> dict[str, Any]:
    """The line as an exact reader sees it; a member named twice is an error."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    row: dict[str, Any] = json.loads(
        line_of(stream_record), parse_float=Decimal, parse_int=Decimal, object_pairs_hook=unique
    )
    return row


def inserted(**attributes: Any) -> dict[str, Any]:
    """The stream record of a new order with these attributes, written as DynamoDB types them."""
    key = {"orderid": {"S": "order-1"}}
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795354800,
            "Keys": key,
            "NewImage": key | attributes,
            "SequenceNumber": "300000000000000499659",
        },
    }


def refuse(stream_record: Any, caplog: pytest.LogCaptureFixture) -> str:
    """Transform a record that must be refused; its one log line."""
    caplog.clear()
    (answer,) = transform(stream_record)
    assert answer["result"] == "ProcessingFailed"
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"ProcessingFailed recordId={answer['recordId']} eventID=")
    assert "\n" not in line
    assert "unexpected" not in line
    return line


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_event_becomes_its_line_to_the_byte(path: Path) -> None:
    golden = json.loads(path.read_text())
    assert line_of(golden["stream_record"]) == golden["line"]


def test_attribute_order_within_the_item_does_not_change_the_line() -> None:
    attributes = {"Foo": {"N": "1"}, "foo": {"N": "2"}, "zone": {"S": "eu"}, "Actor": {"S": "me"}}
    turned = dict(reversed(attributes.items()))
    assert line_of(inserted(**attributes)) == line_of(inserted(**turned))


def test_touch_that_only_makes_an_item_emit_a_change_is_no_attribute() -> None:
    touched = inserted(zone={"S": "eu"}, **{TOUCH: {"S": "repair-1"}})
    assert line_of(touched) == line_of(inserted(zone={"S": "eu"}))


def test_one_poison_record_leaves_its_neighbours_alone() -> None:
    answers = transform(inserted(), b"\xff\xfe", inserted(), b"", inserted())
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed", "Ok", "ProcessingFailed", "Ok"]


PRICES = ["1e2", "1E+2", "10.50", "0", "0.00", "-0", "9" * 38, "1" + "0" * 60, f"0.{'0' * 129}1", "1E-130", "9.99E+125"]


@pytest.mark.parametrize("text", PRICES, ids=lambda text: text[:12])
def test_price_keeps_the_text_of_its_number(text: str) -> None:
    assert f'"price":{text},"event_type"' in line_of(inserted(price={"N": text}))


@pytest.mark.parametrize(
    ("text", "written"),
    [("2.0", "2"), ("2E0", "2"), ("-0", "0"), ("1.2E+3", "1200"), ("-7", "-7"), (f"-{2**63}", f"-{2**63}")],
)
def test_integral_quantity_is_written_as_an_integer(text: str, written: str) -> None:
    assert f'"quantity":{written},"price"' in line_of(inserted(quantity={"N": text}))


def rescued_of(stream_record: Any) -> dict[str, Any]:
    """What the line rescues; its fields that are rescued have to be null."""
    row = row_of(stream_record)
    rescued: dict[str, Any] = json.loads(row.get("rescued_data", "{}"))
    assert all(row[name] is None for name in rescued)
    return rescued


@pytest.mark.parametrize("text", ["2.5", "1E-1", str(2**63), "1E+125", f"2.{'0' * 36}1"])
def test_quantity_that_is_no_integer_of_64_bits_is_rescued(text: str) -> None:
    assert rescued_of(inserted(quantity={"N": text})) == {"quantity": {"N": text}}


def test_rescued_values_stand_by_name_before_the_further_attributes_and_leave_the_rest_alone() -> None:
    line = line_of(inserted(quantity={"S": "5"}, price={"N": "1.50"}, product_name={"N": "7"}, zone={"S": "é"}))
    assert line.endswith(
        '"actor":"user","rescued_data":"{\\"product_name\\":{\\"N\\":\\"7\\"},\\"quantity\\":{\\"S\\":\\"5\\"}}","zone":"é"}\n'
    )
    assert '"product_name":null,"quantity":null,"price":1.50,' in line


NOT_NUMBERS = [
    *("", " 5", "5 ", "5\n", "+5", "1_000", "0x1", "٣", "²", "007", ".5", "5.", "1,5", "NaN", "Infinity", "-inf", "1e"),
    *("--1", "1E+126", "1E-131", "1E99999999999999999999", "9" * 39, "9" * 500_000),
]


@pytest.mark.parametrize("text", NOT_NUMBERS, ids=lambda text: text[:24])
@pytest.mark.parametrize("name", ["quantity", "price", "weight"])
def test_text_that_is_no_number_of_dynamodb_is_rescued(name: str, text: str) -> None:
    assert rescued_of(inserted(**{name: {"N": text}})) == {name: {"N": text}}


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("product_name", {"N": "5"}),
        ("product_name", {"SS": ["a"]}),
        ("quantity", {"S": "5"}),
        ("quantity", {"BOOL": True}),
        ("price", {"S": "10.50"}),
        ("price", {"L": []}),
    ],
)
def test_field_of_the_wrong_type_is_rescued(name: str, typed: Any) -> None:
    assert rescued_of(inserted(**{name: typed})) == {name: typed}


@pytest.mark.parametrize("name", ["product_name", "quantity", "price"])
def test_field_that_is_null_or_absent_is_null(name: str) -> None:
    assert row_of(inserted(**{name: {"NULL": True}})) == row_of(inserted())
    assert row_of(inserted())[name] is None


NOT_TYPED_VALUES = [
    *(None, "x", 5, [], {}, {"S": "x", "N": "1"}, {"X": "1"}, {"s": "x"}, {"S": 5}, {"S": None}, {"S": ["x"]}),
    *({"N": 5}, {"N": None}, {"BOOL": "true"}, {"BOOL": 1}, {"NULL": False}, {"NULL": "true"}, {"NULL": None}),
    *({"B": "a"}, {"B": "é==="}, {"B": "YQ==\n"}, {"B": 1}, {"M": []}, {"M": {"a": "b"}}, {"L": {}}, {"L": ["x"]}),
    *({"SS": "abc"}, {"SS": [1]}, {"NS": ["x"]}, {"NS": [1]}, {"BS": ["?"]}, {"BS": {}}),
]


@pytest.mark.parametrize("typed", NOT_TYPED_VALUES, ids=json.dumps)
def test_value_that_dynamodb_cannot_hold_is_rescued(typed: Any) -> None:
    assert rescued_of(inserted(weight=typed, price=typed)) == {"weight": typed, "price": typed}


def test_half_of_a_surrogate_pair_in_a_name_is_written_as_another_character() -> None:
    assert row_of(inserted(**{"a\udfff": {"S": "x"}}))["attr_a_"] == "x"


def test_half_of_a_surrogate_pair_is_rescued_in_a_text_that_utf_8_carries() -> None:
    line = line_of(inserted(note={"S": "a\ud800"}, product_name={"S": "laptop"}))
    assert line.isascii()
    assert rescued_of(inserted(note={"S": "a\ud800"})) == {"note": {"S": "a\ud800"}}
    assert '"product_name":"laptop"' in line


def test_value_that_is_nested_too_deeply_is_rescued() -> None:
    typed: Any = {"S": "x"}
    for _ in range(400):
        typed = {"L": [typed]}
    assert rescued_of(inserted(note=typed)) == {"note": typed}


def without(*path: str) -> dict[str, Any]:
    stream_record = inserted()
    holder: dict[str, Any] = stream_record
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return stream_record


@pytest.mark.parametrize(
    "path",
    [
        ("eventID",),
        ("eventName",),
        ("dynamodb",),
        ("dynamodb", "Keys"),
        ("dynamodb", "Keys", "orderid"),
        ("dynamodb", "NewImage"),
        ("dynamodb", "SequenceNumber"),
        ("dynamodb", "ApproximateCreationDateTime"),
    ],
    ids=".".join,
)
def test_record_that_lacks_what_makes_it_a_change_is_refused(
    path: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    expected = path[-1] if path != ("dynamodb", "Keys", "orderid") else "Keys"
    assert expected in refuse(without(*path), caplog)


@pytest.mark.parametrize(
    "changed",
    [
        {"SequenceNumber": "1" * 41},
        {"SequenceNumber": "12a"},
        {"SequenceNumber": "٣"},
        {"SequenceNumber": "-1"},
        {"SequenceNumber": ""},
        {"SequenceNumber": 12},
        {"ApproximateCreationDateTime": "1795354800"},
        {"ApproximateCreationDateTime": "2026-11-22T13:40:00Z"},
        {"ApproximateCreationDateTime": None},
        {"ApproximateCreationDateTime": True},
        {"ApproximateCreationDateTime": -1},
        {"ApproximateCreationDateTime": 1795354800000},
        {"ApproximateCreationDateTime": float("nan")},
        {"ApproximateCreationDateTime": float("inf")},
        {"Keys": {"orderid": {"S": ""}}},
        {"Keys": {"orderid": {"N": "1"}}},
        {"Keys": {"orderid": {"S": "order-1", "N": "1"}}},
        {"Keys": (both := {"orderid": {"S": "order-1", "N": "1"}}), "NewImage": both},
        {"Keys": {"orderid": "order-1"}},
        {"Keys": {"orderID": {"S": "order-1"}}},
        {"Keys": {"orderid": {"S": "order-2"}}},
        {"Keys": []},
        {"NewImage": []},
        {"NewImage": {}},
    ],
    ids=json.dumps,
)
def test_change_that_is_malformed_is_refused(changed: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    stream_record = inserted()
    stream_record["dynamodb"] |= changed
    refuse(stream_record, caplog)


@pytest.mark.parametrize("event_name", ["insert", "TRUNCATE", None, ["INSERT"], {"INSERT": 1}])
def test_other_event_name_is_refused(event_name: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert "eventName" in refuse(inserted() | {"eventName": event_name}, caplog)


@pytest.mark.parametrize("number_text", ["1795354800", "1.7953548E9", "1795354800.0", "1795354800.000999"])
def test_change_time_always_has_milliseconds_and_is_floored(number_text: str) -> None:
    stream_record = json.dumps(inserted()).replace("1795354800", number_text).encode()
    assert row_of(stream_record)["creation_time"] == "2026-11-22T13:40:00.000Z"


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, "ttl"),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, "ttl"),
        ({"type": "User", "principalId": "AIDAEXAMPLE"}, "user"),
        ({"PrincipalId": {"a": 1}, "principalId": None}, "user"),
        ({}, "user"),
        (None, "user"),
        ("dynamodb.amazonaws.com", "user"),
    ],
)
def test_actor_is_ttl_only_when_dynamodb_itself_deleted(identity: Any, actor: str) -> None:
    assert row_of(inserted() | {"eventName": "REMOVE", "userIdentity": identity})["actor"] == actor


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" ", b"null", b"5", b'"text"', b"[]", b"{}", b"{", b"\xff", b"\xef\xbb\xbf{}", b"NaN"),
        *(b'{"a":1}{"b":2}', b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"1e99999999999999999999"),
        json.dumps(inserted()).encode("utf-16"),
        json.dumps(inserted()).replace("order-1", "\\ud800").encode(),
    ],
    ids=lambda data: ascii(data[:20]),
)
def test_garbage_is_refused_and_returned_as_it_came(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    refuse(data, caplog)


def test_value_at_the_deepest_nesting_that_dynamodb_allows_is_transformed() -> None:
    typed: dict[str, Any] = {"N": "1"}
    for _ in range(32):
        typed = {"L": [{"M": {"in": typed}}]}
    assert line_of(inserted(deep=typed)).endswith("1" + "}]" * 32 + "}\n")


@pytest.mark.parametrize("data", ["%%%", "YQ", "YQ==YQ==", "é", "eyJ9\n"])
def test_data_that_is_not_base64_comes_back_as_it_was(data: str) -> None:
    event = {"records": [{"recordId": "1", "data": data}]}
    assert transformer.handler(event, None) == {
        "records": [{"recordId": "1", "result": "ProcessingFailed", "data": data}]
    }


def test_base64_with_junk_in_it_is_not_read_around_the_junk(caplog: pytest.LogCaptureFixture) -> None:
    event = firehose_event(inserted())
    event["records"][0]["data"] += "%"
    assert transformer.handler(event, None)["records"][0]["result"] == "ProcessingFailed"
    assert "not base64" in caplog.text


@pytest.mark.parametrize("record", [{"recordId": "1"}, {"recordId": "1", "data": None}, {"recordId": "1", "data": 5}])
def test_record_without_data_is_answered(record: dict[str, Any]) -> None:
    assert transformer.handler({"records": [record]}, None) == {
        "records": [{"recordId": "1", "result": "ProcessingFailed", "data": ""}]
    }


def test_what_has_no_record_id_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    good = firehose_event(inserted())["records"][0]
    answers = transformer.handler({"records": [None, "text", {"data": ""}, good]}, None)["records"]
    assert [answer["recordId"] for answer in answers] == [good["recordId"]]
    assert caplog.messages == ["3 of 4 records have no recordId, so they cannot be answered"]


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"records": None}, {"records": {}}, [], None, "text"])
def test_event_from_elsewhere_is_a_clear_error(event: Any) -> None:
    with pytest.raises(ValueError, match="no list 'records', so it does not come from a Firehose delivery stream"):
        transformer.handler(event, None)


def test_log_line_names_the_record_and_the_event(caplog: pytest.LogCaptureFixture) -> None:
    assert refuse(inserted() | {"eventName": "insert"}, caplog) == (
        f"ProcessingFailed recordId=4956{0:052d} eventID=c4ca4238a0b923820dcc509a6f75849b: "
        "eventName is not INSERT, MODIFY or REMOVE"
    )


@pytest.mark.parametrize("event_id", ["a\nb", "x" * 300, "Jane Doe, 1 High Street", "é"])
def test_event_id_unfit_for_a_log_line_stays_out_of_it(event_id: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "eventID=?: " in refuse(inserted() | {"eventID": event_id, "eventName": "insert"}, caplog)


def test_response_over_the_limit_of_lambda_sends_back_what_grew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    grows = json.dumps(inserted(note={"S": "\u2028" * 300}), ensure_ascii=False).encode()
    event = firehose_event(inserted(), grows, inserted())
    whole = transformer.handler(event, None)
    monkeypatch.setattr(transformer, "RESPONSE_LIMIT_BYTES", len(json.dumps(whole)) - 100)
    response = transformer.handler(event, None)
    assert [answer["result"] for answer in response["records"]] == ["Ok", "ProcessingFailed", "Ok"]
    assert response["records"][1]["data"] == event["records"][1]["data"]
    assert len(json.dumps(response)) < len(json.dumps(whole)) - 100
    assert "6 MB" in caplog.text


def test_response_that_nothing_can_shorten_is_returned_with_one_log_line_a_record(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transformer, "RESPONSE_LIMIT_BYTES", 10)
    assert [answer["result"] for answer in transform(b"garbage", b"garbage")] == ["ProcessingFailed"] * 2
    assert len(caplog.messages) == 2


# Properties. A random item is drawn together with what its row must hold.

numbers = st.one_of(
    st.integers(-(10**37), 10**37).map(str),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.builds(
        "{}{}.{}E{:+d}".format,
        st.sampled_from(["", "-"]),
        st.integers(1, 9),
        st.integers(0, 10**9),
        st.integers(-130, 125),
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.one_of(
    st.text(string.ascii_letters, min_size=1, max_size=3),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    st.sampled_from(
        ["orderID", "ORDERID", "Price", "PRICE", "event_id", "Actor", "attr_price", "ATTR_Price", "attr_attr_price"]
    ),
)
in_base64 = st.binary(max_size=9).map(lambda raw: base64.b64encode(raw).decode())
scalars = st.one_of(
    texts.map(lambda text: ({"S": text}, text)),
    numbers.map(lambda text: ({"N": text}, Decimal(text))),
    in_base64.map(lambda text: ({"B": text}, text)),
    st.booleans().map(lambda flag: ({"BOOL": flag}, flag)),
    st.just(({"NULL": True}, None)),
    st.lists(texts, max_size=3).map(lambda values: ({"SS": values}, values)),
    st.lists(numbers, max_size=3).map(lambda values: ({"NS": values}, [Decimal(value) for value in values])),
    st.lists(in_base64, max_size=3).map(lambda values: ({"BS": values}, values)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(
            lambda pairs: ({"L": [pair[0] for pair in pairs]}, [pair[1] for pair in pairs])
        ),
        st.dictionaries(names, inner, max_size=3).map(
            lambda members: (
                {"M": {name: pair[0] for name, pair in members.items()}},
                {name: pair[1] for name, pair in members.items()},
            )
        ),
    ),
    max_leaves=8,
)
own_names = {"orderid", "product_name", "quantity", "price"}
orders = st.fixed_dictionaries(
    {},
    optional={
        "product_name": texts.map(lambda text: ({"S": text}, text)),
        "quantity": st.integers(-(2**63), 2**63 - 1).map(lambda number: ({"N": str(number)}, Decimal(number))),
        "price": numbers.map(lambda text: ({"N": text}, Decimal(text))),
    },
)
further_attributes = st.dictionaries(names.filter(lambda name: name not in own_names), values, max_size=6)


def readable(name: str) -> str:
    """A name with another character for each that Athena cannot take."""
    return "".join("_" if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name)


def own_name(column: str, attributes: dict[str, Any]) -> str:
    """The attribute behind a column: the column's name less the fewest prefixes."""
    while column not in attributes:
        if found := sorted(name for name in attributes if readable(name) == column):
            return found[0]
        assert column.startswith("attr_")
        column = column.removeprefix("attr_")
    return column


@given(order=orders, further=further_attributes)
@example(order={}, further={"HR": ({"NULL": True}, None)})
def test_random_item_becomes_a_row_that_holds_all_of_it_exactly(order: dict[str, Any], further: dict[str, Any]) -> None:
    row = row_of(inserted(**{name: typed for name, (typed, _) in (order | further).items()}))

    assert tuple(row)[:9] == MEMBERS
    for name in ("product_name", "quantity", "price"):
        assert row[name] == order.get(name, (None, None))[1]
    columns = list(row)[9:]
    assert len(columns) == len(further)
    assert len({column.lower() for column in row}) == len(row)
    free = {name for name in further if name.lower() not in TAKEN_NAMES and name == readable(name) and name[:1] != "$"}
    for name in free:
        if sum(other.lower() == name.lower() for other in further) == 1:
            assert same_value(row[name], further[name][1])
    unclaimed = dict(further)
    for column in sorted(columns, key=len):
        source = own_name(column, unclaimed)
        assert same_value(row[column], unclaimed.pop(source)[1])
    assert unclaimed == {}


def same_value(shown: Any, expected: Any) -> bool:
    """Equal, where a map whose keys are no names of struct fields is shown as its JSON text."""
    if isinstance(expected, dict):
        plain = all(key.isascii() and key.isidentifier() for key in expected)
        plain = plain and len({key.lower() for key in expected}) == len(expected)
        found = shown if plain else json.loads(shown, parse_float=Decimal, parse_int=Decimal)
        return found.keys() == expected.keys() and all(same_value(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(shown) == len(expected) and all(map(same_value, shown, expected))
    return bool(shown == expected)


@pytest.mark.parametrize("key", ["a:b", "a,b", "<", "a b", "1a", "😀", 'a"b', "x-y", ""])
def test_a_map_that_no_struct_type_can_name_becomes_its_json_text(key: str) -> None:
    row = row_of(inserted(note={"M": {key: {"N": "1.50"}}}))
    assert json.loads(row["note"], parse_float=Decimal) == {key: Decimal("1.50")}


def test_a_map_whose_keys_differ_in_case_alone_becomes_its_json_text() -> None:
    assert row_of(inserted(note={"M": {"A": {"S": "x"}, "a": {"S": "y"}}}))["note"] == '{"A":"x","a":"y"}'


def test_a_map_with_plain_keys_stays_an_object() -> None:
    assert row_of(inserted(note={"M": {"a": {"S": "x"}}}))["note"] == {"a": "x"}


def test_a_map_of_many_keys_is_a_dictionary_and_becomes_its_json_text() -> None:
    members = {f"k{number}": {"N": str(number)} for number in range(100)}
    row = row_of(inserted(note={"M": members}, short={"M": dict(list(members.items())[:30])}))
    assert json.loads(row["note"]) == {f"k{number}": number for number in range(100)}
    assert row["short"] == {f"k{number}": number for number in range(30)}


def test_a_map_whose_type_might_be_too_long_for_glue_becomes_its_json_text() -> None:
    typed: Any = {"N": "1"}
    for _ in range(3):
        typed = {"M": {f"name_of_a_member_{number}": typed for number in range(12)}}
    assert isinstance(row_of(inserted(note=typed))["note"], str)
    assert isinstance(row_of(inserted(note={"L": [{"S": "x" * 20_000}]}))["note"], list)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("$path", "attr_$path"),
        ("$PATH", "attr_$PATH"),
        ("a\tb", "attr_a_b"),
        ("a\nb", "attr_a_b"),
        ("\x00", "attr__"),
        ("source_stream", "attr_source_stream"),
        ("Rescued_Data", "attr_Rescued_Data"),
    ],
)
def test_a_name_that_athena_cannot_take_gets_a_prefix(name: str, member: str) -> None:
    row = row_of(inserted(**{name: {"S": "mine"}}))
    assert list(row)[9:] == [member]
    assert row[member] == "mine"


def test_names_that_are_too_long_stay_apart_within_the_data_catalog_s_limit() -> None:
    names = ["n" * 300, "n" * 301, "é" * 200, "n" * 255, "N" * 255]
    members = list(row_of(inserted(**{name: {"S": name} for name in names})))[9:]
    assert len({member.lower() for member in members}) == len(names)
    assert all(len(member.encode()) <= 255 for member in members)
    assert "N" * 255 in members


@pytest.mark.parametrize(
    ("arn", "label"),
    [
        ("arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-11-22T09:00:00.000", "2026-11-22T09:00:00.000"),
        (None, None),
        ("", None),
        (["arn"], None),
        ("arn/with\x00", None),
    ],
)
def test_the_stream_s_label_stands_in_the_event(arn: Any, label: str | None) -> None:
    row = row_of(inserted() | ({} if arn is None else {"eventSourceARN": arn}))
    assert row.get("source_stream") == label
    assert (list(row)[9:] == ["source_stream"]) is (label is not None)


@pytest.mark.parametrize("name", ["dt", "HR"])
def test_an_attribute_named_as_a_partition_column_keeps_its_value_under_another_name(name: str) -> None:
    assert row_of(inserted(**{name: {"S": "mine"}}))[f"attr_{name}"] == "mine"


@given(order=orders, further=further_attributes)
def test_line_is_one_line_for_every_reader(order: dict[str, Any], further: dict[str, Any]) -> None:
    line = line_of(inserted(**{name: typed for name, (typed, _) in (order | further).items()}))
    assert line.endswith("}\n")
    assert len(line.splitlines()) == 1


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(["S", "N", "M", "L", "NS", "BOOL", "NULL"]), st.text(max_size=4)),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
places = st.sampled_from(
    [
        ("eventID",),
        ("eventName",),
        ("userIdentity",),
        ("dynamodb",),
        ("dynamodb", "Keys"),
        ("dynamodb", "Keys", "orderid"),
        ("dynamodb", "NewImage"),
        ("dynamodb", "NewImage", "orderid"),
        ("dynamodb", "NewImage", "quantity"),
        ("dynamodb", "NewImage", "price"),
        ("dynamodb", "NewImage", "note"),
        ("dynamodb", "SequenceNumber"),
        ("dynamodb", "ApproximateCreationDateTime"),
    ]
)


@given(place=places, value=json_values)
def test_any_json_in_any_place_is_answered_with_a_valid_line_or_the_original(
    place: tuple[str, ...], value: Any
) -> None:
    stream_record = inserted(quantity={"N": "1"}, price={"N": "2"})
    holder: dict[str, Any] = stream_record
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    (answer,) = transform(stream_record)
    if answer["result"] == "Ok":
        event = json.loads(base64.b64decode(answer["data"], validate=True), parse_constant=pytest.fail)
        assert tuple(event)[:9] == MEMBERS
        assert place[-1] not in {"Keys", "SequenceNumber", "ApproximateCreationDateTime"}
    else:
        assert place[-1] not in {"quantity", "price", "note", "userIdentity"}, (
            "a change with its identity is never refused"
        )


@given(data=st.lists(st.binary(max_size=60), max_size=4))
@example(data=[b"{}"] * 3)
def test_any_bytes_are_answered(data: list[bytes]) -> None:
    assert all(answer["result"] == "ProcessingFailed" for answer in transform(*data))


def poison_with(secret: str) -> dict[str, Any]:
    """Records that are refused for as many reasons as there are, each full of one secret."""
    item = inserted(product_name={"S": secret}, note={"S": secret})
    change = item["dynamodb"]
    key = {"orderid": {"S": secret}}
    change |= {"Keys": key, "NewImage": change["NewImage"] | key}
    records: dict[str, Any] = {
        "event name": item | {"eventName": secret},
        "sequence number": item | {"dynamodb": change | {"SequenceNumber": secret}},
        "time": item | {"dynamodb": change | {"ApproximateCreationDateTime": secret}},
        "other key": item | {"dynamodb": change | {"Keys": {"orderid": {"S": secret + "2"}}}},
        "no JSON": secret.encode(),
        "no UTF-8": secret.encode() + b"\xff",
    }
    return records


@pytest.mark.parametrize("reason", poison_with(""))
def test_no_value_of_a_refused_item_reaches_the_log(reason: str, caplog: pytest.LogCaptureFixture) -> None:
    secret = "janedoehighstreet"
    line = refuse(poison_with(secret)[reason], caplog)
    assert secret not in line
