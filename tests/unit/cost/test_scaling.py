"""Test the limits against sums by hand, our own settings, and the page ``docs/scaling.md``."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.cost import scaling
from sales_cdc.cost.forecast import JOB_CHANGES_PER_SECOND, JOB_START_SECONDS, LAMBDA_GB, TRANSACTION_WRITE, Usage
from sales_cdc.deployment import sizing
from sales_cdc.provisioning.definitions import flow, lake

from tests.unit.topologies import topology

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scaling.md"


def test_each_limit_allows_what_a_sum_by_hand_says() -> None:
    allowed = {limit.where: limit.changes_per_second for limit in scaling.limits(item_bytes=200)}
    assert allowed == {
        "Athena, an audit": 40_000,  # what it is sized for: 40,000 × 750 bytes × 2,592,000 s
        "Athena, a batch": 600_000,  # 15 times that: two days instead of thirty
        "Glue job": 40_177,  # (3,600 − 180) s × 203 workers × 5,000/s ÷ 86,400 s
        "DynamoDB, a new table": 4_000,
        "Kinesis, a new stream": 4_000,
        "DynamoDB, any table": 40_000,
        "EventBridge Pipes": 3_000_000,
        "Kinesis, any stream": 10_485_760,  # 10 GB ÷ 1 KB
        "Lambda": 10_493_991,  # 1,000 × 1,048 records ÷ (0.03 + 1,048/15,000 s)
        "S3": 24_466_773,  # 3,500 × 5 MB ÷ 750 bytes
    }


def test_larger_items_and_transactions_meet_limits_sooner() -> None:
    allowed = {limit.where: limit.changes_per_second for limit in scaling.limits(3_000, TRANSACTION_WRITE)}
    assert allowed["DynamoDB, any table"] == 6_666  # 3 KB × 2 units
    assert allowed["Kinesis, a new stream"] == 585  # 4 MB ÷ 7 KB


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_a_higher_rate_meets_at_least_the_same_limits_and_costs_at_least_as_much(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert scaling.met(high)[: len(scaling.met(low))] == scaling.met(low)
    assert scaling.workers(high, 24) >= scaling.workers(low, 24)
    assert scaling.monthly(high).dollars >= scaling.monthly(low).dollars


def test_the_limits_of_our_own_settings_are_those_that_setup_provisions() -> None:
    job = lake.job(topology())
    allowed = {limit.where: limit for limit in scaling.limits()}
    assert f"within {job['Timeout']} minutes on {job['NumberOfWorkers']} workers" in allowed["Glue job"].rule
    assert job["DefaultArguments"]["--enable-auto-scaling"] == "true"  # else every run would pay for all of them
    cutoff = lake.workgroup(topology())["Configuration"]["BytesScannedCutoffPerQuery"]
    assert f"at most {cutoff // 10**12} TB" in allowed["Athena, an audit"].rule
    assert flow.transformer(topology(), "")["MemorySize"] == LAMBDA_GB * 1024


def test_no_limit_of_our_own_comes_before_40_000_changes_a_second() -> None:
    ours = [limit for limit in scaling.limits() if limit.page.endswith(".py")]
    assert len(ours) == 3
    assert min(limit.changes_per_second for limit in ours) >= 40_000


def test_the_sizes_rest_on_the_figures_of_the_forecast() -> None:
    assert Usage(1).row_bytes == sizing.ROW_BYTES
    assert sizing.JOB_START_SECONDS == JOB_START_SECONDS
    assert sizing.WORKER_CHANGES_PER_SECOND * sizing.LEAST_WORKERS == JOB_CHANGES_PER_SECOND


@given(st.integers(1, 1_000_000))
def test_a_deployment_holds_the_rate_that_it_is_sized_for_up_to_the_most_workers(rate: int) -> None:
    of = topology(changes_per_second=rate)
    workers = lake.job(of)["NumberOfWorkers"]
    assert workers == min(sizing.MAX_WORKERS, scaling.workers(rate, 1))
    cutoff = lake.workgroup(of)["Configuration"]["BytesScannedCutoffPerQuery"]
    assert cutoff >= max(100 * 1024**3, rate * 86_400 * 30 * Usage(1).row_bytes)


def test_the_page_shows_the_calculator_s_own_tables() -> None:
    assert scaling.markdown() in PAGE.read_text(), (
        "docs/scaling.md differs: put the output of 'make cost ARGS=--markdown' there"
    )
