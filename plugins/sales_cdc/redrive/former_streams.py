"""Decide which former streams of a table are to be read, and say what may be missing after them. Pure: no Airflow, no AWS client.

A table gets another stream when its stream is switched off and on, or replaced for another view type, and when the table is made
again or restored. The former stream can be read for 24 hours.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Enabling
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sales_cdc.contract.change_contract import stream_label

BACKFILL_FROM = 10_000  # orders of a kind that a reconciliation names


@dataclass
class Drained:
    """Hold what was read of the former streams: how many changes, the time of the last, and the labels that could not be read."""

    changes: int = 0
    failed: int = 0
    last_change: datetime | None = None
    unreadable: list[str] = field(default_factory=list)


def former_streams(known: str | None, latest: str, listed: Iterable[str]) -> list[str]:
    """Return the ARNs of the streams to read before the latest, oldest first: the one that was read so far, and those after it.

    >>> former_streams(".../stream/2026-01-02", ".../stream/2026-01-05", [".../stream/2026-01-01", ".../stream/2026-01-04"])
    ['.../stream/2026-01-02', '.../stream/2026-01-04']

    Args:
        known: the stream that the pipe read, as far as setup knows; None before the first setup.
        latest: the table's stream now.
        listed: the streams that DynamoDB still lists for the table's name.
    """
    if not known or known == latest:
        return []
    first, last = stream_label(known) or "", stream_label(latest) or ""
    between = {arn for arn in listed if first < (stream_label(arn) or "") < last}
    return sorted({known, *between}, key=lambda arn: stream_label(arn) or "")


def label_time(label: str) -> datetime:
    """Return when a stream began: its label is that time, in UTC.

    >>> label_time("2026-11-22T13:40:00.000").isoformat()
    '2026-11-22T13:40:00+00:00'
    """
    return datetime.fromisoformat(label).replace(tzinfo=UTC)


def findings(table: str, former: list[str], latest: str, drained: Drained, *, made_at: datetime, last_raw: datetime | None) -> list[str]:  # fmt: skip
    """Say what was read of the former streams, which interval may be missing, and what to run.

    Args:
        made_at: when the table was made; later than a former stream if that stream was another table's.
        last_raw: when the newest raw object was stored; None when there is none.
    """
    labels = [stream_label(arn) or "" for arn in former]
    began = stream_label(latest) or ""
    said = []
    said.append(
        f"The stream of the DynamoDB table '{table}' is a new one, of {began}. {drained.changes:,} changes of the former streams "
        f"({', '.join(labels)}) were read and delivered; what the pipe had delivered before counts once."
    )
    since = drained.last_change or label_time(labels[0])
    if drained.unreadable:
        since = last_raw or since
        said.append(
            f"The streams {', '.join(drained.unreadable)} cannot be read any more (DynamoDB keeps a former stream for 24 hours): "
            f"changes since {since:%Y-%m-%dT%H:%M:%SZ}, the time of the last one that arrived, may be missing."
        )
    if drained.failed:
        said.append(
            f"{drained.failed:,} changes could not be transformed: they are under errors/, see sales_cdc_redrive."
        )
    was_made_again = made_at > label_time(labels[0])
    if was_made_again:
        said.append(
            f"The table was made again, or restored, at {made_at:%Y-%m-%dT%H:%M:%SZ}. That emits no change: orders that only the "
            "former table held are still alive in the curated tables, and orders that came with the table are not in them as they are."
        )
    said.append(
        f"Changes made between {since:%Y-%m-%dT%H:%M:%SZ} and {began}Z, while no stream was on, are in no stream. Run sales_cdc_batch, "
        f"then sales_cdc_reconcile, which names the orders that differ, then sales_cdc_repair, which sends these through the stream "
        f"again. If they are more than {BACKFILL_FROM:,}, run sales_cdc_backfill before sales_cdc_batch."
    )
    return said
