"""Name the objects that a redrive writes. Pure: no Airflow, no AWS client."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.bucket_keys import run_key


def raw_key(source: str, arrived_ms: int, events: bytes) -> str:
    """Return the key for redriven change events, in the hour in which Firehose first took them.

    The same events of the same source give the same key, so a repeated delivery writes no second object.

    Args:
        source: the error object or the stream position that the events come from.
        arrived_ms: when Firehose took the first of them, in milliseconds since the epoch.
    """
    arrived = datetime.fromtimestamp(arrived_ms / 1000, UTC)
    name = f"redrive-{run_key(source.rsplit('/', 1)[-1])}-{_digest(events)}.json"
    return f"{bucket_keys.RAW_PREFIX}dt={arrived:%Y-%m-%d}/hr={arrived:%H}/{name}"


def error_key(source: str, arrived_ms: int, data: Iterable[str]) -> str:
    """Return the key for failed records that Firehose never saw; the same records give the same key."""
    arrived = datetime.fromtimestamp(arrived_ms / 1000, UTC)
    name = f"redrive-{run_key(source)}-{_digest(' '.join(data).encode())}"
    return f"{bucket_keys.PROCESSING_FAILED_PREFIX}dt={arrived:%Y-%m-%d}/{name}"


def attempts_prefix(run_id: str) -> str:
    """Return the prefix under which a run keeps one document for each attempt."""
    return bucket_keys.folder_of(bucket_keys.REDRIVE_RUNS, run_id)


def report_key(run_id: str) -> str:
    """Return the key of a run's report."""
    return bucket_keys.document_of(bucket_keys.REDRIVE_RUNS, run_id)


def attempt_key(run_id: str, kind: str, source: str, version: str) -> str:
    """Return the key of one attempt at one version (ETag) of an error object, or at a position."""
    return f"{attempts_prefix(run_id)}{kind}/{_digest(source.encode())}-{run_key(version)}.json"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
