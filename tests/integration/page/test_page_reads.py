"""The page reads a real cloud: every statement on both kinds of tables, the newest objects, every hop."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sales_cdc.page.tabs import changes, flow, insights, older, orders, trust, verdict
from sales_cdc.page.views.lookback import Lookback
from sales_cdc.page.views.order_filter import OrderFilter
from sales_cdc.verdict.matters import Acknowledgement

from tests.conftest import Cloud
from tests.integration.page.aging_lake import AGED, AgingLake
from tests.integration.page.lake import HOUR, Lake, raw_line
from tests.request_counts import counted_requests

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lake(cloud: Cloud) -> Lake:
    return Lake(cloud, "tpagereads")


@pytest.fixture(scope="module", params=["raw", "curated"])
def filled(lake: Lake, request: pytest.FixtureRequest) -> Lake:
    """The lake with the crawled table alone, and then with the curated tables, which the page prefers."""
    if request.param == "raw":
        lake.fill_raw()
    else:
        lake.fill_curated()
    return lake


def test_changes_orders_and_versions_are_the_same_from_either_table(filled: Lake) -> None:
    bars = changes.changes(filled.reader, "day")["bars"]
    assert [(bar["inserts"], bar["updates"], bar["deletes"]) for bar in bars] == [(2, 1, 1)]
    found = orders.found_orders(filled.reader, "Laptop")["orders"]
    assert [(order["orderid"], order["values"]["product_name"], order["event_type"]) for order in found] == [("it's", "laptop", "REMOVE")]  # fmt: skip
    assert [order["values"]["price"] for order in orders.found_orders(filled.reader, "b")["orders"]] == ["10.10"]
    shown = orders.order(filled.reader, "it's")["versions"]
    assert [version["event_type"] for version in shown] == ["REMOVE", "MODIFY", "INSERT"]
    assert {field["name"]: field["after"] for field in shown[1]["fields"] if field["changed"]} == {"quantity": "3"}


def test_the_rows_of_a_table_are_counted_by_two_calls_however_many_there_are(cloud: Cloud) -> None:
    lake = Lake(cloud, "tpagecounts")
    assert lake.reader.count("orders_changes") is None
    lake.run(
        f"CREATE TABLE orders_changes (orderid string) LOCATION '{lake.topology.s3_uri('curated/counted/')}' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    assert lake.reader.count("orders_changes") == 0
    for number in range(4):
        lake.run(f"INSERT INTO orders_changes VALUES 'a{number}', 'b{number}'")
    lake.run("DELETE FROM orders_changes WHERE orderid = 'a0'")
    with counted_requests() as requests:
        assert lake.reader.count("orders_changes") == 7
    assert requests == {"glue": 1, "s3": 1}


def test_every_insight_runs_over_the_curated_tables(lake: Lake) -> None:
    counts = {
        each["name"]: len(insights.insight(lake.reader, each["name"])["rows"]) for each in insights.insight_names()
    }
    assert counts == {
        "revenue_by_product_and_day": 1, "cancellation_rate": 1, "change_mix_by_hour": 1,
        "demand_and_prices_by_day": 2, "most_changed_orders": 2,
    }  # fmt: skip


def test_the_answers_of_the_last_batch_are_shown_without_another_query(lake: Lake) -> None:
    today = datetime.now(UTC).date()
    days = {"from_day": str(today - timedelta(days=30)), "until_day": str(today + timedelta(days=1))}
    files = ("cancellation_rate", "change_mix_by_hour")
    asked = {name: lake.reader.ask(f"insights/{name}.sql", days) for name in files}
    named = [{"name": name, "query": asked[name].query} for name in files]
    foreign = [{"name": "most_changed_orders", "query": asked[files[0]].query}]
    gone = [{"name": "revenue_by_product_and_day", "query": "00000000-0000-0000-0000-000000000000"}]
    lake.put("ledger/batch/one/report.json", {"run_id": "one", "insights": [*named, *foreign, *gone]})

    shown = insights.insight(lake.reader, "cancellation_rate")
    assert (shown["run_id"], shown["rows"], shown["sql"]) == ("one", asked[files[0]].rows, asked[files[0]].sql)
    assert shown["asked_at"] == asked[files[0]].asked_at.astimezone(UTC).isoformat()
    assert insights.insight(lake.reader, "most_changed_orders")["run_id"] == ""
    assert insights.insight(lake.reader, "revenue_by_product_and_day")["run_id"] == ""
    counted = changes.changes(lake.reader, "day")
    assert (counted["run_id"], counted["bars"]) == ("one", changes.changes(lake.reader, "day", refresh=True)["bars"])


def test_the_last_runs_of_the_ledger_table_come_oldest_first(lake: Lake) -> None:
    numbers = ", ".join(
        f"{name} bigint" for name in ("written", "captured", "delivered", "failed", "dropped", "curated")
    )
    lags = ", ".join(
        f"lag_{zone}_{part}_seconds double" for zone in ("raw", "curated") for part in ("p50", "p99", "max")
    )
    where = lake.topology.s3_uri("curated/pipeline_ledger/")
    lake.run(
        f"CREATE TABLE pipeline_ledger (run_id string, run_at timestamp, event_type string, {numbers}, {lags}) "
        f"LOCATION '{where}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    line = "('{run}', TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}', '{kind}', 5, 5, 5, 0, 0, 5, 1e0, 2e0, 3e0, 4e0, 5e0, 6e0)"
    times = {"late": HOUR - timedelta(days=1), "early": HOUR - timedelta(days=2), "old": HOUR - timedelta(days=90)}
    rows = [line.format(run=run, at=at, kind=kind) for run, at in times.items() for kind in ("INSERT", "MODIFY")]
    lake.run(f"INSERT INTO pipeline_ledger VALUES {', '.join(rows)}")
    runs = trust.ledger_runs(lake.reader)["runs"]
    assert [(run["run_id"], run["written"], run["run_at"]) for run in runs] == [
        (name, "10", f"{times[name]:%Y-%m-%dT%H:%M:%S}.000Z") for name in ("early", "late")
    ]


def test_the_newest_changes_are_those_of_the_newest_objects(lake: Lake) -> None:
    for at in range(9):
        lake.put(
            f"raw/orders/dt=2999-01-01/hr=0{at}/sales-{at}.json", raw_line(f"order-{at}", "tv", 1, "2.50", "INSERT", at)
        )
    last = "raw/orders/dt=2999-01-01/hr=08/sales-9.json"
    lake.put(
        last,
        raw_line("older", "tv", 1, "2.50", "INSERT", 1),
        "no json",
        raw_line("newest", "tv", 1, "2.5", "MODIFY", 2),
    )
    for _ in range(2):
        tail = lake.reader.newest_changes()
        assert [line["orderID"] for line, _ in tail.lines] == ["newest", "older", "order-8"]
        assert tail.lines[0][0]["price"] == Decimal("2.5")
    assert [event["orderid"] for event in changes.live(lake.reader)["events"]] == ["newest", "older", "order-8"]


def test_the_newest_failed_records_are_found_among_all_kinds_and_days(lake: Lake) -> None:
    for day in range(1, 10):
        lake.put(f"errors/processing-failed/dt=2026-11-0{day}/f.json", {"errorMessage": f"day {day}"})
    lake.put("errors/other/direct.json", {"errorMessage": "no day"})
    tail = lake.reader.failed_records()
    messages = [line["errorMessage"] for line, _ in tail.lines]
    assert set(messages) <= {"no day", *(f"day {day}" for day in range(3, 10))}
    assert len(tail.objects) == 8
    assert not tail.is_whole


def test_the_report_of_a_run_is_found_beside_deeper_objects(lake: Lake) -> None:
    assert lake.reader.newest_report("ledger/redrive/") is None
    lake.put("ledger/redrive/run.json", {"run_id": "run", "share": 1.5})
    lake.put("ledger/redrive/trimmed/position.json", {"run_id": "no report"})
    found = lake.reader.newest_report("ledger/redrive/")
    assert found
    assert (found.key, found.document) == ("ledger/redrive/run.json", {"run_id": "run", "share": Decimal("1.5")})


def test_absent_hops_are_reported_as_missing(lake: Lake) -> None:
    seen = lake.reader.observe().answers
    refusals = {name: answer.refusal for name, answer in seen.items()}
    there = {"tables": "", "athena": "", "alarms": ""}
    assert refusals == {**dict.fromkeys(("table", "pipe", "dead_letters", "stream", "delivery", "crawler", "job", "rule"), "missing"), **there}  # fmt: skip
    assert len(flow.flow(lake.reader, lake.settings)["hops"]) == 8
    judged = verdict.shown(lake.reader, lake.settings)
    assert judged["state"] == "untrustworthy"
    assert "not all of the pipeline is there: orders table, pipe" in judged["sentence"]


def test_who_acknowledged_what_is_kept_in_the_bucket_newest_first(lake: Lake) -> None:
    assert lake.reader.acknowledgements() == []
    for hour, user in ((1, "vera"), (2, "otto")):
        until = datetime(2026, 11, 25, hour, tzinfo=UTC)
        lake.reader.acknowledge(Acknowledgement("differences", user, until + timedelta(minutes=1), until, "Known."))
    assert [(each.by, each.until.hour) for each in lake.reader.acknowledgements()] == [("otto", 2)]
    kept = lake.s3.get_object(Bucket=lake.topology.bucket.name, Key="ledger/acknowledged/differences.json")[
        "Body"
    ].read()
    assert [each["by"] for each in json.loads(kept)["acknowledgements"]] == ["otto", "vera"]


def test_no_answer_asks_more_of_aws_when_there_was_a_longer_history(cloud: Cloud) -> None:
    """Neither more requests nor more bytes that Athena scans: an order's versions and a search read the whole change log."""
    lake = AgingLake(cloud, "tpagehistory")
    before = lake.asked()
    lake.age_bucket()
    lake.age_tables()
    after = lake.asked()
    assert after == before
    unread = {name for name, each in before.items() if name in lake.queries and not sum(each.scanned_bytes)}
    assert unread <= {"changes hour"}  # the lake's changes may be older than an hour by now


def test_the_whole_history_is_read_when_it_is_asked_for(cloud: Cloud) -> None:
    lake = AgingLake(cloud, "tpagewhole")
    lake.age_tables()
    assert [each["event_type"] for each in orders.order(lake.reader, "aged")["versions"]] == ["MODIFY"]
    assert [each["event_type"] for each in orders.order(lake.reader, "aged", span=Lookback(None))["versions"]] == [
        "MODIFY",
        "INSERT",
    ]
    recent, everything = (
        orders.found_orders(lake.reader, OrderFilter(text="sofa", range=each)) for each in ("", "all")
    )
    assert (recent["total"], everything["total"]) == (0, 2)
    assert older.older_changes(lake.reader, lake.settings)["rows"] == len(AGED) + 1
    assert older.older_lines(lake.reader, lake.settings)["rows"] == 1
