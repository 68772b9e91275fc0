"""Measure a Glue crawler over many small objects beside a plain loop that reads the same objects.

Both sides get each object once through the same endpoint and parse its JSON lines; the crawl also starts its process, infers
types, groups folders into partitions and writes the catalog.

    python -m benchmarks.crawl [objects]
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

OBJECTS = 2_000
LINES = 20
HOURS = 24
WRITERS = 4
PATIENCE_SECONDS = 120
NEEDED = ["s3:GetObject", "s3:GetBucketLocation", "s3:ListBucket", "glue:*", "logs:*"]


class Lake:
    """A bucket of JSON lines under ``dt=/hr=``, with a database, a role and a crawler; all deleted at the end."""

    def __init__(self, endpoint: str, objects: int) -> None:
        place = {"endpoint_url": endpoint, "region_name": os.environ.get("AWS_REGION", "us-east-1")}
        self._s3, self._glue, self._iam = (boto3.client(name, **place) for name in ("s3", "glue", "iam"))
        self.name = f"bench-{uuid.uuid4().hex[:8]}"
        self._keys = [f"raw/dt=2026-11-{1 + at % 28:02d}/hr={at % HOURS:02d}/{at:06d}.json" for at in range(objects)]

    def __enter__(self) -> Lake:
        trust = _policy({"Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"})
        role = self._iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        allowed = _policy({"Action": NEEDED, "Resource": "*"})
        self._iam.put_role_policy(RoleName=self.name, PolicyName="crawl", PolicyDocument=allowed)
        self._s3.create_bucket(Bucket=self.name)
        self._glue.create_database(DatabaseInput={"Name": self.name})
        targets = {"S3Targets": [{"Path": f"s3://{self.name}/raw/"}]}
        self._glue.create_crawler(Name=self.name, Role=role, DatabaseName=self.name, Targets=targets)
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self._put, range(len(self._keys))))
        return self

    def __exit__(self, *_: object) -> None:
        self._glue.delete_crawler(Name=self.name)
        self._glue.delete_database(Name=self.name)
        for start in range(0, len(self._keys), 1000):
            keys = [{"Key": key} for key in self._keys[start : start + 1000]]
            self._s3.delete_objects(Bucket=self.name, Delete={"Objects": keys, "Quiet": True})
        self._s3.delete_bucket(Bucket=self.name)
        self._iam.delete_role_policy(RoleName=self.name, PolicyName="crawl")
        self._iam.delete_role(RoleName=self.name)

    def crawl_seconds(self) -> float:
        """Return the seconds from StartCrawler until the crawler is READY again, with its partitions."""
        began = time.perf_counter()
        self._glue.start_crawler(Name=self.name)
        while (crawler := self._glue.get_crawler(Name=self.name)["Crawler"])["State"] != "READY":
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise RuntimeError(f"crawler {self.name} did not end within {PATIENCE_SECONDS} s")
            time.sleep(0.05)
        took_seconds = time.perf_counter() - began
        self._check(crawler)
        return took_seconds

    def plain_read_seconds(self) -> float:
        """Return the seconds to read and parse every object, one after the other."""
        began = time.perf_counter()
        for key in self._keys:
            body = self._s3.get_object(Bucket=self.name, Key=key)["Body"].read()
            for line in body.splitlines():
                json.loads(line)
        return time.perf_counter() - began

    def _check(self, crawler: dict[str, Any]) -> None:
        """Raise an error when the crawl failed or missed an object, because that is no measurement."""
        if crawler["LastCrawl"]["Status"] != "SUCCEEDED":
            raise RuntimeError(f"crawler {self.name}: {crawler['LastCrawl'].get('ErrorMessage')}")
        (table,) = self._glue.get_tables(DatabaseName=self.name)["TableList"]
        counted = int(table["Parameters"]["objectCount"])
        if counted != len(self._keys):
            raise RuntimeError(f"crawler {self.name} counted {counted} objects of {len(self._keys)}")

    def _put(self, at: int) -> None:
        body = "".join(json.dumps(_order(at * LINES + line)) + "\n" for line in range(LINES))
        self._s3.put_object(Bucket=self.name, Key=self._keys[at], Body=body.encode())


def _order(number: int) -> dict[str, Any]:
    return {
        "orderID": f"order-{number:08d}",
        "product_name": "laptop",
        "quantity": number % 9,
        "price": number % 300_000 / 100,
        "event_type": "INSERT",
        "creation_time": "2026-11-22T10:00:00Z",
        "event_id": f"{number:032x}",
        "sequence_number": f"{number:040d}",
        "actor": "user",
    }


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def measure(endpoint: str, objects: int = OBJECTS) -> dict[str, float]:
    """Return the crawl's seconds, and its time in multiples of the plain loop's."""
    with Lake(endpoint, objects) as lake:
        crawl_seconds = lake.crawl_seconds()
        return {
            "crawl_2000_objects_seconds": crawl_seconds,
            "crawl_to_plain_read": crawl_seconds / lake.plain_read_seconds(),
        }


def main() -> None:
    endpoint = os.environ["SALES_CDC_LOCAL_ENDPOINT"]
    for name, value in measure(endpoint, *map(int, sys.argv[1:2])).items():
        print(f"{name}: {value:,.3f}")


if __name__ == "__main__":
    main()
