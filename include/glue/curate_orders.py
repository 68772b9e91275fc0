"""Glue job: takes the raw objects that it has not taken yet into the curated Iceberg tables of the contract's entity.

    raw/*.json ──► parse ──► orders_changes     every change once, by (key, source_stream, sequence_number)
                        ├──► orders_current     the latest change of each key; a REMOVE stays as a tombstone
                        ├──► orders_quarantine  lines that are no change event, with the reason
                        └──► orders_intake      the objects taken: committed last

Exact at any crash, rerun, duplication, order and split: each commit is a MERGE by identity that changes nothing the second time,
and an object counts as taken only once all that it holds is committed. Order is the streams': by the stream's
label, then by sequence number. A value that does not fit its column is null there and stands in ``rescued_data``.
A dropped orders_changes is rebuilt from all raw objects, a dropped orders_current from orders_changes.

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
from functools import partial
from pathlib import Path

import boto3
from contract_file import load_contract
from curated_tables import MAX_FURTHER_COLUMNS, Lake, maintain, prepare_tables
from curation import curate, not_taken
from raw_objects import RawObject, s3_fetch
from spark_session import start_session


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
    options, _of_glue = parser.parse_known_args()
    s3 = boto3.client("s3")
    session = start_session(options.catalog, options.warehouse)
    contract = load_contract(options.contract)
    lake = Lake(session, options.catalog, options.database, contract, options.max_further_columns)
    prepare_tables(lake)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=options.bucket, Prefix=options.raw_prefix or f"raw/{contract.view}/"
    )
    listed = [RawObject(raw["Key"], raw["ETag"], raw["Size"]) for page in pages for raw in page.get("Contents", [])]
    counts = json.dumps(curate(lake, not_taken(lake, listed), partial(s3_fetch, options.bucket)))
    if options.maintain == "true":
        maintain(lake)
    if options.ledger_key:
        s3.put_object(
            Bucket=options.bucket, Key=options.ledger_key, Body=counts.encode(), ContentType="application/json"
        )
    print(counts)


if __name__ == "__main__":
    main()
