"""Read some items of a table, spread over all of it, with a bound on what that costs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sales_cdc.aws.errors import explained

MAX_SEGMENTS = 100
PARALLEL_READS = 8
PAGE_READ_UNITS = 128
"""Of one page at most: 1 MB, eventually consistent, at half a unit for each 4 KB."""


@dataclass(frozen=True)
class SamplePlan:
    """How a table is sampled: the first ``per_segment`` items of each of ``segments`` equal parts of its hash range.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
    """

    table: str
    items: int
    size_bytes: int
    segments: int
    per_segment: int

    @property
    def read_units(self) -> float:
        """How many read units the sample takes, as far as the table's average item tells."""
        average = self.size_bytes / self.items if self.items else 0.0
        pages = max(1.0, self.per_segment * average / 4096)
        return self.segments * pages / 2

    @property
    def most_read_units(self) -> int:
        """How many it takes at most: one page of each segment."""
        return self.segments * PAGE_READ_UNITS


def plan_sample(description: Mapping[str, Any], sample: int) -> SamplePlan:
    """Plan to read about ``sample`` items; DynamoDB counts items and bytes anew every six hours."""
    segments = min(MAX_SEGMENTS, sample)
    per_segment = -(-sample // segments)
    counts = (int(description.get("ItemCount", 0)), int(description.get("TableSizeBytes", 0)))
    return SamplePlan(str(description["TableName"]), *counts, segments, per_segment)


def read_sample(client: Any, plan: SamplePlan) -> tuple[list[dict[str, Any]], float]:
    """Return the items with binary values in base64, and the read units that they took.

    Raises:
        CallRefusedError: the table may not be read, or nothing answers.
    """

    def page(segment: int) -> Any:
        return client.scan(
            TableName=plan.table, Segment=segment, TotalSegments=plan.segments, Limit=plan.per_segment,
            ReturnConsumedCapacity="TOTAL",
        )  # fmt: skip

    with explained("read items of the DynamoDB table", plan.table), ThreadPoolExecutor(PARALLEL_READS) as pool:
        pages = list(pool.map(page, range(plan.segments)))
    items = [{name: as_on_the_wire(value) for name, value in item.items()} for each in pages for item in each["Items"]]
    return items, sum(float(each.get("ConsumedCapacity", {}).get("CapacityUnits", 0)) for each in pages)


def as_on_the_wire(value: Any) -> Any:
    """Write binary values in base64, as DynamoDB sends them and a stream record holds them."""
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {name: as_on_the_wire(member) for name, member in value.items()}
    return [as_on_the_wire(each) for each in value] if isinstance(value, list) else value
