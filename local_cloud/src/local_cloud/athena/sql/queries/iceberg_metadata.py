"""List the metadata tables of an Iceberg table that can be queried here, with their columns.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from local_cloud.athena.types import BIGINT, BOOLEAN, INTEGER, VARCHAR, Type, mapping, timestamp_with_zone

METADATA_COLUMNS: dict[str, tuple[tuple[str, Type], ...]] = {
    "snapshots": (
        ("committed_at", timestamp_with_zone(3)), ("snapshot_id", BIGINT), ("parent_id", BIGINT), ("operation", VARCHAR),
        ("manifest_list", VARCHAR), ("summary", mapping(VARCHAR, VARCHAR)),
    ),
    "history": (
        ("made_current_at", timestamp_with_zone(3)), ("snapshot_id", BIGINT), ("parent_id", BIGINT), ("is_current_ancestor", BOOLEAN),
    ),
    "files": (
        ("content", INTEGER), ("file_path", VARCHAR), ("file_format", VARCHAR), ("record_count", BIGINT), ("file_size_in_bytes", BIGINT),
    ),
}  # fmt: skip
