"""Exchange, find and remove Iceberg tables in the Glue Data Catalog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.common.compat.sdk import AirflowException
from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys

MAX_ATTEMPTS = 20
POINTER = "metadata_location"
KEPT = ("StorageDescriptor", "Parameters", "TableType", "PartitionKeys", "Description", "Owner", "Retention")
CONFLICTS = {"ConcurrentModificationException", "VersionMismatchException", "AlreadyExistsException"}
PARALLEL_DELETES = 8


class ExchangeError(AirflowException):
    """Raised when a table was not exchanged or removed; the message says what stands where."""


@dataclass(frozen=True)
class IcebergTable:
    """Hold a table of the catalog as it is at one version of its entry."""

    name: str
    version: str
    definition: Mapping[str, Any]

    @property
    def location(self) -> str:
        """Return the table's own folder, with its slash: two names with one location are the same table."""
        return f"{self.definition['StorageDescriptor']['Location'].rstrip('/')}/"

    @property
    def commits(self) -> int:
        """Return the number of the metadata file that the entry points to; it only grows.

        Source: https://iceberg.apache.org/spec/#naming-for-gzip-compressed-metadata-json-files, *V<version>* and *<version>-<uuid>*
        """
        name = self.definition["Parameters"][POINTER].rpartition("/")[2]
        number = re.match(r"v?(\d+)", name)
        return int(number[1]) if number else 0

    def renamed(self, name: str) -> dict[str, Any]:
        """Return the table's input under another name."""
        return {"Name": name, **{key: self.definition[key] for key in KEPT if key in self.definition}}


class CuratedCatalogHook(AwsBaseHook):
    """Exchange curated tables: one conditional update of the catalog a table, so that readers see the one or the other whole.

    An Iceberg table is what its entry's ``metadata_location`` points to; Iceberg itself commits by the same update.
    Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html (VersionId),
    https://iceberg.apache.org/docs/1.10.0/aws/#optimistic-locking
    """

    def __init__(self, *, database: str, bucket: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "glue"})
        self.database, self.bucket = database, bucket
        self._for_others = kwargs

    def find(self, name: str) -> IcebergTable | None:
        """Return a table; None when there is none."""
        try:
            table = self.conn.get_table(DatabaseName=self.database, Name=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return None
        return IcebergTable(name, str(table.get("VersionId", "")), table)

    def exchange(self, live: str, incoming: str, outgoing: str) -> bool:
        """Give the name ``live`` the table ``incoming``, and the former live table the name ``outgoing``; return whether it was to be done.

        What was done before is not done again. A table that somebody writes meanwhile is read again.

        Raises:
            ExchangeError: ``outgoing`` is another table's name, or others changed the table at each attempt.
        """
        for _ in range(MAX_ATTEMPTS):
            coming, standing = self.find(incoming), self.find(live)
            if coming is None:
                return False
            try:
                if standing is None:
                    self.conn.create_table(DatabaseName=self.database, TableInput=coming.renamed(live))
                elif standing.location != coming.location:
                    self._keep(standing, outgoing)
                    self._update(coming.renamed(live), standing)
            except ClientError as error:
                if error.response["Error"]["Code"] not in CONFLICTS:
                    raise
                continue
            self.forget(incoming)
            return True
        raise ExchangeError(
            f"Exchange the table {self.database}.{live}: others changed it at each of {MAX_ATTEMPTS} attempts. Its former state "
            f"stands. Clear this task to try again."
        )

    def _keep(self, standing: IcebergTable, outgoing: str) -> None:
        """Give the live table a second name, which never falls behind: an older view of the same table changes nothing."""
        kept = self.find(outgoing)
        if kept is None:
            self.conn.create_table(DatabaseName=self.database, TableInput=standing.renamed(outgoing))
        elif kept.location != standing.location:
            raise ExchangeError(
                f"Keep the table {self.database}.{standing.name} as {outgoing}: that name is another table's, in {kept.location}. "
                'Nothing was exchanged. Run sales_cdc_rebuild with {"action": "delete_old"} first, if nobody needs it.'
            )
        elif kept.commits < standing.commits:
            self._update(standing.renamed(outgoing), kept)

    def _update(self, table: dict[str, Any], found: IcebergTable) -> None:
        version = {"VersionId": found.version} if found.version else {}
        self.conn.update_table(DatabaseName=self.database, TableInput=table, SkipArchive=True, **version)

    def forget(self, name: str) -> None:
        """Remove a name from the catalog; its files stay."""
        try:
            self.conn.delete_table(DatabaseName=self.database, Name=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise

    def remove(self, name: str, live: str) -> int:
        """Remove a table and its files; return how many files these were.

        Raises:
            ExchangeError: its folder is the live table's, or outside of the curated zone.
        """
        table, standing = self.find(name), self.find(live)
        if table is None:
            return 0
        zone = f"s3://{self.bucket}/{bucket_keys.CURATED_PREFIX}"
        is_live = standing is not None and standing.location.startswith(table.location)
        if is_live or not table.location.startswith(zone) or table.location == zone:
            raise ExchangeError(
                f"Remove the table {self.database}.{name}: its folder {table.location} is "
                f"{'that of ' + live if is_live else 'not one below ' + zone}. Nothing was removed. Find out who changed the catalog."
            )
        removed = self._remove_files(table.location)
        self.forget(name)
        return removed

    def _remove_files(self, location: str) -> int:
        prefix = location.removeprefix(f"s3://{self.bucket}/")
        s3 = AwsBaseHook(**{**self._for_others, "client_type": "s3"}).conn
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = (found["Key"] for page in pages for found in page.get("Contents", []))
        with ThreadPoolExecutor(PARALLEL_DELETES) as pool:
            return len(list(pool.map(lambda key: s3.delete_object(Bucket=self.bucket, Key=key), keys)))
