"""Expire snapshots of an Iceberg table, as VACUUM does.

Source: https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html, and of the properties
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html#querying-iceberg-table-properties
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

MAX_AGE_SECONDS, MIN_KEPT = 432_000, 1


def expire_snapshots(table: Table, properties: Mapping[str, str]) -> None:
    """Expire the snapshots that are too old, and delete the files that no other snapshot has."""
    age = int(properties.get("vacuum_max_snapshot_age_seconds", MAX_AGE_SECONDS))
    kept = int(properties.get("vacuum_min_snapshots_to_keep", MIN_KEPT))
    snapshots = sorted(table.snapshots(), key=lambda snapshot: snapshot.timestamp_ms, reverse=True)
    limit = (time.time() - age) * 1000
    current = table.current_snapshot()
    old = [snapshot for snapshot in snapshots[kept:] if snapshot.timestamp_ms < limit and snapshot != current]
    if not old:
        return
    dropped = {path for snapshot in old for path in _files(table, snapshot)}
    needed = {path for snapshot in snapshots if snapshot not in old for path in _files(table, snapshot)}
    table.maintenance.expire_snapshots().by_ids([snapshot.snapshot_id for snapshot in old]).commit()
    for path in sorted(dropped - needed):
        table.io.delete(path)


def _files(table: Table, snapshot: Snapshot) -> set[str]:
    """Return the paths of all files that a snapshot has: its list of manifests, these, and the data."""
    found = {snapshot.manifest_list}
    for manifest in snapshot.manifests(table.io):
        found.add(manifest.manifest_path)
        found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return found
