"""Verify after a crawl that the raw table is one, mend it, and name the objects that split it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.glue_catalog import GlueCatalogHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException

from sales_cdc.batch.changed import Changed
from sales_cdc.batch.raw_table import (
    Document,
    Survey,
    days_expression,
    digest_of,
    foreign_locations,
    is_day_folder,
    is_raw_table,
    mended_partition,
    mended_table,
    missing_columns,
    new_partition,
    new_table,
    stray_tables,
    types_of,
)
from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_event import foreign_types
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.watermark import Hour, hour_of
from sales_cdc.deployment.topology import Topology

PARTITIONS_AT_ONCE = 100  # Glue's limit for one call
MAX_REMEMBERED = 200  # foreign objects that the next check looks for again
MAX_NAMED = 20
LONGEST_UPLOAD = timedelta(minutes=15)  # by which an object may be stored before it is seen


class RawTableError(AirflowException):
    """Raised when the Data Catalog refused a partition; the message has its reason."""


class VerifyRawTableOperator(AwsBaseOperator[GlueCatalogHook]):
    """Verify that every raw object's hour is a partition of the raw table, and mend what a crawl left undone.

    A foreign object (CSV, gzip, Parquet, a subfolder, an object directly under ``raw/<entity>/``) makes the crawler create a table for
    each folder and leave new hours out of the raw table. The task then adds the hours, the contract's columns that the table lacks, and
    the SerDe's parameter that passes over malformed lines. It removes the tables that the pipeline's own crawler made below
    ``raw/<entity>/``, and no other. It names the foreign objects.

    A crawl by events sees some folders only. So the columns of the last check stay, with types that read the values of both, until a
    crawl of everything says otherwise.

    It lists the days since its last check, and those that may have got objects since the last batch whose gate passed. It lists every
    day at its first check, and while the crawler makes such tables.

    Args:
        bucket, database, crawler_name: of the deployment.
        audit: ``true``: the checks that follow ask everything.
        crawled_all: ``True``: the crawl before it saw everything.

    Returns:
        ``foreign`` (at most 20 keys), ``foreign_objects`` (how many), ``added_hours``, ``added_columns``, ``removed_tables``, and
        ``foreign_types``: the contract's columns whose type the pipeline's own lines do not explain. A column has one type for all
        objects, so a foreign object can change it. ``changed``: what the checks of the raw table have to look at, None when that is
        everything; ``ended``: the keys of the notes which that is from, of ended runs.

    Raises:
        RawTableError: the Data Catalog refused a partition.

    Example::

        VerifyRawTableOperator(task_id="verify_raw_table", bucket=topology.bucket.name, database=topology.database.name,
                               crawler_name=topology.crawler.name)
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields("bucket", "database", "crawler_name", "audit", "crawled_all")

    def __init__(
        self,
        *,
        bucket: str,
        database: str,
        crawler_name: str,
        audit: str = "false",
        crawled_all: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.crawled_all = crawled_all
        self.bucket = bucket
        self.database = database
        self.crawler_name = crawler_name
        self.audit = audit

    def execute(self, context: Any) -> Document:
        self._lake = WatermarkHook(bucket=self.bucket, **self._hook_parameters)
        self._notes = self._lake.notes()
        self._watermark = None if str(self.audit) == "true" else self._lake.watermark()
        self._changed_hours: set[Hour] = set()
        self._location = f"s3://{self.bucket}/{bucket_keys.RAW_PREFIX}"
        tables = {table["Name"]: table for table in self._pages("get_tables", "TableList")}
        strays = stray_tables(tables.values(), self._location, self.crawler_name)
        table = self._own(tables.get(Topology.RAW_TABLE))
        known = self._lake.raw_table_check() or {}
        self._kept = {} if str(self.crawled_all) == "True" else known.get("types", {})
        last = None if strays or table is None or not known else known
        survey, newest = self._survey(last)
        for key in foreign_locations(strays):
            if not any(each.startswith(key) for each in survey.foreign):
                survey.foreign.append(key)
        self._columns = (last or {}).get("columns")
        self._types: dict[str, str] = {}
        done = self._mend(table, strays, survey)
        checked = {
            "day": newest,
            "foreign": sorted(survey.foreign)[:MAX_REMEMBERED],
            "columns": self._columns,
            "types": self._types,
            "foreign_types": sorted(done["foreign_types"]),
        }
        self._lake.put_json(bucket_keys.RAW_TABLE_CHECK, checked)
        return {**self._reported(done, sorted(survey.foreign)), **self._changed()}

    def _changed(self) -> Document:
        documents = (note.document for note in self._notes)
        changed = Changed.since_watermark(self._watermark, documents, self._changed_hours)
        ended = [note.key for note in self._notes if note.ended]
        return {"changed": None if changed is None else changed.document(), "ended": ended}

    # What is there

    def _own(self, table: Document | None) -> Document | None:
        """Return the raw table. One that the crawler made of foreign objects alone cannot hold the raw zone and is removed: None."""
        if table is None or is_raw_table(table):
            return table
        if not stray_tables([{**table, "Name": ""}], self._location, self.crawler_name):
            raise RawTableError(
                f"Verify the table {self.database}.{Topology.RAW_TABLE}: it is no table of JSON lines by day and hour, and the "
                f"crawler '{self.crawler_name}' did not make it. Rename or drop it and run the batch again."
            )
        self.hook.conn.delete_table(DatabaseName=self.database, Name=Topology.RAW_TABLE)
        return None

    def _survey(self, last: Mapping[str, Any] | None) -> tuple[Survey, str]:
        """Look at every object since the day of the last check (None: at all). Return also the newest day."""
        survey = Survey()
        folders, keys = self._lake.level(bucket_keys.RAW_PREFIX)
        survey.foreign.extend([*keys, *(folder for folder in folders if not is_day_folder(folder))])
        days = sorted(folder for folder in folders if is_day_folder(folder))
        since = last["day"] if last else ""
        listed = {day for day in days if day >= since}
        for folder in sorted(listed | self._folders_with_late_objects(days)):
            for key, at in self._lake.stored(folder):
                survey.note(key)
                self._note_hour(key, at)
        for key in last["foreign"] if last else []:
            if key not in survey.foreign and self._lake.holds(key):
                survey.foreign.append(key)
        self.log.info("Looked at the raw objects of %s days, since %s.", len(listed), since or "the first")
        return survey, max(days, default="")

    def _folders_with_late_objects(self, days: Sequence[str]) -> set[str]:
        """Return the folders, of days and of hours, that may have got objects since the last batch whose gate passed."""
        if self._watermark is None:
            return set()
        late = [(day, hour) for note in self._notes for day, hour in note.document.get("hours", [])]
        return set(self._watermark.to_list(days, late))

    def _note_hour(self, key: str, stored_at: datetime) -> None:
        hour = hour_of(key)
        if self._watermark and hour and stored_at >= self._watermark.stored_at - LONGEST_UPLOAD:
            self._changed_hours.add(hour)

    def _pages(self, call: str, member: str, **arguments: Any) -> Iterator[Document]:
        for page in self.hook.conn.get_paginator(call).paginate(DatabaseName=self.database, **arguments):
            yield from page[member]

    # What is mended

    def _mend(self, table: Document | None, strays: Sequence[Mapping[str, Any]], survey: Survey) -> Document:
        done: Document = {"added_hours": 0, "added_columns": [], "removed_tables": [], "foreign_types": {}}
        if table is None and not survey.hours:
            return done  # nothing was delivered yet
        contract = declared_contract()
        found = table or new_table(self._location, self.crawler_name)
        mended = mended_table(found, contract, strays, self._kept)
        done["added_columns"] = missing_columns(found, contract)
        columns = mended["StorageDescriptor"]["Columns"]
        self._types = types_of(columns)
        done["foreign_types"] = foreign_types(self._types)
        if table is None:
            self.hook.conn.create_table(DatabaseName=self.database, TableInput=mended)
        elif mended["StorageDescriptor"] != table["StorageDescriptor"]:
            self.hook.conn.update_table(DatabaseName=self.database, TableInput=mended)
        done["added_hours"] = self._mend_partitions(mended, survey)
        for stray in strays:
            self.hook.conn.delete_table(DatabaseName=self.database, Name=stray["Name"])
            done["removed_tables"].append(stray["Name"])
        return done

    def _mend_partitions(self, table: Document, survey: Survey) -> int:
        """Add the hours that are missing, and give the others the table's columns and SerDe; return how many were added."""
        existing = list(self._partitions(table, survey))
        changed = [mended for each in existing if (mended := mended_partition(table, each))]
        known = {tuple(each["Values"]) for each in existing}
        missing = [new_partition(table, hour) for hour in sorted(survey.hours) if hour not in known]
        place = {"DatabaseName": self.database, "TableName": Topology.RAW_TABLE}
        for some in _batches(changed):
            entries = [{"PartitionValueList": each["Values"], "PartitionInput": each} for each in some]
            self._accept(self.hook.conn.batch_update_partition(**place, Entries=entries))
        for some in _batches(missing):
            self._accept(self.hook.conn.batch_create_partition(**place, PartitionInputList=some))
        return len(missing)

    def _partitions(self, table: Document, survey: Survey) -> Iterator[Document]:
        """Yield the partitions of the days that were looked at; of every day when the table's columns are not those of the last check."""
        columns = digest_of(table["StorageDescriptor"]["Columns"])
        known, self._columns = self._columns == columns, columns
        days = sorted({day for day, _ in survey.hours})
        if known and not days:
            return
        asked = {"Expression": days_expression(days)} if known else {}
        yield from self._pages("get_partitions", "Partitions", TableName=Topology.RAW_TABLE, **asked)

    def _accept(self, answer: Mapping[str, Any]) -> None:
        """Raise the Data Catalog's refusals; an hour that another run added meanwhile is none."""
        details = [error["ErrorDetail"] for error in answer.get("Errors", [])]
        refused = [each for each in details if each["ErrorCode"] != "AlreadyExistsException"]
        if refused:
            raise RawTableError(
                f"Mend partitions of {self.database}.{Topology.RAW_TABLE}: {len(refused)} were refused, such as "
                f"{refused[0]['ErrorCode']}: {refused[0].get('ErrorMessage', '')}. Clear this task to try again."
            )

    def _reported(self, done: Document, foreign: Sequence[str]) -> Document:
        if foreign:
            self.log.warning(
                "%s objects or folders under %s are not the pipeline's: %s. Move them elsewhere.",
                len(foreign), bucket_keys.RAW_PREFIX, ", ".join(foreign[:MAX_NAMED]),
            )  # fmt: skip
        for name, kind in done["foreign_types"].items():
            self.log.warning(
                "The column %s of %s is %s now: an object under %s that the pipeline did not deliver has such a value. The "
                "batch's report names the object if the job quarantined its lines.",
                name, Topology.RAW_TABLE, kind, bucket_keys.RAW_PREFIX,
            )  # fmt: skip
        self.log.info(
            "%s: %s hours and the columns %s added; %s tables that the crawler made of foreign objects removed.",
            Topology.RAW_TABLE,
            done["added_hours"], done["added_columns"] or "none", len(done["removed_tables"]),
        )  # fmt: skip
        removed = done["removed_tables"][:MAX_NAMED]
        return {**done, "removed_tables": removed, "foreign": foreign[:MAX_NAMED], "foreign_objects": len(foreign)}


def _batches(items: Sequence[Document]) -> Iterator[Sequence[Document]]:
    for at in range(0, len(items), PARTITIONS_AT_ONCE):
        yield items[at : at + PARTITIONS_AT_ONCE]
