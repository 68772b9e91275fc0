"""Forecast what changes cost on AWS. Pure: no Airflow, no AWS client; the prices are in ``prices.py``.

Every line has its formula and the page that its price is from. Prices are list prices, without free tier and discounts. Where a bill
depends on what nobody knows before (such as how full a buffer gets), the forecast takes the more expensive case. Money is Decimal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from sales_cdc.contract.rotation import compared_units, read_units
from sales_cdc.cost.prices import REGION, Price, in_dollars, prices_of
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import ALARMS

KB, MB = 1024, 1024**2
PLAIN_WRITE, TRANSACTION_WRITE = 1, 2  # write request units for each KB of an item
ORDER_BYTES = 200  # an order as the generator writes it, with room for further attributes
RECORD_BYTES, ROW_BYTES = 600, 350  # what a stream record, and a line in raw/, have beside the item
SIZE_FACTOR = 2  # names, type tags and quotes in JSON, against DynamoDB's own count of an item's bytes
POLLS_PER_SECOND, LEAST_SHARDS, SHARD_UNITS_PER_SECOND = 4, 4, 1000
PIPE_CHUNK_BYTES, KINESIS_CHUNK_BYTES, FIREHOSE_CHUNK_BYTES = 64 * KB, KB, 5 * KB
LAMBDA_BUFFER_BYTES = MB
LAMBDA_GB, LAMBDA_START_SECONDS, LAMBDA_RECORDS_PER_SECOND = Decimal("0.5"), Decimal("0.03"), 15_000
LAMBDA_LOG_BYTES = 500
CRAWL_DPU_SECONDS = 2 * 600
JOB_DPUS, JOB_START_SECONDS, JOB_CHANGES_PER_SECOND = 2, 180, 10_000
# A batch's checks, selects, report and reconciliation, and its insights; Athena counts at least 10 MB for each.
DAILY_QUERIES, INSIGHTS, LEAST_SCAN_BYTES = 16, 5, 10 * MB
QUERIES_PER_BATCH = DAILY_QUERIES + INSIGHTS
ASKED_AGAIN, INSIGHT_DAYS, DAYS_BETWEEN_AUDITS = 2, 30, 7  # the day of the watermark is asked again with the next one
SECONDS_PER_DAY, DAYS_PER_MONTH = 86_400, 30
OLD_VERSIONS_DAYS = 7  # how long curated files that a batch rewrote are kept
# The page asks for 7 metrics every 5 seconds while somebody looks at it.
METRICS_PER_HOUR_OF_PAGE = 7 * 3600 // 5


class CostError(ValueError):
    """Raised when no forecast can be made of the given amounts."""


@dataclass(frozen=True)
class Usage:
    """Hold the work that a forecast is for.

    ``days``: how long the pipeline runs for it; 0: it runs anyway. ``read_bytes``: what scans of the table read once.
    ``table_bytes``: the table's size, which batches compare in parts. ``ran``: how many batches ran, as far as that is known. ``event_driven``: arrivals start batches, too.
    ``adopted``: the table is somebody's, who pays for its writes and its recovery anyway.

    Raises:
        CostError: an amount is negative or no finite number.
    """

    changes: int
    days: Decimal = Decimal(0)
    item_bytes: int = ORDER_BYTES
    units_per_write: int = TRANSACTION_WRITE
    read_bytes: int = 0
    table_bytes: int = 0
    batches_per_day: int = 1
    ran: int = 0
    firehose_interval_seconds: int = 60
    firehose_size_mb: int = 5
    event_driven: bool = False
    adopted: bool = False

    def __post_init__(self) -> None:
        for name, amount in vars(self).items():
            if not Decimal(amount).is_finite() or amount < 0:
                raise CostError(f"{name} is {amount}: it has to be a finite number, 0 or more.")

    @property
    def seconds(self) -> Decimal:
        return self.days * SECONDS_PER_DAY

    @property
    def record_bytes(self) -> int:
        """Return the size of a stream record in Kinesis."""
        return RECORD_BYTES + SIZE_FACTOR * self.item_bytes

    @property
    def row_bytes(self) -> int:
        """Return the size of a line in the raw zone."""
        return ROW_BYTES + SIZE_FACTOR * self.item_bytes

    @property
    def write_units(self) -> int:
        """Return the write units of one change: its item's full KB, at least one, doubled in a transaction."""
        return self.units_per_write * max(1, chunks(self.item_bytes, KB))

    @property
    def months(self) -> Decimal:
        return self.days / DAYS_PER_MONTH

    @property
    def batches(self) -> int:
        """Return how many batches run in the days: each one that is begun counts whole, and those that ``ran`` in any case."""
        return max(self.ran, int((self.days * self.batches_per_day).to_integral_value(ROUND_CEILING)))

    def scanned(self, times: Decimal | int) -> Decimal:
        """Return the bytes that one query reads in all batches, when it reads each change so many times."""
        return max(Decimal(self.batches * LEAST_SCAN_BYTES), self.changes * self.row_bytes * Decimal(times))

    @property
    def readings_by_insights(self) -> Decimal:
        """Return how often an insight reads each change: every batch of the days that it covers does."""
        return max(Decimal(1), self.batches_per_day * min(self.days, Decimal(INSIGHT_DAYS)))

    @property
    def scanned_by_audits(self) -> Decimal:
        """Return the bytes that one query reads in the audits of all weeks: every time, what there is until then."""
        weeks = (self.days / DAYS_BETWEEN_AUDITS).to_integral_value(ROUND_CEILING)
        audits = weeks if self.batches else Decimal(0)
        return self.changes * self.row_bytes * (audits + 1) / 2 if audits else Decimal(0)

    @property
    def shards(self) -> int:
        """Return the number of shards of the table's stream, at an even rate."""
        if not self.seconds:
            return LEAST_SHARDS
        rate = Decimal(self.changes) * self.write_units / self.seconds
        return max(LEAST_SHARDS, int(-(-rate // SHARD_UNITS_PER_SECOND)))

    @property
    def invocations(self) -> int:
        """Return how often Firehose calls the transformer: when a buffer is full, or its time is over."""
        by_time = self.seconds / (60 if self.firehose_interval_seconds >= 60 else 1)
        return max(chunks(self.changes * self.record_bytes, LAMBDA_BUFFER_BYTES), min(self.changes, int(by_time)))

    @property
    def objects(self) -> int:
        """Return the number of raw objects: one for each full buffer, or each interval."""
        by_time = self.seconds / max(1, self.firehose_interval_seconds)
        return max(
            chunks(self.changes * self.row_bytes, max(1, self.firehose_size_mb) * MB), min(self.changes, int(by_time))
        )


@dataclass(frozen=True)
class Line:
    """Hold one line of a forecast: the units, their price, and how they were counted."""

    service: str
    what: str
    quantity: Decimal
    price: Price
    formula: str

    @property
    def dollars(self) -> Decimal:
        return self.quantity * self.price.dollars / self.price.per


@dataclass(frozen=True)
class Forecast:
    """Hold the lines of a forecast, for ``usage`` at the list prices of ``region``."""

    region: str
    usage: Usage
    lines: tuple[Line, ...]

    @property
    def dollars(self) -> Decimal:
        return sum((line.dollars for line in self.lines), Decimal(0))

    def by_service(self) -> dict[str, Decimal]:
        """Return the dollars by service, in the order of the flow."""
        totals: dict[str, Decimal] = {}
        for line in self.lines:
            totals[line.service] = totals.get(line.service, Decimal(0)) + line.dollars
        return totals


Rule = tuple[str, str, str, Callable[[Usage], int | Decimal], str]
RULES: tuple[Rule, ...] = (
    ("DynamoDB", "writes", "dynamodb_write", lambda u: u.changes * u.write_units,
     "changes × units a KB (2 in a transaction) × KB of the item, rounded up"),
    ("DynamoDB", "reads of the table", "dynamodb_read", lambda u: read_units(u.read_bytes) + compared_units(u.table_bytes, u.item_bytes, u.changes, u.batches, u.days),
     "bytes scanned ÷ 4 KB, strongly consistent; by batches a seventh of the table a day, and each changed order, at most all of it"),
    ("DynamoDB", "point-in-time recovery", "dynamodb_recovery_month", lambda u: u.table_bytes * u.months, "size of the table × months"),
    ("DynamoDB Streams", "reads by the pipe", "stream_read",
     lambda u: max(Decimal(chunks(u.changes * u.record_bytes, MB)), u.shards * POLLS_PER_SECOND * u.seconds),
     "shards (1 for each 1,000 write units/s, at least 4) × 4 polls/s × seconds, or 1 for each MB"),
    ("EventBridge Pipes", "requests", "pipe_request", lambda u: u.changes * chunks(u.record_bytes, PIPE_CHUNK_BYTES),
     "changes × 64 KB chunks of a record"),
    ("Kinesis", "data in", "kinesis_in", lambda u: u.changes * rounded_up(u.record_bytes, KINESIS_CHUNK_BYTES),
     "changes × record, rounded up to 1 KB"),
    ("Kinesis", "data out", "kinesis_out", lambda u: u.changes * rounded_up(u.record_bytes, KINESIS_CHUNK_BYTES),
     "the same, read once, by Firehose"),
    ("Kinesis", "stream", "kinesis_hour", lambda u: 24 * u.days, "hours of one on-demand stream"),
    ("Firehose", "data in", "firehose_in", lambda u: u.changes * rounded_up(u.record_bytes, FIREHOSE_CHUNK_BYTES),
     "changes × record, rounded up to 5 KB"),
    ("Lambda", "requests", "lambda_request", lambda u: u.invocations, "1 for each MB of records, or each interval"),
    ("Lambda", "compute", "lambda_gb_second",
     lambda u: LAMBDA_GB * (u.invocations * LAMBDA_START_SECONDS + Decimal(u.changes) / LAMBDA_RECORDS_PER_SECOND),
     "0.5 GB × (requests × 0.03 s + changes ÷ 15,000/s); the price is x86's, arm64's is a fifth lower"),
    ("S3", "objects", "s3_put", lambda u: u.objects, "1 for each full Firehose buffer, or each interval"),
    ("S3", "storage", "s3_month", lambda u: u.changes * u.row_bytes * max(Decimal(1), u.days / DAYS_PER_MONTH),
     "changes × row in raw/ × months, at least one"),
    ("S3", "old versions", "s3_month", lambda u: u.table_bytes * u.batches_per_day * OLD_VERSIONS_DAYS * u.months,
     "size of the table × batches of 7 days, which rewrite it at worst × months"),
    ("S3", "notices of objects", "s3_notice", lambda u: u.objects if u.event_driven else 0, "objects, if arrivals start batches"),
    ("SQS", "events of objects", "sqs_request", lambda u: 3 * u.objects, "objects × sent, received and deleted"),
    ("Glue", "crawler", "glue_dpu_second", lambda u: u.batches * CRAWL_DPU_SECONDS, "batches × 2 DPU × 10 minutes, its minimum"),
    ("Glue", "job", "glue_dpu_second",
     lambda u: JOB_DPUS * (u.batches * JOB_START_SECONDS + Decimal(u.changes) / JOB_CHANGES_PER_SECOND),
     "2 DPU × (batches × 3 minutes + changes ÷ 10,000/s)"),
    ("Athena", "queries", "athena_scan",
     lambda u: DAILY_QUERIES * (u.scanned(ASKED_AGAIN) + u.scanned_by_audits) + INSIGHTS * u.scanned(u.readings_by_insights),
     "16 queries a batch × its changes, twice; 5 insights × 30 days; on Sundays 16 × all rows until then; each at least 10 MB"),
    ("CloudWatch", "metrics read", "metric_read", lambda u: METRICS_PER_HOUR_OF_PAGE * u.days,
     "7 metrics every 5 s while the page is open, an hour a day"),
    ("CloudWatch", "alarms", "alarm_month", lambda u: len(ALARMS) * u.months, f"{len(ALARMS)} alarms × months"),
    ("CloudWatch", "heartbeat of batches", "own_metric_month", lambda u: u.months, "1 metric of our own × months"),
    ("CloudWatch", "logs", "logs_in", lambda u: u.invocations * LAMBDA_LOG_BYTES, "Lambda requests × 500 bytes"),
)  # fmt: skip


OF_THE_TABLE = {("DynamoDB", "writes"), ("DynamoDB", "point-in-time recovery")}
"""Lines that the owner of an adopted table pays, whether a pipeline reads it or not."""


def forecast(usage: Usage, region: str = REGION) -> Forecast:
    """Forecast what the usage costs.

    A region without prices of its own gets those of us-east-1; ``Forecast.region`` is then us-east-1.

    Example::

        forecast(Usage(changes=1_000_000)).dollars
    """
    region, prices = prices_of(region)
    lines = (
        Line(service, what, Decimal(count(usage)), prices[price], formula)
        for service, what, price, count, formula in RULES
        if not (usage.adopted and (service, what) in OF_THE_TABLE)
    )
    return Forecast(region, usage, tuple(line for line in lines if line.quantity))


def forecast_line(
    changes: int, *, region: str = REGION, item_bytes: int = ORDER_BYTES, units_per_write: int = TRANSACTION_WRITE,
    read_bytes: int = 0,
) -> str:  # fmt: skip
    """Return a log line with the cost of so many changes on AWS, in a pipeline that runs anyway."""
    usage = Usage(changes, item_bytes=item_bytes, units_per_write=units_per_write, read_bytes=read_bytes)
    return summary_line(forecast(usage, region))


def summary_line(found: Forecast) -> str:
    """Return a forecast as one line: the total, and the services over a twentieth of it, by cost."""
    services = sorted(found.by_service().items(), key=lambda entry: -entry[1])
    parts = ", ".join(
        f"{service} {in_dollars(dollars)}" for service, dollars in services if dollars > found.dollars / 20
    )
    return (
        f"On AWS {found.usage.changes:,} changes cost about {in_dollars(found.dollars)}"
        f"{f' (mostly {parts})' if parts else ''}, at the list prices of {found.region}; 'make cost' shows how it is counted."
    )


def monthly_cost(settings: Settings, changes: int = 1_000_000) -> str:
    """Say in a line what a month with so many changes costs.

    Example::

        monthly_cost(settings)  # "$81.11 a month with 1,000,000 changes, at the list prices of us-east-1 (make cost)"
    """
    usage = Usage(
        changes, Decimal(DAYS_PER_MONTH), firehose_interval_seconds=settings.firehose_interval_seconds,
        firehose_size_mb=settings.firehose_size_mb, event_driven=settings.event_driven, adopted=settings.table is not None,
    )  # fmt: skip
    found = forecast(usage, settings.region)
    return f"{in_dollars(found.dollars)} a month with {changes:,} changes, at the list prices of {found.region} (make cost)"


def chunks(size: int, chunk: int) -> int:
    """Return how many chunks a size fills, the last one perhaps in part."""
    return -(-size // chunk)


def rounded_up(size: int, chunk: int) -> int:
    return chunks(size, chunk) * chunk
