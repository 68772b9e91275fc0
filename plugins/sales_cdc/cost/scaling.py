"""Find the limit that the pipeline meets first at a rate of changes, what raises it, and the cost. Pure.

Each limit is the number of changes per second that it allows: AWS's documented quota, or one of our own settings, divided by what one
change takes of it. Rates are even over the day: with a peak of twice the mean, halve the limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sales_cdc.cost import forecast as cost
from sales_cdc.cost.forecast import Usage, chunks, rounded_up
from sales_cdc.deployment import sizing
from sales_cdc.deployment.settings import Settings

DOCUMENTED_RATES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
NEW_TABLE_UNITS, TABLE_UNITS = 4_000, 40_000
NEW_STREAM_BYTES, NEW_STREAM_RECORDS, STREAM_BYTES = 4 * cost.MB, 4_000, 10 * 1024**3
PIPE_EXECUTIONS = 3_000
LAMBDA_CONCURRENCY = 1_000
PUTS_PER_SECOND = 3_500
PAGES = {
    "DynamoDB on-demand capacity mode": "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html",
    "Quotas in Amazon DynamoDB": "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html",
    "Quotas and limits (Amazon Kinesis Data Streams)": "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html",
    "Amazon EventBridge quotas": "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html",
    "Lambda quotas": "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    "Best practices design patterns: optimizing Amazon S3 performance": "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html",
}
"""AWS's pages by title."""


@dataclass(frozen=True)
class Limit:
    """Hold one limit.

    ``changes_per_second`` is what it allows; ``page`` is the title of AWS's page, or our file, that documents it.
    """

    where: str
    rule: str
    changes_per_second: int
    setting: str
    page: str


def limits(item_bytes: int = cost.ORDER_BYTES, units_per_write: int = cost.PLAIN_WRITE) -> list[Limit]:
    """Return every limit for items of this size, in us-east-1, the lowest first.

    Example::

        limits(item_bytes=2_000)[0].where
    """
    one = Usage(1, item_bytes=item_bytes, units_per_write=units_per_write)
    return sorted((*_of_the_flow(one), *_of_the_lake(one)), key=lambda limit: limit.changes_per_second)


def met(rate: int, item_bytes: int = cost.ORDER_BYTES, units_per_write: int = cost.PLAIN_WRITE) -> list[Limit]:
    """Return the limits that the rate exceeds, in the order in which a growing rate meets them."""
    return [limit for limit in limits(item_bytes, units_per_write) if limit.changes_per_second < rate]


def monthly(rate: int, item_bytes: int = cost.ORDER_BYTES, units_per_write: int = cost.PLAIN_WRITE) -> cost.Forecast:
    """Forecast the cost of thirty days at the rate, with one batch a day."""
    days = cost.DAYS_PER_MONTH
    changes = rate * cost.SECONDS_PER_DAY * days
    return cost.forecast(Usage(changes, Decimal(days), item_bytes, units_per_write))


def workers(rate: int, batches_per_day: int) -> int:
    """Return how many G.1X workers the Glue job needs to take a batch within its time limit."""
    changes = rate * cost.SECONDS_PER_DAY // batches_per_day
    return max(sizing.LEAST_WORKERS, chunks(changes, _job_changes(1)))


def _job_changes(workers: int) -> int:
    """Return how many changes so many workers take within the job's time limit."""
    seconds = sizing.JOB_MINUTES * 60 - sizing.JOB_START_SECONDS
    return seconds * workers * sizing.WORKER_CHANGES_PER_SECOND


def _of_the_flow(one: Usage) -> Iterator[Limit]:
    kinesis_bytes = rounded_up(one.record_bytes, cost.KINESIS_CHUNK_BYTES)
    yield Limit(
        "DynamoDB, a new table", f"{NEW_TABLE_UNITS:,} write units a second at first", NEW_TABLE_UNITS // one.write_units,
        "wait (it doubles with its peaks), or set the table's WarmThroughput",
        "DynamoDB on-demand capacity mode",
    )  # fmt: skip
    yield Limit(
        "DynamoDB, any table", f"{TABLE_UNITS:,} write units a second by default", TABLE_UNITS // one.write_units,
        "raise the table's quota in Service Quotas", "Quotas in Amazon DynamoDB",
    )  # fmt: skip
    yield Limit(
        "Kinesis, a new stream", "4 MB or 4,000 records a second at first",
        min(NEW_STREAM_RECORDS, NEW_STREAM_BYTES // kinesis_bytes),
        "wait (it grows to twice its last peak); the pipe tries again meanwhile",
        "Quotas and limits (Amazon Kinesis Data Streams)",
    )  # fmt: skip
    yield Limit(
        "Kinesis, any stream", "10 GB a second (200 MB in most other regions)", STREAM_BYTES // kinesis_bytes,
        "ask AWS support; or a second deployment, SALES_CDC_PREFIX", "Quotas and limits (Amazon Kinesis Data Streams)",
    )  # fmt: skip
    yield Limit(
        "EventBridge Pipes", f"{PIPE_EXECUTIONS:,} executions at once, one for each shard of the table's stream",
        PIPE_EXECUTIONS * cost.SHARD_UNITS_PER_SECOND // one.write_units, "ask AWS support",
        "Amazon EventBridge quotas",
    )  # fmt: skip
    yield Limit(
        "Lambda", f"{LAMBDA_CONCURRENCY:,} executions at once", _lambda_changes(one),
        "raise concurrent executions in Service Quotas", "Lambda quotas",
    )  # fmt: skip


def _of_the_lake(one: Usage) -> Iterator[Limit]:
    yield Limit(
        "S3", f"{PUTS_PER_SECOND:,} PUTs a second for each prefix",
        PUTS_PER_SECOND * one.firehose_size_mb * cost.MB // one.row_bytes, "SALES_CDC_FIREHOSE_SIZE_MB, up to 128",
        "Best practices design patterns: optimizing Amazon S3 performance",
    )  # fmt: skip
    rate = Settings.changes_per_second
    job, cutoff = sizing.job_workers(rate), sizing.query_cutoff_bytes(rate)
    sized, read = "SALES_CDC_CHANGES_PER_SECOND", f"a query reads at most {cutoff // 10**12} TB"
    yield Limit(
        "Glue job", f"a day's changes within {sizing.JOB_MINUTES} minutes on {job} workers",
        _job_changes(job) // cost.SECONDS_PER_DAY, f"{sized}; from {sizing.MAX_WORKERS} workers on more batches a day",
        "plugins/sales_cdc/deployment/sizing.py",
    )  # fmt: skip
    yield Limit(
        "Athena, a batch", f"{read}: the changes of a day, and of the watermark's day again",
        cutoff // (one.row_bytes * cost.SECONDS_PER_DAY * cost.ASKED_AGAIN), sized, "plugins/sales_cdc/deployment/sizing.py",
    )  # fmt: skip
    yield Limit(
        "Athena, an audit", f"{read}: all of raw/, of {sizing.RAW_DAYS} days",
        cutoff // (one.row_bytes * cost.SECONDS_PER_DAY * sizing.RAW_DAYS), sized, "plugins/sales_cdc/deployment/sizing.py",
    )  # fmt: skip


def _lambda_changes(one: Usage) -> int:
    """Return the changes per second that Lambda's concurrency allows.

    Firehose calls the transformer with a megabyte of records. A call takes its start and the time for its records.
    """
    records = cost.LAMBDA_BUFFER_BYTES // one.record_bytes
    seconds = cost.LAMBDA_START_SECONDS + Decimal(records) / cost.LAMBDA_RECORDS_PER_SECOND
    return int(LAMBDA_CONCURRENCY * records / seconds)


def markdown() -> str:
    """Return the tables of ``docs/scaling.md``; a test compares them with the page."""
    rows = ["| limit | it is | changes/s | what moves it | source |", "| --- | --- | ---: | --- | --- |"]
    rows += [
        f"| {one.where} | {one.rule} | {one.changes_per_second:,} | {one.setting} | {_source(one.page)} |"
        for one in limits()
    ]
    rows += ["", "| changes/s | limits met, the first one first | Glue workers, hourly batches | dollars a month |"]
    rows += ["| ---: | --- | ---: | ---: |"]
    for rate in DOCUMENTED_RATES:
        names = ", ".join(limit.where for limit in met(rate)) or "none"
        rows.append(f"| {rate:,} | {names} | {workers(rate, 24)} | {monthly(rate).dollars:,.0f} |")
    return "\n".join(rows)


def _source(page: str) -> str:
    return f"`{page}`" if page.endswith(".py") else f"[{page}]({PAGES[page]})"
