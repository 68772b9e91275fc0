"""List the metadata tables of an Iceberg table that can be queried here, with their columns.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
"""

from __future__ import annotations

from local_cloud.athena.types import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    mapping,
    row,
    timestamp_with_zone,
)

_COUNTS = mapping(INTEGER, BIGINT)
_SUMMARY = row(
    [("contains_null", BOOLEAN), ("contains_nan", BOOLEAN), ("lower_bound", VARCHAR), ("upper_bound", VARCHAR)]
)

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
        *((name, _COUNTS) for name in ("column_sizes", "value_counts", "null_value_counts", "nan_value_counts")),
        *((name, mapping(INTEGER, VARCHAR)) for name in ("lower_bounds", "upper_bounds")),
        ("key_metadata", VARBINARY), ("split_offsets", array(BIGINT)), ("equality_ids", array(INTEGER)),
    ),
    "manifests": (
        ("path", VARCHAR), ("length", BIGINT), ("partition_spec_id", INTEGER), ("added_snapshot_id", BIGINT),
        ("added_data_files_count", INTEGER), ("added_rows_count", BIGINT), ("existing_data_files_count", INTEGER),
        ("existing_rows_count", BIGINT), ("deleted_data_files_count", INTEGER), ("deleted_rows_count", BIGINT),
        ("partition_summaries", array(_SUMMARY)),
    ),
    "refs": (
        ("name", VARCHAR), ("type", VARCHAR), ("snapshot_id", BIGINT), ("max_reference_age_in_ms", BIGINT),
        ("min_snapshots_to_keep", INTEGER), ("max_snapshot_age_in_ms", BIGINT),
    ),
}  # fmt: skip
