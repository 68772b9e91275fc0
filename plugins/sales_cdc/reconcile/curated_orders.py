"""The curated tables, read through Athena."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

from botocore.exceptions import ClientError

from sales_cdc.aws.athena import AthenaSqlHook, StatementError
from sales_cdc.contract.curated_row import CURRENT_METADATA, KEY
from sales_cdc.reconcile.reconciliation import Version

TABLE = "orders_current"
STATEMENT_BYTES = 200_000  # of the 262,144 that Athena takes


class CuratedOrdersHook(AthenaSqlHook):
    """One database's curated tables. Source: Amazon Athena API Reference, *GetQueryResults*; AWS Glue, *GetTable*."""

    @cached_property
    def columns(self) -> list[str]:
        """The columns that carry an order's content, sorted.

        Raises:
            StatementError: there is no curated table yet.
        """
        try:
            table = self.other("glue").get_table(DatabaseName=self.database, Name=TABLE)["Table"]
        except ClientError as error:
            raise StatementError(
                f"Could not look at the curated table {self.database}.{TABLE}: {error.response['Error'].get('Message', error)} "
                "If it was never made, run the DAG sales_cdc_batch first."
            ) from error
        columns = table["StorageDescriptor"]["Columns"]
        standing = [each for each in columns if each.get("Parameters", {}).get("iceberg.field.current") != "false"]
        return sorted({column["Name"].lower() for column in standing}.difference([KEY], CURRENT_METADATA))

    def fingerprints(self) -> Iterator[tuple[str, str]]:
        """The id and the content's fingerprint of every order that stands, in no order; one snapshot of the table.

        The query is started by the call; the first row waits for its end.
        """
        rows = self.rows(self.start("reconcile/fingerprints.sql", columns=self.columns))
        return ((order_id, fingerprint) for order_id, fingerprint in rows)

    def objects_taken(self) -> set[tuple[str, str]]:
        """Key and ETag of every raw object that the job has taken."""
        return {(key, etag) for key, etag in self.rows(self.start("reconcile/objects_taken.sql"))}

    def versions(self, order_ids: Collection[str]) -> dict[str, Version]:
        """The newest curated version of these orders, tombstones included.

        An order that the table shows more than once has a column ``(rows)`` that no item has.
        """
        versions: dict[str, Version] = {}
        for part in _parts(order_ids):
            execution_id = self.run("reconcile/versions.sql", columns=self.columns, order_ids=part)
            pages = self.get_conn().get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
            rows = (row["Data"] for page in pages for row in page["ResultSet"]["Rows"])
            next(rows)  # the column names
            for order_id, sequence_number, is_deleted, *values in (
                [c.get("VarCharValue") for c in row] for row in rows
            ):
                shown = {name: text for name, text in zip(self.columns, values, strict=True) if text is not None}
                if order_id in versions:
                    shown["(rows)"] = "more than one"
                versions[order_id] = Version(sequence_number, None if is_deleted == "true" else shown)
        return versions


def _parts(order_ids: Collection[str]) -> Iterator[list[str]]:
    """Ids in parts that fit into one statement each."""
    part: list[str] = []
    size = 0
    for order_id in order_ids:
        length = len(order_id.encode()) + order_id.count("'") + 16
        if part and size + length > STATEMENT_BYTES:
            yield part
            part, size = [], 0
        part.append(order_id)
        size += length
    if part:
        yield part
