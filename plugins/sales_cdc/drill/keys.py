"""Name the objects of one drill in the ledger. Pure: no Airflow, no AWS client."""

from __future__ import annotations

import hashlib

from sales_cdc.contract import bucket_keys


def evidence_key(name: str, file: str) -> str:
    """Return the key of a file of the drill's evidence."""
    return f"{bucket_keys.folder_of(bucket_keys.DRILL_RUNS, name)}{file}"


def poison_key(name: str, source: str, version: str) -> str:
    """Return the key under which the poison of one error object, in one version, is kept in the end."""
    digest = hashlib.sha256(f"{source} {version}".encode()).hexdigest()[:32]
    return evidence_key(name, f"poison/{digest}.jsonl")


def curate_key(name: str) -> str:
    """Return the key under which the Glue job counts what it read."""
    return bucket_keys.document_of(bucket_keys.CURATE_RUNS, name)
