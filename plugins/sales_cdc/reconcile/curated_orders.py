"""Read the curated tables through Athena."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.athena_sql import AthenaSqlHook
from sales_cdc.aws.batches import in_batches
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.curated_row import CURRENT_METADATA
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.contract.statement_names import sql_name
from sales_cdc.contract.watermark import Hour, hour_of
from sales_cdc.reconcile.sides import Version

TABLE, CHANGES = declared_contract().table("current"), declared_contract().table("changes")
MADE = "sales_cdc.made"
"""The property of the change log by which the job tells one from another."""
LISTS = declared_contract().table("compared")
MAX_PREFIXES = 200
MAX_HOURS = 1_500
STATEMENT_BYTES = 240_000  # Athena takes 262,144


class NoCuratedTableError(Exception):
    """The definition of the curated table cannot be read; the message says which and what to run."""


class ChangedOrders:
    """The ids of orders that have changed, read from a query's result as often as they are asked for."""

    def __init__(self, rows: Callable[[], Iterator[list[str]]]) -> None:
        self._rows = rows

    @cached_property
    def count(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        ids = (KEYS.of_texts(row) for row in self._rows())
        return (order_id for order_id in ids if not KEYS.is_probe(order_id))


class CuratedOrdersHook(AthenaSqlHook):
    """Athena and Glue, for the curated tables of one database.

    Args:
        bucket: the deployment's, which holds the lists of keys.

    Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
    """

    def __init__(self, *, bucket: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket

    @property
    def columns(self) -> list[str]:
        """Return the columns that carry an order's content, sorted.

        Raises:
            NoCuratedTableError: the table cannot be read, for example because no batch has run yet.
        """
        return sorted(self._standing.difference(KEYS.columns, CURRENT_METADATA))

    @cached_property
    def _standing(self) -> frozenset[str]:
        """The names of the table's columns."""
        try:
            table = self.other("glue").get_table(DatabaseName=self.database, Name=TABLE)["Table"]
        except ClientError as error:
            raise NoCuratedTableError(
                f"Could not read the definition of the curated table {self.database}.{TABLE}: {error.response['Error'].get('Message', error)} "
                "If no batch has made it yet, run the DAG sales_cdc_batch first."
            ) from error
        columns = table["StorageDescriptor"]["Columns"]
        current = [each for each in columns if each.get("Parameters", {}).get("iceberg.field.current") != "false"]
        return frozenset(column["Name"].lower() for column in current)

    def fingerprints(self) -> Iterator[tuple[str, str]]:
        """Return the id and the fingerprint of every order that is not deleted.

        They are unsorted, and come from one snapshot of the table.

        The call starts the query; reading the first row waits for its end.
        """
        rows = self.rows(self.start("reconcile/fingerprints.sql", columns=self.columns))
        return ((KEYS.of_texts(row), row[-1]) for row in rows)

    def listed_fingerprints(
        self, asked: Sequence[str], known: Sequence[str], oldest: datetime
    ) -> Iterator[tuple[str, str, bool]]:
        """Return id and fingerprint of the orders in the lists that are asked for, and of orphans, with True.

        Args:
            asked, known: the names of lists of keys, in the objects below ``folder``.
            oldest: an order that is in no list is an orphan if its last change was before.
        """
        self.run("reconcile/lists.sql", bucket=self.bucket, folder=bucket_keys.COMPARED_KEYS)
        query = self.start(
            "reconcile/fingerprints.sql",
            columns=self.columns,
            compared=f"{self.database}.{sql_name(LISTS)}",
            asked=list(asked),
            known=list(known),
            oldest=_sql_time(oldest),
        )
        return ((KEYS.of_texts(row), row[-1], row[-2] == "true") for row in self.rows(query))

    def hours_taken(self, since: datetime) -> set[Hour] | None:
        """Return the hours whose raw objects the job has taken since then; None when some are in no hour, or there are too many."""
        rows = list(self.rows(self.start("reconcile/hours_taken.sql", since=_sql_time(since))))
        hours = {hour_of(row[0]) for row in rows}
        found = {hour for hour in hours if hour is not None}
        return found if None not in hours and len(found) <= MAX_HOURS else None

    def changed(self, hours: Collection[Hour]) -> ChangedOrders:
        """Return the orders with a change in raw objects of these hours, without probes."""
        by_day: dict[str, list[str]] = {}
        for day, hour in sorted(hours):
            by_day.setdefault(day, []).append(hour)
        query = self.run("reconcile/changed_orders.sql", hours_by_day=list(by_day.items())) if by_day else ""
        return ChangedOrders(lambda: self.rows(query) if query else iter(()))

    @property
    def lake(self) -> str | None:
        """Return which change log there is: the property that the job gives it; None when there is none."""
        try:
            table = self.other("glue").get_table(DatabaseName=self.database, Name=CHANGES)["Table"]
            bucket, _, key = table["Parameters"]["metadata_location"].removeprefix("s3://").partition("/")
            metadata = json.loads(self.other("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"EntityNotFoundException", "NoSuchKey"}:
                raise
            return None
        made: str | None = metadata["properties"].get(MADE)
        return made

    def objects_taken(self, prefixes: Sequence[str] | None = None) -> set[tuple[str, str]]:
        """Return the key and the ETag of every raw object that the curate job has read; of those under these prefixes, if they are given."""
        asked = {"prefixes": prefixes} if prefixes is not None and len(prefixes) <= MAX_PREFIXES else {}
        query = self.start("reconcile/objects_taken.sql", **asked)
        return {(key, etag) for key, etag in self.rows(query)}

    def versions(self, order_ids: Collection[str]) -> dict[str, Version]:
        """Return the newest curated version of these orders, tombstones included.

        An order with more than one row gets a column ``(rows)``, which no item has, so that it differs from its item.
        """
        versions: dict[str, Version] = {}
        columns = self.columns
        stream = "source_stream" if "source_stream" in self._standing else "CAST(NULL AS varchar)"  # of an older table
        room_bytes = STATEMENT_BYTES - sum(2 * len(name) + 40 for name in columns)
        for part in in_batches(order_ids, _length_in_statement, room_bytes):
            asked = part if len(KEYS.columns) == 1 else [KEYS.texts(order_id) for order_id in part]
            execution_id = self.run("reconcile/versions.sql", columns=columns, order_ids=asked, source_stream=stream)
            for row in self.athena.all_rows(execution_id).rows:
                order_id = KEYS.of_texts(row)
                label, sequence_number, is_deleted, *values = row[len(KEYS.columns) :]
                shown = {name: text for name, text in zip(self.columns, values, strict=True) if text is not None}
                if order_id in versions:
                    shown["(rows)"] = "more than one"
                versions[order_id] = Version(
                    (label or "", str(sequence_number)), None if is_deleted == "true" else shown
                )
        return versions


def _sql_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _length_in_statement(order_id: str) -> int:
    """Return the most bytes that an id takes in the statement, with its quotes, commas and indentation."""
    return len(order_id.encode()) + order_id.count("'") + 20
