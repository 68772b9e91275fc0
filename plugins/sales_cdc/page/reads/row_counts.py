"""Count the rows of an Iceberg table from what its newest snapshot says of itself: two calls, however many rows there are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sales_cdc.verdict.clients import DeploymentClients


@dataclass(frozen=True)
class Extent:
    """How much a table holds: ``rows`` without those that were deleted, and the ``bytes`` of its files, None where a snapshot does not say."""

    rows: int
    bytes: int | None


class RowCounts:
    """The tables of one deployment's database.

    Sources: https://iceberg.apache.org/spec/#optional-snapshot-summary-fields,
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
    """

    def __init__(self, clients: DeploymentClients) -> None:
        self._clients = clients

    def count(self, table: str) -> int | None:
        """Return how many rows the table holds, without those that were deleted; None when there is no such Iceberg table.

        Raises:
            BotoCoreError, ClientError: the catalog or the bucket refused.
            ValueError: its snapshot does not say how many.
        """
        found = self.extent(table)
        return found.rows if found else None

    def extent(self, table: str) -> Extent | None:
        """Return how much the table holds; None when there is no such Iceberg table.

        Raises:
            BotoCoreError, ClientError: the catalog or the bucket refused.
            ValueError: its snapshot does not say how many.
        """
        location = self._metadata_location(table)
        if location is None:
            return None
        bucket, _, key = location.removeprefix("s3://").partition("/")
        body = self._clients.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        metadata: dict[str, Any] = json.loads(body)
        summaries = {each["snapshot-id"]: each.get("summary", {}) for each in metadata.get("snapshots", [])}
        summary = summaries.get(metadata.get("current-snapshot-id"))
        if summary is None:
            return Extent(0, 0)  # nothing was ever written
        if "total-records" not in summary:
            raise ValueError(f"The newest snapshot of {table} does not say how many rows it holds ({key}).")
        rows = int(summary["total-records"]) - int(summary.get("total-position-deletes", 0))
        return Extent(rows, int(summary["total-files-size"]) if "total-files-size" in summary else None)

    def _metadata_location(self, table: str) -> str | None:
        glue, database = self._clients.client("glue"), self._clients.topology().database.name
        try:
            found = glue.get_table(DatabaseName=database, Name=table)["Table"]
        except glue.exceptions.EntityNotFoundException:
            return None
        location: str | None = found.get("Parameters", {}).get("metadata_location")
        return location
