"""Keep the tables in good order: files of a size, sorted by what is asked for, without what nobody reads any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from curated_tables import WHOLE_KEYS, Lake

FRESH = timedelta(days=2)
"""Files of orders_current whose changes are all younger stay as they are: mixed with older orders, the next batches would read those too."""
SNAPSHOT_RETENTION = timedelta(days=7)


def maintain(lake: Lake) -> None:
    """Compact small files and deletes, expire snapshots, remove what dead commits left. No row changes."""
    expired = f"TIMESTAMP '{datetime.now(UTC) - SNAPSHOT_RETENTION:%Y-%m-%d %H:%M:%S}'"
    by = ", strategy => 'sort', sort_order => '{}'".format
    by_key = by(", ".join(lake.key))
    fresh = f"TIMESTAMP_NTZ '{datetime.now(UTC).date() - FRESH:%Y-%m-%d} 00:00:00'"
    layouts = {
        lake.changes: by_key,
        lake.current: f'{by_key}, where => "creation_time < {fresh}"',
        lake.quarantine: by("source_object"),
        lake.intake: by("object"),
    }
    lake.set_property(lake.current, WHOLE_KEYS[0].format(lake.key[0]), WHOLE_KEYS[1])  # of tables that were made before
    for table, layout in layouts.items():
        name = f"table => '{lake.database}.{table}'"
        for call in (
            f"rewrite_data_files({name}{layout}, options => map('delete-ratio-threshold', '0.1'))",
            f"expire_snapshots({name}, older_than => {expired}, retain_last => 5)",
            f"remove_orphan_files({name}, prefix_listing => true)",
        ):
            lake.commit(partial(lake.spark.sql, f"CALL `{lake.catalog}`.system.{call}"))
