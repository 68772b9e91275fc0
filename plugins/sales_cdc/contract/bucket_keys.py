"""Every place in the bucket: the zones, the artifacts, and what the ledger keeps of each DAG's runs. Pure.

No other module spells a prefix or a key of the bucket.
"""

from __future__ import annotations

import re

from sales_cdc.contract.declared import declared_contract

RAW_PREFIX = f"raw/{declared_contract().view}/"
ERRORS_PREFIX = "errors/"
PROCESSING_FAILED_PREFIX = f"{ERRORS_PREFIX}processing-failed/"
CURATED_PREFIX = "curated/"
ATHENA_RESULTS_PREFIX = "athena-results/"
ARTIFACTS_PREFIX = "artifacts/"
EXPORTS_PREFIX = "exports/"
LEDGER_PREFIX = "ledger/"

GENERATE_RUNS = f"{LEDGER_PREFIX}generate/"
BACKFILL_RUNS = f"{LEDGER_PREFIX}backfill/"
BATCH_RUNS = f"{LEDGER_PREFIX}batch/"
CURATE_RUNS = f"{LEDGER_PREFIX}curate/"
RECONCILE_RUNS = f"{LEDGER_PREFIX}reconcile/"
REPAIR_RUNS = f"{LEDGER_PREFIX}repair/"
REDRIVE_RUNS = f"{LEDGER_PREFIX}redrive/"
DRILL_RUNS = f"{LEDGER_PREFIX}drill/"
ACKNOWLEDGED = f"{LEDGER_PREFIX}acknowledged/"
REBUILD_RUNS = f"{LEDGER_PREFIX}rebuild/"
STREAMS = f"{LEDGER_PREFIX}streams/"

TRIMMED_POSITIONS = f"{REDRIVE_RUNS}trimmed/"
WATERMARK = f"{CURATE_RUNS}watermark.json"
UNCHECKED = f"{CURATE_RUNS}unchecked/"
"""What runs of the job have taken, and where late objects are, until the gate of a batch has passed."""
CONFIRMED_RUNS = f"{BATCH_RUNS}confirmed_runs.json"
"""What each confirmed generate run wrote: its own folder is not listed again."""
RAW_TABLE_CHECK = f"{BATCH_RUNS}raw_table_check.json"
ADOPTED_STREAM = f"{LEDGER_PREFIX}adopted_stream.json"
"""The stream that setup enabled on an adopted table; teardown disables no other."""
RESCUED_ORDERS = f"{BATCH_RUNS}rescued_orders.json"
"""Which orders hold a rescued value, as of the batch that moved the watermark."""
COVERAGE = f"{LEDGER_PREFIX}compared/coverage.json"
"""Which part of the orders was compared when, and what is open."""
COMPARED_KEYS = f"{CURATED_PREFIX}compared/"
"""The lists of keys that comparisons of large tables saw, a table of Athena."""
STREAM_STATE = f"{STREAMS}state.json"
REBUILD_STATE = f"{REBUILD_RUNS}state.json"
EXCHANGES = f"{REBUILD_RUNS}exchange/"
"""``<exchange>/mark`` is there while the curated tables are exchanged, and beside it each run of the job that waits. The job spells it again."""
ORDERS_WITHOUT_INSERT = f"{BATCH_RUNS}orders_without_insert.json"


def run_key(run_id: str) -> str:
    """Turn a DAG run's id into a part of object keys.

    >>> run_key("manual__2026-01-01T00:00:00+00:00")
    'manual__2026-01-01T00-00-00-00-00'
    """
    return re.sub(r"[^A-Za-z0-9._-]", "-", run_id)


def document_of(runs: str, run_id: str) -> str:
    """Return the key of a run's one document: ``ledger/reconcile/<run>.json``."""
    return f"{runs}{run_key(run_id)}.json"


def folder_of(runs: str, run_id: str) -> str:
    """Return the prefix of a run's own folder: ``ledger/generate/<run>/``."""
    return f"{runs}{run_key(run_id)}/"
