"""Reads the bucket's ledgers and raw objects."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.lines import CLOCK_DIFFERENCE as COMMIT_DIFFERENCE
from sales_cdc.contract.lines import Arrival, FailedChange, WrittenChange, is_change_event
from sales_cdc.contract.watermark import LATE_DAYS, day_of

PARALLEL_READS = 16
CLOCK_DIFFERENCE = timedelta(minutes=5)


class LandingZoneHook(AwsBaseHook):
    """S3, as the ledger and the raw zone of one bucket.

    Source: Amazon S3 API Reference, *ListObjectsV2*, *GetObject*, *PutObject*.
    """

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        kwargs["client_type"] = "s3"
        super().__init__(**kwargs)
        self.bucket = bucket

    def now(self) -> datetime:
        """S3's time: this machine's clock may be wrong."""
        answer = self.get_conn().list_objects_v2(Bucket=self.bucket, Prefix=bucket_keys.WATERMARK, MaxKeys=1)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def runs(self) -> dict[str, dict[str, Any]]:
        """The summary of every run that has finished writing, by run, with ``confirmed`` True once its changes were seen."""
        keys = {key for key, _ in self._keys(bucket_keys.GENERATE_RUNS)}
        finished = sorted(key for key in keys if key.endswith("/summary.json"))
        return {
            key.split("/")[-2]: {**summary, "confirmed": key.replace("summary.json", "confirmed.json") in keys}
            for key, summary in zip(finished, self._documents(finished), strict=True)
        }

    def ever_written(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, int]]]:
        """The summaries of finished runs that are not confirmed, by run; and of confirmed runs what they wrote, by event type.

        Confirmed runs stand in one document. The folder of a run that is in it is not listed again: a request names a thousand runs.
        """
        noted = self._confirmed_runs()
        folders, _ = self.level(bucket_keys.GENERATE_RUNS)
        unknown = [folder for folder in folders if folder.split("/")[-2] not in noted]
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            keys = {key for listed in pool.map(lambda folder: list(self.keys(folder)), unknown) for key in listed}
        finished = sorted(key for key in keys if key.endswith("/summary.json"))
        summaries = dict(zip(finished, self._documents(finished), strict=True))
        open_runs = {
            key.split("/")[-2]: {**summary, "confirmed": False}
            for key, summary in summaries.items()
            if key.replace("summary.json", "confirmed.json") not in keys
        }
        confirmed = {
            name: summary["written"]
            for key, summary in summaries.items()
            if (name := key.split("/")[-2]) not in open_runs
        }
        if confirmed:
            self.put_json(bucket_keys.CONFIRMED_RUNS, noted | confirmed)
        return open_runs, noted | confirmed

    def _confirmed_runs(self) -> dict[str, dict[str, int]]:
        """The document of confirmed runs; empty when there is none, or it is damaged: then every run's folder is listed again."""
        try:
            noted = self.document(bucket_keys.CONFIRMED_RUNS)
        except ValueError:
            return {}
        counts = noted.values() if isinstance(noted, dict) else [None]
        is_sound = all(isinstance(each, dict) and all(isinstance(n, int) for n in each.values()) for each in counts)
        return noted if noted and is_sound else {}

    def mended_until(self) -> str | None:
        """When the last backfill or repair ended, written like a change event's ``creation_time``; None before the first.

        Until then orders may appear without their insert, since their stream is younger or lost it; later they cannot.
        """
        ended = [at for key, at in self._keys(bucket_keys.BACKFILL_RUNS) if key.endswith("/summary.json")]
        ended += [at for _, at in self._keys(bucket_keys.REPAIR_RUNS)]
        return f"{max(ended) + COMMIT_DIFFERENCE:%Y-%m-%dT%H:%M:%S.999Z}" if ended else None

    def summary(self, run: str) -> dict[str, Any]:
        """The summary of a run that has finished writing."""
        return self._documents([f"{bucket_keys.GENERATE_RUNS}{run}/summary.json"])[0]

    def written(self, run: str, started_at: str) -> list[WrittenChange]:
        """The changes that a run really made, in the order in which it made them; ``started_at`` as in its summary."""
        since = datetime.fromisoformat(started_at)
        return [
            WrittenChange.from_ledger(run, since, line)
            for line in self._lines(f"{bucket_keys.GENERATE_RUNS}{run}/written.jsonl")
        ]

    def confirm(self, run: str, summary: dict[str, Any]) -> None:
        """Note that all of a run's changes are in the landing zone, so that no later batch looks for them again."""
        self.put_json(f"{bucket_keys.GENERATE_RUNS}{run}/confirmed.json", summary)

    def arrivals(self, since: datetime, *, known: set[str] | None = None) -> Iterator[Arrival]:
        """Every change event in objects stored after ``since``, less what clocks may differ by; those of ``known`` objects are left out.

        The keys of the objects that were read are added to ``known``.
        """
        seen = set() if known is None else known
        stored = [
            (key, at)
            for folder in self._folders_since(since)
            for key, at in self._keys(folder)
            if at >= since - CLOCK_DIFFERENCE and key not in seen
        ]
        seen.update(key for key, _ in stored)
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for (_, at), lines in zip(stored, pool.map(self._lines, [key for key, _ in stored]), strict=True):
                yield from (Arrival(line, at) for line in lines if is_change_event(line))

    def _folders_since(self, since: datetime) -> list[str]:
        """The folders directly under ``raw/`` that may have got objects since then: no day that ended a week before, but for late ones."""
        folders, keys = self.level(bucket_keys.RAW_PREFIX)
        first = f"{since - timedelta(days=LATE_DAYS):%Y-%m-%d}"
        return [*keys, *(folder for folder in folders if (day_of(folder) or first) >= first)]

    def failed_records(self, since: datetime) -> int:
        """How many records lie under the error prefix in objects stored after ``since``."""
        stored = self._failed_since(since)
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            return sum(len(lines) for lines in pool.map(self._lines, stored))

    def failures(self, since: datetime | None = None) -> list[FailedChange]:
        """The records under the error prefix that name their order, in objects stored after ``since`` (None: ever)."""
        stored = list(self.keys(bucket_keys.ERRORS_PREFIX)) if since is None else self._failed_since(since)
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            read = zip(stored, pool.map(self._lines, stored), strict=True)
            told = [FailedChange.from_line(key, line) for key, lines in read for line in lines]
        return [record for record in told if record is not None]

    def _failed_since(self, since: datetime) -> list[str]:
        """The objects under the error prefix that were stored since then: of each kind of failure the days that may hold them."""
        kinds, keys = self.level(bucket_keys.ERRORS_PREFIX)
        days = [folder for kind in kinds for found in self.level(kind) for folder in found]
        first = f"{since - timedelta(days=LATE_DAYS):%Y-%m-%d}"
        places = [*keys, *(each for each in days if (day_of(each) or first) >= first)]
        return [key for place in places for key, at in self.stored(place) if at >= since - CLOCK_DIFFERENCE]

    def put_json(self, key: str, document: dict[str, Any]) -> None:
        self.put_text(key, json.dumps(document, indent=2, default=str), "application/json")

    def put_text(self, key: str, text: str, content_type: str) -> None:
        self.get_conn().put_object(Bucket=self.bucket, Key=key, Body=text.encode(), ContentType=content_type)

    def document(self, key: str) -> dict[str, Any] | None:
        """A JSON object by its key, numbers exact; None when there is none."""
        text = self.text(key)
        if text is None:
            return None
        found: dict[str, Any] = json.loads(text, parse_float=Decimal)
        return found

    def text(self, key: str) -> str | None:
        """An object's text by its key; None when there is none."""
        try:
            return self._body(key).decode()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys of all objects under a prefix, without the empty ones that stand for a folder."""
        return (key for key, _ in self.stored(prefix))

    def stored(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """The same keys, each with the time at which S3 stored the object."""
        return ((key, at) for key, at in self._keys(prefix) if not key.endswith("/"))

    def level(self, prefix: str) -> tuple[list[str], list[str]]:
        """The folders (with their slash) and the objects directly under a prefix."""
        folders, keys = [], []
        pages = self.get_conn().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/"):
            folders += [found["Prefix"] for found in page.get("CommonPrefixes", [])]
            keys += [found["Key"] for found in page.get("Contents", []) if not found["Key"].endswith("/")]
        return folders, keys

    def holds(self, beginning: str) -> bool:
        """Say whether any object's key begins so."""
        found = self.get_conn().list_objects_v2(Bucket=self.bucket, Prefix=beginning, MaxKeys=1)
        return bool(found.get("Contents"))

    def _keys(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        for page in self.get_conn().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield item["Key"], item["LastModified"]

    def _documents(self, keys: list[str]) -> list[dict[str, Any]]:
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            return [json.loads(body) for body in pool.map(self._body, keys)]

    def _lines(self, key: str) -> list[dict[str, Any]]:
        """The JSON documents of an object, a line each; a line that is none is somebody else's and is passed over."""
        return [line for text in self._body(key).splitlines() if (line := _document(text)) is not None]

    def _body(self, key: str) -> bytes:
        body: bytes = self.get_conn().get_object(Bucket=self.bucket, Key=key)["Body"].read()
        try:
            return gzip.decompress(body) if key.endswith(".gz") else body
        except (OSError, EOFError):
            self.log.warning("s3://%s/%s is no whole gzip file: somebody else's, passed over.", self.bucket, key)
            return b""


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(text, parse_float=Decimal)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
