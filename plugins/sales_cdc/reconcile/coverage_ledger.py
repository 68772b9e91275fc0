"""Keep the coverage in the ledger, and the lists of keys that its comparisons saw."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import prefixed_until
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.reconcile.coverage import Coverage, file_name, listed
from sales_cdc.reconcile.raw_zone import RawZoneHook

KEYS_PER_FILE = 200_000
KEPT = timedelta(days=2)
"""How long a list that no coverage names stays: another comparison may be about to name it."""
NOT_WRITTEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
LIST = prefixed_until(lambda name: name not in declared_contract().columns, "list")


class CoverageLedger:
    """The document ``ledger/compared/coverage.json`` and the lists below ``curated/compared/``.

    Two comparisons may run at once: a document is written only in the place of the one that was read.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """

    def __init__(self, lake: RawZoneHook) -> None:
        self._lake = lake
        self._etag: str | None = None

    def now(self) -> datetime:
        """Return S3's time: this machine's clock may be wrong."""
        return self._lake.now()

    def read(self, now: datetime) -> Coverage | None:
        """Return the coverage; None when there is none, or when it cannot be used: then all orders are read."""
        try:
            answer = self._lake.get_conn().get_object(Bucket=self._lake.bucket, Key=bucket_keys.COVERAGE)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            self._etag = None
            return None
        self._etag = answer["ETag"]
        try:
            return Coverage.of(json.loads(answer["Body"].read()), now)
        except ValueError:
            return None

    def write(self, coverage: Coverage) -> bool:
        """Write it in the place of what was read last; return False when another comparison has written meanwhile."""
        condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        body = json.dumps(coverage.document(), indent=2).encode()
        try:
            self._lake.get_conn().put_object(
                Bucket=self._lake.bucket,
                Key=bucket_keys.COVERAGE,
                Body=body,
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_WRITTEN:
                raise
            return False
        return True

    def lists(self) -> list[str]:
        """Return the names of all objects with lists of keys."""
        return [key.removeprefix(bucket_keys.COMPARED_KEYS) for key in self._lake.keys(bucket_keys.COMPARED_KEYS)]

    def forget(self, coverage: Coverage, now: datetime) -> None:
        """Delete lists that the coverage does not name and that are days old."""
        named = listed(coverage)
        for key, at in list(self._lake.stored(bucket_keys.COMPARED_KEYS)):
            if key.removeprefix(bucket_keys.COMPARED_KEYS) not in named and at < now - KEPT:
                self._lake.get_conn().delete_object(Bucket=self._lake.bucket, Key=key)


class KeyLists:
    """Lists of keys that one comparison makes, each in objects of ``KEYS_PER_FILE`` lines of JSON."""

    def __init__(self, lake: RawZoneHook, scan: str) -> None:
        self._lake, self.scan = lake, scan
        self._lines: dict[str, list[str]] = {}
        self.files: Counter[str] = Counter()

    def add(self, name: str, order_id: str) -> None:
        """Put an order's key on the list ``<scan>/<name>``."""
        row = dict(zip(KEYS.columns, KEYS.texts(order_id), strict=True)) | {LIST: f"{self.scan}/{name}"}
        lines = self._lines.setdefault(name, [])
        lines.append(json.dumps(row))
        if len(lines) == KEYS_PER_FILE:
            self._put(name)

    def close(self) -> None:
        """Write what is not written yet."""
        for name in list(self._lines):
            self._put(name)

    def _put(self, name: str) -> None:
        body = gzip.compress(("\n".join(self._lines.pop(name)) + "\n").encode(), mtime=0)
        key = f"{bucket_keys.COMPARED_KEYS}{file_name(f'{self.scan}/{name}', self.files[name])}"
        self._lake.get_conn().put_object(Bucket=self._lake.bucket, Key=key, Body=body)
        self.files[name] += 1
