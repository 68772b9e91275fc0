"""Read the metadata tables about an Iceberg table's files and references: ``"t$files"``, ``"t$manifests"``, ``"t$refs"``.

Sources: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html,
https://trino.io/docs/current/connector/iceberg.html#metadata-tables. Names and order of the columns of ``$files`` are those that
https://dev.classmethod.jp/articles/amazon-athena-iceberg-table-metadata-usecase shows from AWS; the values are a real Trino's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DoubleType, FloatType, IcebergType

from local_cloud.athena.sql.values.display import floating

_COUNTS, _BOUNDS = pa.map_(pa.int32(), pa.int64()), pa.map_(pa.int32(), pa.string())
_FILES = pa.schema([
    ("content", pa.int32()), ("file_path", pa.string()), ("file_format", pa.string()), ("record_count", pa.int64()),
    ("file_size_in_bytes", pa.int64()), ("column_sizes", _COUNTS), ("value_counts", _COUNTS), ("null_value_counts", _COUNTS),
    ("nan_value_counts", _COUNTS), ("lower_bounds", _BOUNDS), ("upper_bounds", _BOUNDS), ("key_metadata", pa.binary()),
    ("split_offsets", pa.list_(pa.int64())), ("equality_ids", pa.list_(pa.int32())),
])  # fmt: skip
_SUMMARY = pa.struct([
    ("contains_null", pa.bool_()), ("contains_nan", pa.bool_()), ("lower_bound", pa.string()), ("upper_bound", pa.string()),
])  # fmt: skip
_MANIFESTS = pa.schema([
    ("path", pa.string()), ("length", pa.int64()), ("partition_spec_id", pa.int32()), ("added_snapshot_id", pa.int64()),
    ("added_data_files_count", pa.int32()), ("added_rows_count", pa.int64()), ("existing_data_files_count", pa.int32()),
    ("existing_rows_count", pa.int64()), ("deleted_data_files_count", pa.int32()), ("deleted_rows_count", pa.int64()),
    ("partition_summaries", pa.list_(_SUMMARY)),
])  # fmt: skip
_REFS = pa.schema([
    ("name", pa.string()), ("type", pa.string()), ("snapshot_id", pa.int64()), ("max_reference_age_in_ms", pa.int64()),
    ("min_snapshots_to_keep", pa.int32()), ("max_snapshot_age_in_ms", pa.int64()),
])  # fmt: skip


def files(loaded: Table) -> pa.Table:
    """Return a row for each data and delete file of the current snapshot."""
    kinds = {number: loaded.schema().find_type(number) for number in loaded.schema().field_ids}
    found = [_file(entry.data_file, kinds) for manifest in _manifests(loaded) for entry in _live(loaded, manifest)]
    return pa.Table.from_pylist(found, schema=_FILES)


def manifests(loaded: Table) -> pa.Table:
    """Return a row for each manifest of the current snapshot."""
    found = [_manifest(loaded, manifest) for manifest in _manifests(loaded)]
    return pa.Table.from_pylist(found, schema=_MANIFESTS)


def refs(loaded: Table) -> pa.Table:
    """Return a row for each branch and tag."""
    found = [
        {
            "name": name,
            "type": ref.snapshot_ref_type.upper(),
            "snapshot_id": ref.snapshot_id,
            "max_reference_age_in_ms": ref.max_ref_age_ms,
            "min_snapshots_to_keep": ref.min_snapshots_to_keep,
            "max_snapshot_age_in_ms": ref.max_snapshot_age_ms,
        }
        for name, ref in loaded.metadata.refs.items()
    ]
    return pa.Table.from_pylist(found, schema=_REFS)


TABLES: dict[str, Callable[[Table], pa.Table]] = {"files": files, "manifests": manifests, "refs": refs}


def _manifests(loaded: Table) -> list[ManifestFile]:
    current = loaded.current_snapshot()
    return [] if current is None else current.manifests(loaded.io)


def _live(loaded: Table, manifest: ManifestFile) -> Iterator[Any]:
    return iter(manifest.fetch_manifest_entry(loaded.io, discard_deleted=True))


def _file(file: DataFile, kinds: dict[int, IcebergType]) -> dict[str, Any]:
    counts = ("column_sizes", "value_counts", "null_value_counts", "nan_value_counts")
    return {
        "content": int(file.content),
        "file_path": file.file_path,
        "file_format": file.file_format.value,
        "record_count": file.record_count,
        "file_size_in_bytes": file.file_size_in_bytes,
        **{name: _listed(getattr(file, name)) for name in counts},
        "lower_bounds": _bounds(file.lower_bounds, kinds),
        "upper_bounds": _bounds(file.upper_bounds, kinds),
        "key_metadata": file.key_metadata,
        "split_offsets": file.split_offsets,
        "equality_ids": file.equality_ids,
    }


def _listed(counts: dict[int, int] | None) -> list[tuple[int, int]] | None:
    return None if counts is None else sorted(counts.items())


def _bounds(bounds: dict[int, bytes] | None, kinds: dict[int, IcebergType]) -> list[tuple[int, str]] | None:
    if bounds is None:
        return None
    return [(number, _readable(kinds[number], value)) for number, value in sorted(bounds.items()) if number in kinds]


def _readable(kind: IcebergType, value: bytes, transform: Any = None) -> str:
    """Write a bound as Iceberg's library for Java does: dates and times in ISO 8601, bytes in base64."""
    found = from_bytes(kind, value)
    if isinstance(kind, DoubleType | FloatType):
        return floating(str(found))
    return str((transform or IdentityTransform()).to_human_string(kind, found))


def _manifest(loaded: Table, manifest: ManifestFile) -> dict[str, Any]:
    spec = loaded.specs()[manifest.partition_spec_id]
    kinds = [field.field_type for field in spec.partition_type(loaded.schema()).fields]
    return {
        "path": manifest.manifest_path,
        "length": manifest.manifest_length,
        "partition_spec_id": manifest.partition_spec_id,
        "added_snapshot_id": manifest.added_snapshot_id,
        "added_data_files_count": manifest.added_files_count,
        "added_rows_count": manifest.added_rows_count,
        "existing_data_files_count": manifest.existing_files_count,
        "existing_rows_count": manifest.existing_rows_count,
        "deleted_data_files_count": manifest.deleted_files_count,
        "deleted_rows_count": manifest.deleted_rows_count,
        "partition_summaries": [
            {
                "contains_null": summary.contains_null,
                "contains_nan": summary.contains_nan,
                "lower_bound": _edge(kind, summary.lower_bound, field.transform),
                "upper_bound": _edge(kind, summary.upper_bound, field.transform),
            }
            for summary, kind, field in zip(manifest.partitions or [], kinds, spec.fields, strict=False)
        ],
    }


def _edge(kind: IcebergType, value: bytes | None, transform: Any) -> str | None:
    return None if value is None else _readable(kind, value, transform)
