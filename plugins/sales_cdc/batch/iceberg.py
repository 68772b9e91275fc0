"""Read the snapshots of Iceberg tables in the Glue Data Catalog."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook


@dataclass(frozen=True)
class Snapshot:
    """Hold one version of a table: its id, the time of its commit, and its columns."""

    snapshot_id: int
    committed_at: datetime
    columns: list[str]


class IcebergTableHook(AwsBaseHook):
    """Read the metadata file that the catalog points to.

    Source: https://iceberg.apache.org/spec/#table-metadata-fields
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "glue"})
        self._for_others = kwargs

    def exists(self, database: str, table: str) -> bool:
        """Return whether the catalog has the table."""
        try:
            self.conn.get_table(DatabaseName=database, Name=table)
        except self.conn.exceptions.EntityNotFoundException:
            return False
        return True

    def snapshots(self, database: str, table: str) -> list[Snapshot]:
        """Return every snapshot that can still be read, oldest first.

        Raises:
            botocore.exceptions.ClientError: the table is missing or denied.
        """
        parameters = self.conn.get_table(DatabaseName=database, Name=table)["Table"]["Parameters"]
        bucket, _, key = parameters["metadata_location"].removeprefix("s3://").partition("/")
        s3 = AwsBaseHook(**{**self._for_others, "client_type": "s3"}).conn
        metadata = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        columns = {schema["schema-id"]: [field["name"] for field in schema["fields"]] for schema in metadata["schemas"]}
        return [
            Snapshot(
                each["snapshot-id"],
                datetime.fromtimestamp(each["timestamp-ms"] / 1000, UTC),
                columns[each.get("schema-id", metadata["current-schema-id"])],
            )
            for each in sorted(metadata.get("snapshots", []), key=lambda each: each["sequence-number"])
        ]
