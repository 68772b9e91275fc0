"""Keep what one generate run plans and writes, in the bucket under ``ledger/generate/<run>/``.

run.json        the run's parameters and when it began; exists once the plan is complete
plan.jsonl      every planned change, in order: n, event_type, orderID, set, expected
journal/…       outcomes of the changes, one object for each part of the plan; a retry continues after the last
written.jsonl   the changes that were made, in order: n, event_type, orderID, set
summary.json    counts, and the skipped changes with the reason; exists once written.jsonl is complete
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.aws.ledger_folder import LedgerFolder, json_line
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import EVENT_TYPES, EventType
from sales_cdc.generate.workload import Change


@dataclass(frozen=True)
class RunHeader:
    """Hold ``run.json``: ``params`` of the run, ``started_at`` in ISO-8601 UTC, ``planned`` by event type."""

    run_id: str
    params: Mapping[str, Any]
    started_at: str
    planned: Mapping[str, int]

    def span(self, event_type: EventType) -> tuple[int, int]:
        """Return the first ``n`` of the event type's changes, and the first after them."""
        first = sum(self.planned[kind] for kind in EVENT_TYPES[: EVENT_TYPES.index(event_type)])
        return first, first + self.planned[event_type]


@dataclass(frozen=True)
class Outcome:
    """Hold what became of one planned change; ``reason`` says why it was skipped (empty: it was made)."""

    change: Change
    reason: str = ""

    def line(self) -> str:
        change = self.change
        document: dict[str, Any] = {"n": change.n, "event_type": change.event_type, "orderID": change.order_id}
        return json_line(document | ({"reason": self.reason} if self.reason else {"set": dict(change.set)}))


class RunLedger(LedgerFolder):
    """Read and write the ledger of one generate run.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """

    RUNS = bucket_keys.GENERATE_RUNS

    def header(self) -> RunHeader | None:
        """Return the run's header; None while it has no complete plan.

        Raises:
            ForeignPlanError: another run's id gives the same folder.
        """
        document = self._own_header()
        return None if document is None else RunHeader(**document)

    def keep_plan(self, params: Mapping[str, Any], changes: Iterable[Change]) -> RunHeader:
        """Store the plan; from then on the run has exactly these changes."""
        planned: dict[str, int] = dict.fromkeys(EVENT_TYPES, 0)
        with tempfile.TemporaryFile() as plan:
            for change in changes:
                plan.write(_plan_line(change).encode())
                planned[change.event_type] += 1
            self._upload(plan, "plan.jsonl")
        header = RunHeader(self.run_id, dict(params), self._now(), planned)
        self._put("run.json", json_line(asdict(header)))
        return header

    def planned(self, first: int, end: int) -> Iterator[Change]:
        """Yield the planned changes from ``n = first`` up to but without ``end``."""
        with tempfile.TemporaryFile() as plan:
            with explained("read the run's plan from the bucket", self._bucket):
                self._client.download_fileobj(self._bucket, f"{self.prefix}plan.jsonl", plan)
            plan.seek(0)
            for line in islice(plan, first, end):
                entry = json.loads(line, parse_float=Decimal)
                yield Change(entry["n"], entry["event_type"], entry["orderID"], entry["set"], entry["expected"])

    def begin(self, event_type: EventType) -> bool:
        """Note that the run begins to write changes of this type; return whether an earlier attempt did."""
        try:
            self._put(f"journal/{event_type}.begun", self._now(), IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "412"}:
                raise
            return True
        return False

    def settled(self, event_type: EventType) -> tuple[int | None, dict[int, str]]:
        """Return the last part of an earlier attempt: its first ``n``, and its outcomes' lines by ``n``.

        The first ``n`` is None when no part was kept.
        """
        keys = self._journal(event_type)
        if not keys:
            return None, {}
        lines = self._body(keys[-1]).decode().splitlines(keepends=True)
        return int(keys[-1].rsplit("-", 1)[1].removesuffix(".jsonl")), {json.loads(line)["n"]: line for line in lines}

    def settle(self, event_type: EventType, first: int, lines: Mapping[int, str]) -> None:
        """Store the outcomes of the part that begins at ``first``."""
        self._put(f"journal/{event_type}-{first:09}.jsonl", "".join(lines[n] for n in sorted(lines)))

    def close(self, header: RunHeader, *, interrupted: bool = False) -> dict[str, Any]:
        """Write ``written.jsonl`` and then ``summary.json`` from the journal; return the summary.

        A closed ledger stays as it is. ``interrupted``: the run was stopped before it tried all of its plan.
        """
        closed = self._get("summary.json")
        if closed is not None:
            return closed
        written, skipped = self._collect()
        summary = {
            "run_id": self.run_id,
            "seed": header.params["seed"],
            "params": dict(header.params),
            "started_at": header.started_at,
            "finished_at": self._now(),
            "planned": dict(header.planned),
            "written": written,
            "skipped": skipped,
            "interrupted": interrupted,
        }
        self._put("summary.json", json_line(summary))
        return summary

    def _collect(self) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """Copy the changes that were made to ``written.jsonl``; return their counts, and the skipped changes."""
        written: dict[str, int] = dict.fromkeys(EVENT_TYPES, 0)
        skipped: list[dict[str, Any]] = []
        with tempfile.TemporaryFile() as made:
            for event_type in EVENT_TYPES:
                for key in self._journal(event_type):
                    for line in self._body(key).splitlines(keepends=True):
                        entry = json.loads(line)
                        if "reason" in entry:
                            skipped.append(entry)
                        else:
                            made.write(line)
                            written[event_type] += 1
            self._upload(made, "written.jsonl")
        return written, skipped

    def _journal(self, event_type: EventType) -> list[str]:
        prefix = f"{self.prefix}journal/{event_type}-"
        with explained("list the run's journal in the bucket", self._bucket):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def _upload(self, file: IO[bytes], name: str) -> None:
        file.seek(0)
        with explained("write the ledger in the bucket", self._bucket):
            self._client.upload_fileobj(file, self._bucket, f"{self.prefix}{name}")


def _plan_line(change: Change) -> str:
    return json_line(
        {
            "n": change.n,
            "event_type": change.event_type,
            "orderID": change.order_id,
            "set": dict(change.set),
            "expected": dict(change.expected),
        }
    )
