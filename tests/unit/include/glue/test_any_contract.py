"""Arbitrary items of a contract with every type and two keys, through transformer and Spark job: the table is the oracle's."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from change_contract import Contract
from contract_file import load_contract
from curated_tables import Lake
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from raw_lines import LineParser
from sales_cdc.contract.curated_row import CuratedRows
from sales_cdc.contract.order_keys import OrderKeys

from tests import shipped
from tests.unit.include import items
from tests.unit.include.glue.raw_zone import RawZone

DECLARED = {
    "entity": "invoices",
    "key": [{"attribute": "Customer", "type": "S"}, {"attribute": "line no", "type": "N", "member": "line"}],
    "fields": [
        {"attribute": "name", "type": "string"},
        {"attribute": "units", "type": "bigint"},
        {"attribute": "weight", "type": "double"},
        {"attribute": "total", "type": "decimal(38,10)"},
        {"attribute": "paid", "type": "boolean"},
        {"attribute": "due", "type": "timestamp"},
        {"attribute": "terms", "type": "json"},
    ],
}
NAMES = {each["attribute"] for each in (*DECLARED["key"], *DECLARED["fields"])}
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 (the zone is UTC)


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    path = tmp_path_factory.mktemp("contract") / "contract.json"
    path.write_text(json.dumps(DECLARED))
    return load_contract(path)


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The transformer as its package holds it, with this contract."""
    path = tmp_path_factory.mktemp("package") / "contract.json"
    path.write_text(json.dumps(DECLARED))
    return shipped.transformer(path)


# Each value with what its column shows; a Rescued one is null there, and stands as it is in rescued_data.


class Rescued:
    """Shown nowhere but in rescued_data."""


def times() -> st.SearchStrategy[Any]:
    def typed(moment: datetime) -> Any:
        return st.sampled_from(
            [
                {"S": f"{moment.isoformat(timespec='microseconds')}Z"},
                {"S": moment.isoformat(sep=" ", timespec="microseconds")},
                *([{"S": moment.replace(tzinfo=UTC).astimezone(ZONE).isoformat()}] if moment.year > 1 else []),
            ]
        ).map(lambda value: (value, moment))

    return TIMES.flatmap(typed)


ZONE = UTC if os.name == "nt" else datetime.fromisoformat("2026-01-01T00:00:00-03:30").tzinfo
epochs = st.sampled_from(
    [
        ({"N": "0"}, datetime(1970, 1, 1)),  # noqa: DTZ001
        ({"N": "1795354800.25"}, datetime(2026, 11, 22, 13, 40, 0, 250000)),  # noqa: DTZ001
        ({"N": "1795354800250"}, datetime(2026, 11, 22, 13, 40, 0, 250000)),  # noqa: DTZ001
        ({"N": "-1"}, datetime(1969, 12, 31, 23, 59, 59)),  # noqa: DTZ001
    ]
)
exact = st.decimals(-(10**27), 10**27, places=10).map(lambda number: ({"N": str(number)}, number))
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "name": items.texts.map(lambda text: ({"S": text}, text)),
    "units": st.integers(-(2**63), 2**63 - 1).map(lambda number: ({"N": str(number)}, number)),
    "weight": items.numbers.map(lambda text: ({"N": text}, float(text))),
    "total": exact,
    "paid": st.booleans().map(lambda flag: ({"BOOL": flag}, flag)),
    "due": times() | epochs,
    "terms": st.sampled_from(
        [
            ({"M": {"a b": {"N": "1.50"}, "c": {"SS": ["x"]}}}, '{"a b":1.50,"c":["x"]}'),
            ({"S": "x"}, '"x"'),
            ({"L": [{"NULL": True}, {"BOOL": False}]}, "[null,false]"),
        ]
    ),
}
UNFIT: dict[str, list[Any]] = {
    "name": [{"N": "5"}, {"SS": ["a"]}],
    "units": [{"N": "1.5"}, {"N": str(2**63)}, {"S": "5"}],
    "weight": [{"S": "heavy"}, {"BOOL": True}],
    "total": [{"N": "0.00000000001"}, {"N": "1" + "0" * 30}, {"S": "1"}],
    "paid": [{"S": "true"}, {"N": "1"}],
    "due": [
        {"S": "yesterday"},
        {"S": "2026-02-30"},
        {"N": "0.0000001"},
        {"S": "2026-01-01T00:00:00.0000001Z"},
        {"N": "1E+20"},
    ],
    "terms": [],
}
fields = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(
            fitting,
            st.just(({"NULL": True}, None)),
            *([st.sampled_from(UNFIT[name]).map(lambda typed: (typed, Rescued))] if UNFIT[name] else []),
        )
        for name, fitting in FITTING.items()
    },
)
further = st.dictionaries(items.names.filter(lambda name: name not in NAMES), items.typed_values, max_size=4)
keys = st.tuples(
    items.texts.filter(bool) | st.sampled_from(["c", "it's", '["c","7"]']),
    items.numbers | st.sampled_from(["7", "7.0", "70E-1", "-0", "0.50"]),
)
"""Of two attributes; some keys are equal, though written otherwise."""


def plain_number(text: str) -> str:
    """A number without exponent and without zeros that say nothing, by digits alone."""
    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits)).rjust(max(0, -exponent) + 1, "0") + "0" * max(0, exponent)
    whole, fraction = (written[:exponent], written[exponent:].rstrip("0")) if exponent < 0 else (written, "")
    shown = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
    return shown if shown == "0" or not sign else f"-{shown}"


def line_of(transformer: ModuleType, item: dict[str, Any], number: int) -> str:
    keys = {name: item[name] for name in ("Customer", "line no")}
    record = {
        "eventID": f"e{number}", "eventName": "INSERT",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/invoices/stream/2026-11-22T09:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795354800, "Keys": keys, "NewImage": item, "SequenceNumber": str(number),
        },
    }  # fmt: skip
    data = base64.b64encode(json.dumps(record).encode()).decode()
    (answer,) = transformer.handler({"records": [{"recordId": "1", "data": data}]}, None)["records"]
    assert answer["result"] == "Ok", "a change with its identity is never refused"
    return base64.b64decode(answer["data"]).decode().rstrip("\n")


def expected(order: dict[str, Any]) -> dict[str, Any]:
    row = {name: None if shown is Rescued else shown for name, (_, shown) in order.items()}
    rescued = {name: typed for name, (typed, shown) in order.items() if shown is Rescued}
    return dict.fromkeys(FITTING) | row | {"rescued_data": rescued or None}


def shown(row: Any) -> dict[str, Any]:
    found = {name: row[name] for name in FITTING}
    return found | {"rescued_data": row["rescued_data"] and json.loads(row["rescued_data"])}


@settings(
    max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)  # Spark is slow
@given(data=st.lists(st.tuples(fields, further, keys), min_size=6, max_size=20))
def test_arbitrary_items_are_in_the_curated_table_with_what_was_rescued(
    transformer: ModuleType, contract: Contract, spark: Any, data: list[Any]
) -> None:
    lake = Lake(spark, "test", "any_contract", contract)
    spark.sql("CREATE NAMESPACE IF NOT EXISTS test.any_contract")
    for table in (lake.changes, lake.current, lake.quarantine, lake.intake):
        spark.sql(f"DROP TABLE IF EXISTS {lake.name(table)}")
    raw, wanted, made, written = RawZone(), {}, {}, []
    for number, (order, more, (customer, line)) in enumerate(data):
        key = {"Customer": {"S": customer}, "line no": {"N": line}}
        item = {**key, **{name: typed for name, (typed, _) in order.items()}, **more}
        at = customer, plain_number(line)
        wanted[at], made[at] = expected(order), item
        written.append(line_of(transformer, item, number))
    probe = OrderKeys(contract).of_probe(OrderKeys(contract).new_probe())
    raw.put("1.json", *written, line_of(transformer, probe, len(data)))
    counts = raw.curate(lake)
    assert (counts["quarantined"], counts["changes"]) == (0, len(data))
    rows = {(row["customer"], row["line"]): row for row in lake.read(lake.current).collect()}
    assert rows.keys() == wanted.keys()
    found = {(key, name): value for key, row in rows.items() for name, value in shown(row).items()}
    told = {(key, name): value for key, row in wanted.items() for name, value in row.items()}
    assert [(at, value, told[at]) for at, value in found.items() if value != told[at]] == []
    maker = CuratedRows(contract)
    for key, row in rows.items():
        assert OrderKeys(contract).of_item(made[key]) == OrderKeys(contract).of_texts(key)
        for column, text in maker.item_row(made[key]).items():
            if column not in FITTING:
                assert row[column] == text


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=fields, more=further, key=keys)
def test_reconciliation_knows_the_row_of_any_contract(
    transformer: ModuleType, contract: Contract, order: Any, more: Any, key: Any
) -> None:
    item = {
        "Customer": {"S": key[0]},
        "line no": {"N": key[1]},
        **{name: typed for name, (typed, _) in order.items()},
        **more,
    }
    rows, line = CuratedRows(contract), line_of(transformer, item, 1)
    texts, others = LineParser(contract).change(line.encode()) or ([], [])
    read = dict(zip(contract.columns, texts, strict=True)) | dict(others)
    row = rows.item_row(item)
    content = {name: text for name, text in read.items() if text is not None and name not in IDENTITY}
    assert row.keys() == content.keys()
    for name in row.keys() - {"weight", "total"}:
        assert row[name] == content[name]
    for name in row.keys() & {"weight", "total"}:
        assert float(row[name]) == float(content[name])
    assert rows.differences(item, row) == {}
    event = json.loads(line, parse_float=Decimal)
    assert rows.event_row(event) == row
    assert (read["customer"], read["line"]) == (key[0], plain_number(key[1]))
    assert OrderKeys(contract).of_event(event) == OrderKeys(contract).of_item(item)


IDENTITY = {"customer", "line", "event_type", "creation_time", "event_id", "sequence_number", "actor", "source_stream"}


@pytest.mark.parametrize(
    ("number", "text"),
    [(12.5, "12.5"), (1e10, "1.0E10"), (1.5e-7, "1.5E-7"), (-0.001, "-0.001"), (123456789.25, "1.2345678925E8")],
)
def test_a_double_is_shown_as_athena_shows_it(contract: Contract, number: float, text: str) -> None:
    item = {"Customer": {"S": "c"}, "line no": {"N": "7"}, "weight": {"N": repr(number)}}
    assert CuratedRows(contract).item_row(item) == {"weight": text}
