"""Read a drill's ledger and zones without the code that wrote them, and keep its evidence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.bucket_keys import run_key
from sales_cdc.drill.keys import evidence_key
from sales_cdc.drill.oracle import Oracle
from sales_cdc.redrive.error_zone import ErrorObject, ErrorZoneHook

CLOCK_DIFFERENCE = timedelta(minutes=5)


class DrillLedger:
    """The ledger of one drill, in the bucket of ``zone``."""

    def __init__(self, zone: ErrorZoneHook, run_name: str) -> None:
        self._zone = zone
        self._run_name = run_name
        self._prefix = bucket_keys.folder_of(bucket_keys.GENERATE_RUNS, run_name)

    @cached_property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(json.loads(self._zone.body(f"{self._prefix}run.json"))["started_at"])

    @property
    def since(self) -> str:
        """The time before which no change of the drill can have been committed, as Athena writes times."""
        return f"{self.started_at - CLOCK_DIFFERENCE:%Y-%m-%d %H:%M:%S}"

    def planned_orders(self) -> dict[str, int]:
        """Return how many changes of each order are planned."""
        return self._orders("plan.jsonl")

    def written_orders(self) -> dict[str, int]:
        """Return how many changes of each order were written."""
        return self._orders("written.jsonl")

    def oracle(self) -> Oracle:
        """Return the oracle that replays what was written."""
        return Oracle.replay(self._zone.body(f"{self._prefix}written.jsonl").splitlines())

    def objects_since(self, prefix: str) -> Iterator[ErrorObject]:
        """Return the objects under the prefix that were stored since the drill began."""
        return (each for each in self._zone.objects(prefix) if each.stored_at >= self.started_at - CLOCK_DIFFERENCE)

    def note(self, name: str, counts: Mapping[str, int]) -> None:
        """Keep the counts of a step in one run of the drill."""
        self._zone.keep(evidence_key(self._run_name, f"steps/{run_key(name)}.json"), counts)

    def noted(self) -> dict[str, int]:
        """Return the counts of all steps over all runs of the drill."""
        total = Counter[str]()
        for counts in self._zone.documents(evidence_key(self._run_name, "steps/")):
            total.update(counts)
        return dict(total)

    def keep_evidence(self, document: Mapping[str, Any], text: str) -> str:
        """Write ``report.json`` and ``report.md``, and return the URI of ``report.md``."""
        self._zone.keep(evidence_key(self._run_name, "report.json"), document)
        key = evidence_key(self._run_name, "report.md")
        self._zone.conn.put_object(Bucket=self._zone.bucket, Key=key, Body=text.encode(), ContentType="text/markdown")
        return f"s3://{self._zone.bucket}/{key}"

    def _orders(self, name: str) -> dict[str, int]:
        return Counter(json.loads(line)["orderID"] for line in self._zone.body(f"{self._prefix}{name}").splitlines())
