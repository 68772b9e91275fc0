"""Forecast what a rebuild of the curated tables costs on AWS. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sales_cdc.cost.forecast import (
    JOB_CHANGES_PER_SECOND,
    JOB_DPUS,
    JOB_START_SECONDS,
    LEAST_SCAN_BYTES,
    Forecast,
    Line,
    Usage,
)
from sales_cdc.cost.prices import REGION, in_dollars, prices_of

CHECKS = 4  # statements on the rebuilt tables; one reads the live ones too
KEEP_MONTHS = 1  # how long the former tables are kept, at most, in the forecast
JOB_RUNS = 2  # the build, and the run that takes what arrived meanwhile


@dataclass(frozen=True)
class RawZone:
    """Hold the size of ``raw/``."""

    objects: int
    size_bytes: int


def rebuild_forecast(raw: RawZone, region: str = REGION) -> Forecast:
    """Forecast a rebuild from so many raw objects; a region without prices of its own gets those of us-east-1.

    Example::

        rebuild_forecast(RawZone(objects=1_440, size_bytes=2**30)).dollars
    """
    region, prices = prices_of(region)
    row_bytes = Usage(1).row_bytes
    lines = (Line(service, what, Decimal(count), prices[price], formula) for service, what, price, count, formula in _rules(raw, row_bytes))  # fmt: skip
    return Forecast(region, Usage(raw.size_bytes // row_bytes), tuple(line for line in lines if line.quantity))


def _rules(raw: RawZone, row_bytes: int) -> Iterator[tuple[str, str, str, int | Decimal, str]]:
    changes = Decimal(raw.size_bytes) / row_bytes
    yield ("S3", "objects read", "s3_get", raw.objects, "raw objects, read once")
    yield (
        "S3",
        "storage",
        "s3_month",
        raw.size_bytes * KEEP_MONTHS,
        "bytes of raw/ at worst, for the former tables, a month",
    )
    yield (
        "Glue", "job", "glue_dpu_second", JOB_DPUS * (JOB_RUNS * JOB_START_SECONDS + changes / JOB_CHANGES_PER_SECOND),
        "2 DPU × (2 runs × 3 minutes + changes ÷ 10,000/s); changes are bytes ÷ bytes of a line",
    )  # fmt: skip
    scanned = CHECKS * max(LEAST_SCAN_BYTES, raw.size_bytes)
    yield ("Athena", "checks", "athena_scan", scanned, "4 checks × bytes of raw/ at worst, at least 10 MB")


def summary(raw: RawZone, found: Forecast) -> str:
    """Return the forecast as one line: bytes, objects and dollars."""
    services = ", ".join(f"{service} {in_dollars(dollars)}" for service, dollars in found.by_service().items())
    return (
        f"raw/ holds {raw.size_bytes:,} bytes in {raw.objects:,} objects. On AWS a rebuild from it costs about "
        f"{in_dollars(found.dollars)} ({services}), at the list prices of {found.region}."
    )
