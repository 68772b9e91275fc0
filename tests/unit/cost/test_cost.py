"""Test the forecast: each line against a sum by hand, and properties of every forecast."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.cost.forecast import (
    PLAIN_WRITE,
    QUERIES_PER_BATCH,
    CostError,
    Usage,
    forecast,
    forecast_line,
    monthly_cost,
)
from sales_cdc.cost.prices import PRICES_FILE, in_dollars
from sales_cdc.deployment.settings import Settings

TESTS = Path(__file__).resolve().parents[2]
EVENTS, SQL = TESTS / "fixtures" / "events", TESTS.parent / "include" / "sql"
GB = 1024**3
PROPORTIONAL = {
    ("DynamoDB", "writes"), ("EventBridge Pipes", "requests"), ("Kinesis", "data in"), ("Kinesis", "data out"),
    ("Firehose", "data in"), ("Glue", "job"),
}  # fmt: skip


def lines(usage: Usage) -> dict[tuple[str, str], Decimal]:
    return {(line.service, line.what): line.dollars for line in forecast(usage).lines}


def test_a_million_changes_over_thirty_days_cost_what_a_sum_by_hand_says() -> None:
    """An order of 200 bytes is a record of 1,000 bytes (1 KB for Kinesis, 5 KB for Firehose) and a row of 750 bytes."""
    found = {key: dollars.quantize(Decimal("0.0001")) for key, dollars in lines(Usage(1_000_000, Decimal(30))).items()}
    assert found == {
        ("DynamoDB", "writes"): Decimal("1.2500"),  # 2 units × 0.625 a million
        ("DynamoDB Streams", "reads by the pipe"): Decimal("8.2944"),  # 4 shards × 4 × 2,592,000 s × 0.02 / 100,000
        ("EventBridge Pipes", "requests"): Decimal("0.4000"),
        ("Kinesis", "data in"): Decimal("0.0763"),  # 1,024,000,000 bytes = 0.95367 GB × 0.08
        ("Kinesis", "data out"): Decimal("0.0381"),  # × 0.04
        ("Kinesis", "stream"): Decimal("28.8000"),  # 720 h × 0.04
        ("Firehose", "data in"): Decimal("0.1383"),  # 5,120,000,000 bytes = 4.76837 GB × 0.029
        ("Lambda", "requests"): Decimal("0.0086"),  # one a minute: 43,200 × 0.20 a million
        ("Lambda", "compute"): Decimal("0.0114"),  # 0.5 GB × (43,200 × 0.03 + 66.667 s) = 681.33 × 0.0000166667
        ("S3", "objects"): Decimal("0.2160"),  # 43,200 × 0.005 / 1,000
        ("S3", "storage"): Decimal("0.0161"),  # 750,000,000 bytes = 0.69849 GB × 0.023
        ("SQS", "events of objects"): Decimal("0.0518"),  # 3 × 43,200 × 0.40 a million
        ("Glue", "crawler"): Decimal("4.4000"),  # 30 × 2 DPU × 1/6 h × 0.44
        ("Glue", "job"): Decimal("1.3444"),  # 2 DPU × (30 × 180 + 100 s) = 11,000 DPU-s × 0.44 / 3,600
        # 16 × (2 × 750 MB + audits' 3 × 750 MB) + 5 × 30 × 750 MB = 172.5 GB (10⁹) = 0.15689 TB × 5
        ("Athena", "queries"): Decimal("0.7844"),
        ("CloudWatch", "metrics read"): Decimal("1.5120"),  # 30 hours × 5,040 × 0.01 / 1,000
        ("CloudWatch", "alarms"): Decimal("0.6000"),  # 6 × 0.10
        ("CloudWatch", "heartbeat of batches"): Decimal("0.3000"),
        ("CloudWatch", "logs"): Decimal("0.0101"),  # 43,200 × 500 bytes = 0.020117 GB × 0.50
    }


def test_the_owner_of_an_adopted_table_pays_for_its_writes_and_its_recovery() -> None:
    usage = Usage(1_000_000, Decimal(30), table_bytes=GB)
    ours = lines(replace(usage, adopted=True))
    assert {key: dollars for key, dollars in lines(usage).items() if key not in ours}.keys() == {
        ("DynamoDB", "writes"), ("DynamoDB", "point-in-time recovery"),
    }  # fmt: skip
    assert lines(usage) == ours | {key: dollars for key, dollars in lines(usage).items() if key not in ours}


def test_changes_on_top_of_what_runs_anyway_cost_no_hours_and_no_batches() -> None:
    found = lines(Usage(1_000))
    assert not found.keys() & {("Kinesis", "stream"), ("Glue", "crawler")}
    assert found["DynamoDB", "writes"] == Decimal("0.00125")
    assert found["Lambda", "requests"] == Decimal("0.0000002")  # 1,000,000 bytes fit into one buffer


def test_sizes_are_rounded_up_as_each_service_does() -> None:
    big = lines(Usage(1_000_000, item_bytes=40_000))  # a record of 80,600 bytes
    assert big["DynamoDB", "writes"] == Decimal("50.00")  # 40 KB × 2 units
    assert big["EventBridge Pipes", "requests"] == Decimal("0.80")  # two chunks of 64 KB
    assert big["Kinesis", "data in"] == 1_000_000 * 79 * 1024 * Decimal("0.08") / GB
    assert big["Firehose", "data in"] == 1_000_000 * 80 * 1024 * Decimal("0.029") / GB
    assert lines(Usage(1_000_000, units_per_write=PLAIN_WRITE))["DynamoDB", "writes"] == Decimal("0.625")


def test_a_batch_reads_all_rows_no_more_often_than_the_forecast_counts() -> None:
    """Count the queries that read all rows; those on the intake and the quarantine read next to nothing."""
    folders = ("checks", "seed_queries", "curated_checks", "insights", "report", "reconcile")
    asked = [file.read_text() for folder in folders for file in (SQL / folder).glob("*.sql")]
    reading = [text for text in asked if re.search(r"raw_orders|orders_changes|orders_current", text)]
    assert len(reading) <= QUERIES_PER_BATCH, "raise QUERIES_PER_BATCH, and its formula's text"


@pytest.mark.parametrize(
    ("usage", "batches"),
    [
        (Usage(1, Decimal("0.01")), 1),
        (Usage(1, Decimal("1.5")), 2),
        (Usage(1, Decimal(3)), 3),
        (Usage(1, Decimal("0.01"), ran=2), 2),
        (Usage(1, Decimal(9), ran=2), 9),
        (Usage(1), 0),
    ],
)
def test_a_batch_that_is_begun_is_paid_for_as_a_whole(usage: Usage, batches: int) -> None:
    assert usage.batches == batches
    assert lines(usage).get(("Glue", "crawler"), Decimal(0)) == batches * 1200 * Decimal("0.44") / 3600


def test_a_scan_of_the_table_is_paid_for_each_4_kb_and_by_each_batch() -> None:
    each_batch = lines(Usage(0, Decimal(10), table_bytes=4_096_000, batches_per_day=2))
    assert each_batch["DynamoDB", "reads of the table"] == Decimal("0.0025")
    assert lines(Usage(0, read_bytes=4_096_000_001))["DynamoDB", "reads of the table"] == Decimal("0.125000125")


def test_recovery_old_versions_and_notices_are_paid_for() -> None:
    found = lines(Usage(0, Decimal(60), table_bytes=GB, batches_per_day=2))
    assert found["DynamoDB", "point-in-time recovery"] == Decimal("0.40")  # 1 GB × 2 months × 0.20
    assert found["S3", "old versions"] == Decimal("0.644")  # 1 GB × 14 batches × 2 months × 0.023
    driven, daily = (lines(Usage(10**6, Decimal(30), event_driven=on)) for on in (True, False))
    assert driven["S3", "notices of objects"] == Decimal("0.0432")  # one object a minute: 43,200 × 1.00 a million
    assert ("S3", "notices of objects") not in daily


@pytest.mark.parametrize("name", ["insert", "unicode"])
def test_records_and_rows_are_not_larger_than_the_forecast_takes_them_for(name: str) -> None:
    event = json.loads((EVENTS / f"{name}.json").read_text())
    image = event["stream_record"]["dynamodb"]["NewImage"]
    stored = sum(len(name) + len(next(iter(value.values())).encode()) for name, value in image.items())
    usage = Usage(1, item_bytes=stored)
    assert len(json.dumps(event["stream_record"])) <= usage.record_bytes
    assert len(event["line"].encode()) <= usage.row_bytes


usages = st.builds(
    Usage,
    changes=st.integers(0, 10**12),
    days=st.integers(0, 400).map(Decimal),
    item_bytes=st.integers(1, 400 * 1024),
    units_per_write=st.sampled_from([1, 2]),
    read_bytes=st.integers(0, 10**12),
    table_bytes=st.integers(0, 10**12),
    batches_per_day=st.integers(0, 24),
    firehose_interval_seconds=st.integers(0, 900),
    firehose_size_mb=st.integers(1, 128),
    event_driven=st.booleans(),
)


@given(usages, st.integers(0, 10**9), st.integers(0, 50), st.integers(0, 10_000), st.integers(0, 10**9))
def test_more_never_costs_less(usage: Usage, changes: int, days: int, item_bytes: int, read_bytes: int) -> None:
    more = [
        {"changes": usage.changes + changes},
        {"days": usage.days + days},
        {"item_bytes": usage.item_bytes + item_bytes},
        {"read_bytes": usage.read_bytes + read_bytes},
    ]
    for grown in more:
        assert forecast(Usage(**{**vars(usage), **grown})).dollars >= forecast(usage).dollars


@given(usages, st.integers(0, 10**12))
def test_costs_in_proportion_to_the_changes_add_up(usage: Usage, changes: int) -> None:
    """Check that two runs of the same item size, over no time, cost together what one run of both costs."""
    first, second, both = (
        lines(Usage(n, item_bytes=usage.item_bytes, units_per_write=usage.units_per_write))
        for n in (usage.changes, changes, usage.changes + changes)
    )
    for key in PROPORTIONAL:
        together = first.get(key, Decimal(0)) + second.get(key, Decimal(0))
        assert abs(together - both.get(key, Decimal(0))) < Decimal("1e-12")


@given(usages)
def test_a_forecast_is_the_sum_of_its_lines_and_of_its_services(usage: Usage) -> None:
    found = forecast(usage)
    assert abs(sum(found.by_service().values(), Decimal(0)) - found.dollars) < Decimal("1e-6")
    assert all(isinstance(line.dollars, Decimal) and line.dollars > 0 for line in found.lines)


@pytest.mark.parametrize("amount", [{"changes": -1}, {"days": Decimal("NaN")}, {"days": Decimal("Infinity")}])
def test_negative_and_infinite_amounts_are_refused(amount: dict[str, Decimal]) -> None:
    with pytest.raises(CostError, match=rf"{next(iter(amount))} is .* finite number, 0 or more"):
        Usage(**{"changes": 1, **amount})  # type: ignore[arg-type]


def test_a_log_line_has_the_total_the_most_expensive_services_and_the_region() -> None:
    line = forecast_line(1_000_000, region="eu-central-1")
    assert re.match(r"On AWS 1,000,000 changes cost about \$2\.07 \(mostly DynamoDB \$1\.25, ", line)
    assert "list prices of us-east-1" in line
    assert "cost about $0.00," in forecast_line(0)


def test_a_month_costs_what_the_deployment_s_settings_make_it_cost() -> None:
    settings = Settings("aws", "eu-central-1")
    whole = Usage(1_000_000, Decimal(30), event_driven=True)
    assert monthly_cost(replace(settings, event_driven=True)) == (
        f"{in_dollars(forecast(whole).dollars)} a month with 1,000,000 changes, at the list prices of us-east-1 (make cost)"
    )
    assert monthly_cost(settings) != monthly_cost(replace(settings, event_driven=True))
    assert "with 10 changes" in monthly_cost(settings, 10)


def test_every_price_is_text_with_its_page_and_date() -> None:
    document = json.loads(PRICES_FILE.read_text())
    for price in document["us-east-1"].values():
        assert Decimal(price["dollars"]) > 0
        assert isinstance(price["dollars"], str)
        assert isinstance(price["per"], int)
        assert "pricing" in price["page"]
        assert re.fullmatch(r"20\d\d-\d\d", price["date"])
