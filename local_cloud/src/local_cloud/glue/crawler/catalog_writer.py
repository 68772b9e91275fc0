"""Write found tables and partitions into the Glue catalog, as the crawler's schema-change policy says.

Sources, AWS Glue: *Setting crawler configuration options using the API*, *Preventing a crawler from changing an existing schema*,
*Using crawlers to populate the Data Catalog* (table names; a hash suffix when the name is taken).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from local_cloud.glue.crawler.grouping import Group
from local_cloud.glue.crawler.policy import CrawlerPolicy
from local_cloud.glue.crawler.table_input import (
    Document,
    inheriting,
    name_with_hash,
    partition_input,
    table_input,
    table_name,
    with_further_columns,
)  # fmt: skip

CREATE_BATCH, UPDATE_BATCH, GET_BATCH = 100, 100, 1000
_TABLE_INPUT_FIELDS = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType",
    "Parameters",
)  # fmt: skip
_PARTITION_INPUT_FIELDS = ("Values", "StorageDescriptor", "Parameters")
DEPRECATED = "DEPRECATED_BY_CRAWLER"


@dataclass(slots=True)
class Changes:
    """Names of the tables, and of the partitions as ``table/value/…``, that a crawl touched."""

    tables: dict[str, list[str]] = field(default_factory=lambda: {"created": [], "updated": [], "deleted": []})
    partitions: dict[str, list[str]] = field(default_factory=lambda: {"created": [], "updated": [], "deleted": []})


class CatalogWriter:
    """Writes what one crawl found; every call to the catalog is made as the crawler's role.

    Args:
        is_part: the crawl saw a part of the target only, so that a table keeps the columns that this part lacks.
    """

    def __init__(
        self,
        glue: Any,
        crawler: Mapping[str, Any],
        policy: CrawlerPolicy,
        log: Callable[[str], None],
        is_part: bool = False,
    ) -> None:
        self._glue, self._policy, self._log, self._is_part = glue, policy, log, is_part
        self._crawler: str = crawler["Name"]
        self._database: str = crawler["DatabaseName"]
        self._prefix: str = crawler.get("TablePrefix", "")
        self._make_database()
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=self._database)
        self.tables: dict[str, Document] = {table["Name"]: table for page in pages for table in page["TableList"]}
        self.changes = Changes()
        self._written: set[str] = set()

    def _make_database(self) -> None:
        """Create the crawler's database, if there is none."""
        try:
            self._glue.get_database(Name=self._database)
        except self._glue.exceptions.EntityNotFoundException:
            with suppress(self._glue.exceptions.AlreadyExistsException):  # another crawler may have made it meanwhile
                self._glue.create_database(DatabaseInput={"Name": self._database})
                self._log(f"Created database {self._database}")

    def write(self, bucket: str, group: Group, exclusions: Sequence[str]) -> None:
        """Create or update the group's table, then its partitions."""
        name = self._free_name(bucket, group)
        self._written.add(name)
        found = table_input(name, bucket, group, self._crawler, exclusions)
        table = self._write_table(name, found)
        if found["PartitionKeys"]:
            partitions = [partition_input(bucket, group, leaf, self._crawler) for leaf in group.leaves]
            self._write_partitions(table, partitions)

    def _free_name(self, bucket: str, group: Group) -> str:
        name, location = table_name(self._prefix, bucket, group.path), f"s3://{bucket}/{group.path}"
        taken = self.tables.get(name, {"StorageDescriptor": {"Location": location}})
        taken_by = taken.get("StorageDescriptor", {}).get("Location", "")
        return name if taken_by.rstrip("/") == location.rstrip("/") else name_with_hash(name, location)

    def _write_table(self, name: str, found: Document) -> Document:
        if name not in self.tables and self._created(name, found):
            return found
        existing: Document = self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
        current = {key: existing[key] for key in _TABLE_INPUT_FIELDS if existing.get(key) is not None}
        wanted = self._wanted_table(current, found)
        if any(current.get(key) != value for key, value in wanted.items() if key != "Retention"):
            self._glue.update_table(DatabaseName=self._database, TableInput=wanted)
            self._log(f"Updated table {name} in database {self._database}")
            self.changes.tables["updated"].append(name)
            self.tables[name] = wanted
            return wanted
        return existing

    def _created(self, name: str, found: Document) -> bool:
        """Say whether the table is new; another crawler may have made it meanwhile."""
        try:
            self._glue.create_table(DatabaseName=self._database, TableInput=found)
        except self._glue.exceptions.AlreadyExistsException:
            return False
        self._log(f"Created table {name} in database {self._database}")
        self.changes.tables["created"].append(name)
        self.tables[name] = found
        return True

    def _wanted_table(self, current: Document, found: Document) -> Document:
        if self._policy.merge_new_columns:
            storage = current.get("StorageDescriptor", {})
            columns = storage.get("Columns", [])
            known = {column["Name"] for column in columns}
            added = [column for column in found["StorageDescriptor"]["Columns"] if column["Name"] not in known]
            if found["Parameters"]["classification"] != current.get("Parameters", {}).get("classification"):
                self._log(f"Table {found['Name']} changed its classification: marked as deprecated")
                return {**current, "Parameters": {**current.get("Parameters", {}), DEPRECATED: _now()}}
            return {
                **current,
                "StorageDescriptor": {**storage, "Columns": columns + added},
                "Parameters": {**current.get("Parameters", {}), **found["Parameters"]},
            }
        if self._policy.update == "LOG":
            if current.get("StorageDescriptor", {}).get("Columns") != found["StorageDescriptor"]["Columns"]:
                self._log(f"Schema change of table {found['Name']} ignored (UpdateBehavior LOG)")
            return current
        return with_further_columns(current, found) if self._is_part else found

    def _write_partitions(self, table: Document, found: Sequence[Document]) -> None:
        if self._policy.partitions_inherit:
            found = [inheriting(partition, table) for partition in found]
        existing = self._existing(table["Name"], [partition["Values"] for partition in found])
        new = [partition for partition in found if tuple(partition["Values"]) not in existing]
        for batch in _batches(new, CREATE_BATCH):
            self._raise_for(self._glue.batch_create_partition(
                DatabaseName=self._database, TableName=table["Name"], PartitionInputList=batch
            ))  # fmt: skip
        self._note("created", table["Name"], new)
        if self._policy.update == "LOG" and not self._policy.partitions_inherit:
            return
        changed = [p for p in found if tuple(p["Values"]) in existing and _differs(p, existing[tuple(p["Values"])])]
        self._update_partitions(table["Name"], changed)

    def _update_partitions(self, table: str, wanted: Sequence[Document]) -> None:
        for batch in _batches(wanted, UPDATE_BATCH):
            entries = [{"PartitionValueList": partition["Values"], "PartitionInput": partition} for partition in batch]
            self._raise_for(
                self._glue.batch_update_partition(DatabaseName=self._database, TableName=table, Entries=entries)
            )
        self._note("updated", table, wanted)

    def _existing(self, table: str, values: Sequence[list[str]]) -> dict[tuple[str, ...], Document]:
        existing: dict[tuple[str, ...], Document] = {}
        for batch in _batches([{"Values": each} for each in values], GET_BATCH):
            answer = self._glue.batch_get_partition(DatabaseName=self._database, TableName=table, PartitionsToGet=batch)
            existing |= {tuple(partition["Values"]): partition for partition in answer["Partitions"]}
        return existing

    def partitions(self, table: str) -> list[Document]:
        pages = self._glue.get_paginator("get_partitions").paginate(DatabaseName=self._database, TableName=table)
        return [partition for page in pages for partition in page["Partitions"]]

    def remove_missing(self, locations: Iterable[str], folders: set[str]) -> None:
        """Delete or deprecate the crawler's tables and partitions whose objects are gone from its targets.

        Args:
            locations: the include paths that were crawled, as ``s3://`` URIs.
            folders: every folder and lone object that was found, as ``s3://`` URIs.
        """
        targets = [location.rstrip("/") for location in locations]
        for name, table in list(self.tables.items()):
            location = table.get("StorageDescriptor", {}).get("Location", "")
            inside = any(f"{location.rstrip('/')}/".startswith(f"{target}/") for target in targets)
            if not inside or table.get("Parameters", {}).get("UPDATED_BY_CRAWLER") != self._crawler:
                continue
            if name not in self._written:
                self._remove_table(name, table)
            elif table.get("PartitionKeys"):
                gone = [p for p in self.partitions(name) if p["StorageDescriptor"]["Location"] not in folders]
                self._remove_partitions(name, gone)

    def remove_gone(self, gone: set[str]) -> None:
        """Delete or deprecate the crawler's partitions, and tables without partitions, whose objects are gone.

        Args:
            gone: folders and lone objects, as ``s3://`` URIs.
        """
        for name, table in list(self.tables.items()):
            if name in self._written or table.get("Parameters", {}).get("UPDATED_BY_CRAWLER") != self._crawler:
                continue
            location = table.get("StorageDescriptor", {}).get("Location", "")
            if keys := table.get("PartitionKeys"):
                below = [each[len(location) : -1].split("/") for each in gone if each.startswith(location)]
                values = [[part.rpartition("=")[2] for part in each] for each in below if len(each) == len(keys)]
                self._remove_partitions(name, list(self._existing(name, values).values()))
            elif location in gone:
                self._remove_table(name, table)

    def _remove_table(self, name: str, table: Document) -> None:
        if self._policy.delete == "DELETE_FROM_DATABASE":
            self._glue.delete_table(DatabaseName=self._database, Name=name)
            self.changes.tables["deleted"].append(name)
            self._log(f"Deleted table {name}: its objects are gone")
        elif self._policy.delete == "DEPRECATE_IN_DATABASE" and DEPRECATED not in table["Parameters"]:
            wanted = {key: table[key] for key in _TABLE_INPUT_FIELDS if table.get(key) is not None}
            wanted["Parameters"] = {**table["Parameters"], DEPRECATED: _now()}
            self._glue.update_table(DatabaseName=self._database, TableInput=wanted)
            self.changes.tables["updated"].append(name)
            self._log(f"Marked table {name} as deprecated: its objects are gone")
        else:
            self._log(f"The objects of table {name} are gone")

    def _remove_partitions(self, table: str, gone: Sequence[Document]) -> None:
        for partition in gone:
            values = partition["Values"]
            if self._policy.delete == "DELETE_FROM_DATABASE":
                self._glue.delete_partition(DatabaseName=self._database, TableName=table, PartitionValues=values)
                self._note("deleted", table, [partition])
            elif self._policy.delete == "DEPRECATE_IN_DATABASE" and DEPRECATED not in partition.get("Parameters", {}):
                wanted = {key: partition[key] for key in _PARTITION_INPUT_FIELDS if key in partition}
                wanted["Parameters"] = {**partition.get("Parameters", {}), DEPRECATED: _now()}
                self._update_partitions(table, [wanted])
            else:
                self._log(f"The objects of partition {'/'.join(values)} of table {table} are gone")

    def _note(self, change: str, table: str, partitions: Sequence[Document]) -> None:
        self.changes.partitions[change] += ["/".join([table, *partition["Values"]]) for partition in partitions]
        if partitions:
            self._log(f"{change.capitalize()} {len(partitions)} partitions of table {table}")

    def _raise_for(self, answer: Mapping[str, Any]) -> None:
        """Raise an error of the crawl; a partition that another writer made meanwhile is none."""
        errors = [error["ErrorDetail"] for error in answer.get("Errors", [])]
        serious = [error for error in errors if error["ErrorCode"] != "AlreadyExistsException"]
        if serious:
            raise CatalogError(
                f"The catalog refused a partition: {serious[0]['ErrorCode']}: {serious[0]['ErrorMessage']}"
            )


class CatalogError(Exception):
    """The catalog refused a part of a batch."""


def _differs(wanted: Mapping[str, Any], existing: Mapping[str, Any]) -> bool:
    return any(wanted[key] != existing.get(key) for key in _PARTITION_INPUT_FIELDS)


def _batches(items: Sequence[Document], size: int) -> Iterable[list[Document]]:
    members = iter(items)
    return iter(lambda: list(itertools.islice(members, size)), [])


def _now() -> str:
    return str(int(time.time() * 1000))
