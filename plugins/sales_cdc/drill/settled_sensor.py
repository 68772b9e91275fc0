"""Wait until every record that a drill sent has arrived under ``raw/`` or ``errors/``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.contract import bucket_keys
from sales_cdc.drill.drill_ledger import DrillLedger
from sales_cdc.drill.injected_records import decoded, identity_of, markers
from sales_cdc.redrive.error_zone import ErrorZoneHook
from sales_cdc.redrive.failed_records import read_records

Identity = tuple[str, str]


class SettledSensor(AwsBaseSensor[ErrorZoneHook]):
    """Wait until every change and poison record of the drill has arrived, and nothing more arrives.

    A change arrives under ``raw/`` or ``errors/``, poison under ``errors/``.

    Args:
        bucket: the deployment's bucket.
        run_name: the drill's name.
        poison: how many poison records were put.
        quiet_seconds: how long nothing of the drill may have arrived before the sensor ends, because copies arrive last.
        patience_seconds: how long to wait for missing records. After that the sensor ends without them; the verdict counts as lost
            what the redrive does not find either.
    """

    aws_hook_class = ErrorZoneHook
    template_fields = aws_template_fields("bucket", "run_name", "poison")

    def __init__(
        self, *, bucket: str, run_name: str, poison: str, quiet_seconds: int, patience_seconds: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.run_name = run_name
        self.poison = poison
        self.quiet_seconds = quiet_seconds
        self.patience_seconds = patience_seconds
        self._read: set[tuple[str, str]] = set()
        self._arrived: set[Identity] = set()
        self._poison: set[int] = set()
        self._last_arrival_at = time.monotonic()
        self._written: dict[str, int] = {}

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def poke(self, context: Any) -> bool:
        ledger = DrillLedger(self.hook, self.run_name)
        self._written = self._written or ledger.written_orders()
        before = (len(self._arrived), len(self._poison))
        for identity in self._raw(ledger):
            self._note(identity)
        for data in self._failed(ledger):
            self._note(identity_of(data))
            self._note_poison(data)
        wanted = (sum(self._written.values()), int(self.poison))
        seen = (len(self._arrived), len(self._poison))
        if seen != before:
            self.log.info(
                "%s of %s changes and %s of %s poison records have arrived.", seen[0], wanted[0], seen[1], wanted[1]
            )
        return self._is_over(is_complete=seen[0] >= wanted[0] and seen[1] >= wanted[1])

    def _is_over(self, *, is_complete: bool) -> bool:
        quiet_for = time.monotonic() - self._last_arrival_at
        if is_complete:
            return quiet_for > self.quiet_seconds
        if quiet_for > self.patience_seconds:
            self.log.warning(
                "Nothing of the drill arrived for %s s: going on. The verdict counts what is lost.",
                self.patience_seconds,
            )
        return quiet_for > self.patience_seconds

    def _note(self, identity: Identity | None) -> None:
        if identity is not None and identity[0] in self._written:
            self._arrived.add((identity[0], identity[1].lstrip("0")))
            self._last_arrival_at = time.monotonic()

    def _note_poison(self, data: bytes) -> None:
        if numbers := markers(self.run_name, [data]):
            self._poison |= numbers
            self._last_arrival_at = time.monotonic()

    def _raw(self, ledger: DrillLedger) -> Iterator[Identity]:
        for body in self._new(ledger, bucket_keys.RAW_PREFIX):
            for line in body.splitlines():
                event = json.loads(line)
                yield event["orderID"], event["sequence_number"]

    def _failed(self, ledger: DrillLedger) -> Iterator[bytes]:
        for body in self._new(ledger, bucket_keys.ERRORS_PREFIX):
            yield from (decoded(record.data) for record in read_records(body))

    def _new(self, ledger: DrillLedger, prefix: str) -> Iterator[bytes]:
        """Return the content of the objects, stored since the drill began, that were not read before."""
        for listed in ledger.objects_since(prefix):
            if (listed.key, listed.etag) not in self._read:
                self._read.add((listed.key, listed.etag))
                yield self.hook.read(listed) or b""
