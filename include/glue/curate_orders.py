"""Glue job: takes the raw objects that it has not taken yet into the curated Iceberg tables of the contract's entity.

    raw/*.json ──► parse ──► orders_changes     every change once, by (key, source_stream, sequence_number)
                        ├──► orders_current     the latest change of each key; a REMOVE stays as a tombstone
                        ├──► orders_quarantine  lines that are no change event, with the reason
                        └──► orders_intake      the objects taken: committed last

Exact at any crash, rerun, duplication, order and split: each commit is a MERGE by identity that changes nothing the second time,
and an object counts as taken only once all that it holds is committed. The watermark says which folders may hold objects that nobody
has taken: only their names are listed. Without it, or with that of another lake, all are. Order is the streams': by the stream's
label, then by sequence number. A value that does not fit its column is null there and stands in ``rescued_data``.
A dropped orders_changes is rebuilt from all raw objects, a dropped orders_current from orders_changes. With ``--rebuild true`` the
job makes all tables again beside the live ones, which sales_cdc_rebuild then exchanges.

The same file runs on AWS Glue 5.1 (Spark 3.5, Iceberg 1.10) and on a laptop. The modules beside it reach it by
``--extra-py-files``, the contract by ``--extra-files``. Sources:
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
https://iceberg.apache.org/docs/1.10.0/spark-procedures/
https://iceberg.apache.org/docs/1.10.0/spark-writes/
"""

from __future__ import annotations

import argparse
import json
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from contract_file import load_contract
from curated_tables import MAX_FURTHER_COLUMNS, Lake, prepare_tables
from curation import curate, not_taken
from maintenance import maintain
from pyspark.sql import DataFrame
from raw_listing import level_of, listed_objects, s3_names, watermark_after
from raw_objects import s3_fetch
from rebuilding import await_exchange, rebuild, rebuilt_lake
from spark_session import start_session
from watermark import Watermark


def main() -> None:
    parser = argparse.ArgumentParser(description="Curate the raw change events of one entity.", allow_abbrev=False)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--raw_prefix", help="the entity's own, raw/<entity>/, unless it is given")
    parser.add_argument("--database", required=True, help="of the Glue Data Catalog; it has to exist")
    parser.add_argument("--warehouse", required=True, help="s3:// URI under which the tables are made")
    parser.add_argument("--catalog", default="glue_catalog", help="Spark's name for the catalog")
    parser.add_argument("--maintain", choices=("true", "false"), default="false", help="compact and expire afterwards")
    parser.add_argument("--contract", required=True, type=Path, help="file that declares the change event")
    parser.add_argument(
        "--max_further_columns", type=int, default=MAX_FURTHER_COLUMNS, help="the rest is one JSON column"
    )
    parser.add_argument("--ledger_key", help="object of the bucket that gets the counts")
    parser.add_argument(
        "--watermark", default="null", help="as JSON, with hours that have late objects; null: list all"
    )
    parser.add_argument(
        "--unchecked_prefix", default="ledger/curate/unchecked/", help="for what the gate has to look at"
    )
    parser.add_argument(
        "--rebuild", choices=("true", "false"), default="false", help="into tables beside the live ones"
    )
    parser.add_argument("--JOB_RUN_ID", default="outside-of-glue", help="of Glue")
    options, _of_glue = parser.parse_known_args()
    session = start_session(options.catalog, options.warehouse)
    contract = load_contract(options.contract)
    lake = Lake(session, options.catalog, options.database, contract, options.max_further_columns)
    run = Run(options, lake)
    await_exchange(run.s3, options.bucket, options.JOB_RUN_ID)
    counts = json.dumps(run.rebuild() if options.rebuild == "true" else run.curate())
    if options.maintain == "true" and options.rebuild == "false":
        maintain(lake)
    if options.ledger_key:
        run.put(options.ledger_key, counts)
    print(counts)


class Run:
    """One run on a bucket: it lists, takes, and notes for the gate what it is about to commit."""

    def __init__(self, options: argparse.Namespace, lake: Lake) -> None:
        self.options, self.lake, self.s3 = options, lake, boto3.client("s3")
        run = Path(options.ledger_key or "job").stem
        self.note_key = f"{options.unchecked_prefix}{run}-{uuid.uuid4()}.json"
        self.noted: dict[str, Any] = {}

    def curate(self) -> dict[str, Any]:
        options, lake = self.options, self.lake
        prepare_tables(lake)
        prefix = options.raw_prefix or f"raw/{lake.contract.view}/"
        level = level_of(self.s3, options.bucket, prefix)
        asked = json.loads(options.watermark) or {}
        watermark = Watermark.of(asked, level.now)
        known = watermark is not None and watermark.lake == lake.identity
        late = [(day, hour) for day, hour in asked.get("late", [])]
        folders = watermark.to_list(level.folders, late) if watermark and known else level.folders
        listed = listed_objects(lake.spark, folders, partial(s3_names, options.bucket, prefix)).persist()
        objects = not_taken(lake, listed, folders=folders if known else None)
        counts = curate(lake, objects, partial(s3_fetch, options.bucket), note=self.note, everything=not known)
        self.note(self.noted | {"finished": True})
        return counts | {
            "watermark": watermark_after(listed, level.folders, lake.identity),
            "notes": asked.get("notes", []),
        }

    def rebuild(self) -> dict[str, Any]:
        """Take every raw object into tables beside the live ones."""
        options, lake = self.options, self.lake
        prefix = options.raw_prefix or f"raw/{lake.contract.view}/"
        folder = f"{options.warehouse.rstrip('/')}/{options.database}.db/"

        def listing() -> DataFrame:
            folders = level_of(self.s3, options.bucket, prefix).folders
            return listed_objects(lake.spark, folders, partial(s3_names, options.bucket, prefix))

        return rebuild(rebuilt_lake(lake, folder), listing, partial(s3_fetch, options.bucket))

    def note(self, document: dict[str, Any]) -> None:
        """Tell the gate what this run may commit, from now until a gate has passed."""
        self.noted = {"finished": False, **document}
        self.put(self.note_key, json.dumps(self.noted))

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.options.bucket, Key=key, Body=text.encode(), ContentType="application/json")


if __name__ == "__main__":
    main()
