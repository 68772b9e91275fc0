"""What the roles of crawlers and jobs need of S3: the bucket's location, and listings of a prefix with and without its slash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.integration.glue.lake import EVENT, Lake
from tests.integration.glue.workshop import Workshop

pytestmark = pytest.mark.integration
READ = """
import boto3, sys
s3, bucket = boto3.client("s3"), sys.argv[sys.argv.index("--bucket") + 1]
for found in s3.list_objects_v2(Bucket=bucket, Prefix="raw/orders/")["Contents"]:
    s3.get_object(Bucket=bucket, Key=found["Key"], IfMatch=found["ETag"])["Body"].read()
    print(found["Key"])
"""


def policy(bucket: str, *prefixes: str, location: bool = True) -> str:
    """Allow what a reader of ``raw/orders/`` needs, with listings of these prefixes."""
    arn = f"arn:aws:s3:::{bucket}"
    statements: list[dict[str, Any]] = [
        {"Action": ["glue:*", "logs:*"], "Resource": "*"},
        {"Action": "s3:GetObject", "Resource": [f"{arn}/raw/orders/*", f"{arn}/*.py"]},
        {"Action": "s3:ListBucket", "Resource": arn, "Condition": {"StringLike": {"s3:prefix": list(prefixes)}}},
    ]
    if location:
        statements.append({"Action": "s3:GetBucketLocation", "Resource": arn})
    return json.dumps({"Statement": [{"Effect": "Allow", **statement} for statement in statements]})


def test_a_crawler_lists_its_folder_with_and_without_the_slash_and_passes_over_its_marker(lake: Lake) -> None:
    lake.put("raw/orders/", body=b"")
    lake.put("raw/orders/a.json", EVENT)
    crawler = lake.crawler()

    def crawl(*prefixes: str, location: bool = True) -> tuple[str, str]:
        document = policy(lake.bucket, *prefixes, location=location)
        lake.iam.put_role_policy(RoleName=lake.name, PolicyName="all", PolicyDocument=document)
        last = lake.crawl(crawler)
        return last["Status"], last.get("ErrorMessage", "")

    status, reason = crawl("raw/orders/*")
    assert (status, "s3:ListBucket" in reason) == ("FAILED", True), reason
    status, reason = crawl("raw/orders", "raw/orders/*", location=False)
    assert (status, "s3:GetBucketLocation" in reason) == ("FAILED", True), reason
    assert crawl("raw/orders", "raw/orders/*") == ("SUCCEEDED", "")
    assert list(lake.tables()) == ["orders"]


def test_a_job_reads_a_folder_with_its_marker(workshop: Workshop) -> None:
    for key in ("raw/orders/", "raw/orders/a.json"):
        workshop.s3.put_object(Bucket=workshop.name, Key=key, Body=b"")
    job = workshop.job(READ)

    def run(*prefixes: str, location: bool = True) -> Any:
        document = policy(workshop.name, *prefixes, location=location)
        workshop.iam.put_role_policy(RoleName=workshop.name, PolicyName="all", PolicyDocument=document)
        return workshop.run(job, bucket=workshop.name, source=f"s3://{workshop.name}/raw/orders/")

    failed = run("raw/orders", "raw/orders/*", location=False)
    assert "s3:GetBucketLocation" in failed["ErrorMessage"]
    failed = run("raw/orders/*")
    assert "s3:ListBucket" in failed["ErrorMessage"]
    read = run("raw/orders", "raw/orders/*")
    assert (read["JobRunState"], read.get("ErrorMessage")) == ("SUCCEEDED", None)
    assert workshop.log(read, "output") == ["raw/orders/", "raw/orders/a.json"]
