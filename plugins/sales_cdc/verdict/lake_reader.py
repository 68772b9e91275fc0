"""Read the bucket of a deployment: newest reports, newest change events, failed records. Every read is bounded."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.verdict.clients import DeploymentClients
from sales_cdc.verdict.matters import Acknowledgement

MAX_PAGES = 5
MAX_HOUR_PAGES = 20
TAIL_BYTES = 64 * 1024
MAX_OBJECTS = 6
MAX_DAYS = 7
MAX_RUN_DAYS = 20
MAX_SHOWN_BYTES = 8 * 2**20
LOOKS_BACK = timedelta(days=1)
RECENT_DAYS = timedelta(days=60)
TIME_PARTS = ("-", "-", "T")
"""What ends the year, the month and the day in a run's id, ``kind__2026-11-30T18-00-00``."""
FOLDER_PARTS = ("-", "-", "/")
"""What ends them in a folder's name, ``dt=2026-11-30/``."""


@dataclass(frozen=True)
class Stored:
    """An object of the bucket as S3 lists it."""

    key: str
    at: datetime
    size_bytes: int

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Stored:
        return cls(entry["Key"], entry["LastModified"], entry["Size"])


@dataclass(frozen=True)
class Report:
    """A JSON document of the ledger."""

    key: str
    at: datetime
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Tail:
    """The newest lines under a prefix, newest first, each with its object's key and time; ``objects`` were looked at.

    ``is_whole`` is False when there are older lines than these.
    """

    lines: list[tuple[Mapping[str, Any], Stored]]
    objects: list[Stored]
    is_whole: bool


class LakeReader:
    """The bucket of one deployment. Source: Amazon S3 API Reference, *ListObjectsV2*, *GetObject*."""

    def __init__(self, clients: DeploymentClients) -> None:
        self._clients = clients

    def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None:
        """The document that was stored last right under the prefix; None when there is none.

        Raises:
            ValueError: it is no JSON object, or too large to show.
        """
        newest = max(self._last_runs(prefix, suffix), key=lambda each: each.at, default=None)
        if newest is None:
            return None
        if newest.size_bytes > MAX_SHOWN_BYTES:
            raise ValueError(f"{newest.key} has {newest.size_bytes:,} bytes: too large to show here.")
        document = json.loads(self._body(newest.key), parse_float=Decimal)
        if not isinstance(document, dict):
            raise ValueError(f"{newest.key} is no JSON object.")
        return Report(newest.key, newest.at, document)

    def _last_runs(self, prefix: str, suffix: str) -> Iterator[Stored]:
        """What the last runs of each kind stored, however many runs there were: their ids are ``kind__time``.

        Runs of a kind ascend with time, so a look begins a day back. Where that finds nothing of this time, or too much, the newest
        year, month and day that has a run is looked for.
        """
        kinds, others = self._level(prefix, "__")  # others: runs that somebody gave an id of his own
        yield from (each for each in others if _is_named(each.key.removeprefix(prefix), suffix))
        since = datetime.now(UTC) - LOOKS_BACK
        for kind in kinds:
            pages = self._pages(Prefix=kind, StartAfter=f"{kind}{since:%Y-%m-%d}")
            found = _named_in(pages, prefix, suffix)
            yield from found
            if len(pages) == MAX_PAGES or not any(each.at >= since for each in found):
                yield from self._newest_run(kind, prefix, suffix)

    def _newest_run(self, kind: str, prefix: str, suffix: str) -> list[Stored]:
        """What the newest day of a kind's runs stored, of the days that have such an object; of a day of very many, its newest hour."""
        for day in itertools.islice(self._newest_first(kind, TIME_PARTS), MAX_RUN_DAYS):
            pages = self._pages(Prefix=day)
            hours = self._level(day, "-")[0] if len(pages) == MAX_PAGES else []
            looks = itertools.chain((self._pages(Prefix=hour) for hour in reversed(hours)), [pages])
            if found := next(filter(None, (_named_in(look, prefix, suffix) for look in looks)), None):
                return found
        return []

    def _newest_first(self, prefix: str, delimiters: tuple[str, ...]) -> Iterator[str]:
        """The days of names that go on with a time, the newest first."""
        if not delimiters:
            yield prefix
            return
        for part in reversed(self._level(prefix, delimiters[0])[0]):
            if part[len(prefix) : -1].isdigit():
                yield from self._newest_first(part, delimiters[1:])

    def acknowledgements(self) -> list[Acknowledgement]:
        """Return the newest acknowledgement of each matter; their history is in the same documents."""
        _, stored = self._level(bucket_keys.ACKNOWLEDGED, "/")
        documents = [_document(self._body(each.key)) for each in stored]
        listed = [document.get("acknowledgements") for document in documents if document]
        return [Acknowledgement.of(each[0]) for each in listed if isinstance(each, list) and each]

    def newest_changes(self) -> Tail:
        """The last change events that Firehose stored, from the newest objects of the newest hour."""
        hour = max(self._folders(self._newest_day()), default="")
        return self._tail(self._newest_in(hour)) if hour else Tail([], [], True)

    def failed_records(self, skip: int = 0) -> Tail:
        """The last records that could not be transformed or delivered: of each kind of failure, its last days.

        ``skip`` passes over so many of the newest objects, for a further page of a list.
        """
        kinds = {kind: self._last_days(kind) or [kind] for kind in self._folders(bucket_keys.ERRORS_PREFIX)}
        stored = [each for days in kinds.values() for day in days[:MAX_DAYS] for each in self._listed(day)]
        is_all = all(len(days) <= MAX_DAYS for days in kinds.values())
        tail = self._tail(sorted(stored, key=lambda each: each.at), skip)
        return replace(tail, is_whole=tail.is_whole and is_all)

    def _tail(self, stored: list[Stored], skip: int = 0) -> Tail:
        chosen = stored[max(0, len(stored) - skip - MAX_OBJECTS) : max(0, len(stored) - skip)]
        lines = [(line, each) for each in reversed(chosen) for line in reversed(self._last_lines(each))]
        whole = len(stored) <= MAX_OBJECTS and all(each.size_bytes <= TAIL_BYTES for each in chosen)
        return Tail(lines, list(reversed(stored)), whole)

    def _last_lines(self, stored: Stored) -> list[dict[str, Any]]:
        """The JSON objects in an object's last bytes; a line that is cut, or none of ours, is passed over."""
        ranged = {"Range": f"bytes=-{TAIL_BYTES}"} if stored.size_bytes > TAIL_BYTES else {}
        parsed = map(_document, self._body(stored.key, **ranged).splitlines())
        return [line for line in parsed if line is not None]

    def _newest_in(self, hour: str) -> list[Stored]:
        """The objects of an hour, oldest first.

        Their names do not ascend with time: they begin with the delivery stream's configuration version, and 10 is before 9.
        Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
        """
        return sorted(self._listed(hour, pages=MAX_HOUR_PAGES), key=lambda each: (each.at, each.key))

    def _newest_day(self) -> str:
        """The folder of the last day in the raw zone; "" when there is none."""
        recent = f"{bucket_keys.RAW_PREFIX}dt={datetime.now(UTC) - RECENT_DAYS:%Y-%m-%d}"
        days = self._folders(bucket_keys.RAW_PREFIX, after=recent) or self._last_days(bucket_keys.RAW_PREFIX)
        return max(days, default="")

    def _last_days(self, prefix: str) -> list[str]:
        """The folders of the last days under a prefix, the newest first: one more than are looked at, if there are so many."""
        return list(itertools.islice(self._newest_first(f"{prefix}dt=", FOLDER_PARTS), MAX_DAYS + 1))

    def _folders(self, prefix: str, after: str = "") -> list[str]:
        """Folders right under the prefix, in the order of their names; none under no prefix."""
        return self._level(prefix, "/", after)[0] if prefix else []

    def _level(self, prefix: str, delimiter: str, after: str = "") -> tuple[list[str], list[Stored]]:
        """What names have in common up to the delimiter, and the objects whose names do not hold it."""
        pages = self._pages(MAX_PAGES, Prefix=prefix, Delimiter=delimiter, **({"StartAfter": after} if after else {}))
        common = {each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])}
        return sorted(common), [Stored.of(entry) for page in pages for entry in page.get("Contents", [])]

    def _listed(self, prefix: str, after: str = "", pages: int = MAX_PAGES) -> Iterator[Stored]:
        """Objects in the order of their names."""
        for page in self._pages(pages, Prefix=prefix, **({"StartAfter": after} if after else {})):
            yield from map(Stored.of, page.get("Contents", []))

    def _pages(self, limit: int = MAX_PAGES, **wanted: str) -> list[dict[str, Any]]:
        """At most so many pages of a listing."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **wanted)
        return list(itertools.islice(pages, limit))

    def _body(self, key: str, **ranged: str) -> bytes:
        try:
            body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key, **ranged)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return b""  # removed since it was listed
        return body

    @property
    def _s3(self) -> Any:
        return self._clients.client("s3")

    @property
    def _bucket(self) -> str:
        return self._clients.topology().bucket.name


def _named_in(pages: list[dict[str, Any]], prefix: str, suffix: str) -> list[Stored]:
    """The objects of a listing that are one run's with this end."""
    listed = (Stored.of(entry) for page in pages for entry in page.get("Contents", []))
    return [each for each in listed if _is_named(each.key.removeprefix(prefix), suffix)]


def _is_named(rest: str, suffix: str) -> bool:
    """Whether a name is one run's with this end: what lies deeper belongs to the run's own working."""
    return rest.endswith(suffix) and rest.count("/") == suffix.count("/")


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(text, parse_float=Decimal)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
