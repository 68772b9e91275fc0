"""Prove that the table's stream is empty before setup replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.contract.order_keys import KEYS
from sales_cdc.probe.arrived_orders import arrived_orders
from sales_cdc.provisioning.resources.objects import ObjectHook
from sales_cdc.provisioning.resources.resource import Found
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.provisioning.resources.table_stream import TableStreamHook

PROBES_PER_SHARD = 16


class StreamReplacementError(AirflowFailException):
    """Raised when the stream was not replaced; the table is as it was."""


class StreamDrainedSensor(AwsBaseSensor[TableHook]):
    """Wait until the table's stream may be replaced, or succeed at once when it need not be.

    A new view type means a new stream, and nobody reads the old one any more. So the old one has to be empty first. The sensor writes
    probe orders, enough to reach every shard (16 for each: one in ten million shards is missed), and waits for them in ``raw/``.
    The pipe keeps each shard's order, so the changes before the probes have arrived too. A change between the probes and the new
    stream would be in neither stream: ``allowed`` confirms that all writers are stopped.

    Args:
        definition: the table's definition.
        hops: the topology's ``hops``.
        allowed: ``True`` to let the stream be replaced.
        patience_seconds: how long the probes may take.

    Raises:
        StreamReplacementError: it is not allowed, or the probes did not arrive.
    """

    aws_hook_class = TableHook
    template_fields = aws_template_fields("definition", "hops", "allowed")

    def __init__(
        self,
        *,
        definition: Mapping[str, Any],
        hops: Mapping[str, str],
        allowed: str,
        patience_seconds: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"timeout": patience_seconds * 2, **kwargs})
        self.definition = definition
        self.hops = hops
        self.allowed = allowed
        self.patience_seconds = patience_seconds

    def poke(self, context: Any) -> bool:
        table: Found | None = self.hook.find(self.hops["table"])
        if table is None or not self.hook.stream_differs(table, self.definition):
            return True
        if self.allowed != "True":
            raise StreamReplacementError(self._why_refused(table))
        return self._drained(table)

    def _why_refused(self, table: Found) -> str:
        now = table.description.get("StreamSpecification", {}).get("StreamViewType", "off")
        wanted = self.definition["StreamSpecification"]["StreamViewType"]
        return (
            f"The stream of the DynamoDB table '{table.name}' is {now}, and SALES_CDC_STREAM_VIEW_TYPE asks for {wanted}. "
            "That replaces the stream, and changes made meanwhile would be in neither. Nothing was done. Stop all writers "
            'to the table, then trigger setup with {"replace_stream": true}; or set the variable back.'
        )

    def _drained(self, table: Found) -> bool:
        if not table.description.get("StreamSpecification", {}).get("StreamEnabled"):
            return True
        written_at, probes = self._written_probes
        arrived = arrived_orders(
            ObjectHook(**self._hook_parameters), self.hops["bucket"], probes, written_at, datetime.now(UTC)
        )
        self.log.info("%d of %d probe orders have passed the old stream.", len(arrived), len(probes))
        late = datetime.now(UTC) - written_at > timedelta(seconds=self.patience_seconds)
        if len(arrived) == len(probes) or late:
            self.hook.delete_probe_orders(table.name, probes)
        if len(arrived) < len(probes) and late:
            raise StreamReplacementError(
                f"The stream of '{table.name}' was not replaced: {len(probes) - len(arrived)} of {len(probes)} probe orders "
                f"did not arrive in raw/ within {self.patience_seconds} s, so it may hold changes that the pipe "
                f"'{self.hops['pipe']}' has not moved. Set SALES_CDC_STREAM_VIEW_TYPE back, run setup until its own probe "
                "arrives, then try again."
            )
        return len(arrived) == len(probes)

    @cached_property
    def _written_probes(self) -> tuple[datetime, list[str]]:
        """Write the probes on first use; return when, and their ids."""
        written_at, table = datetime.now(UTC), self.hook.find(self.hops["table"])
        shards = TableStreamHook(**self._hook_parameters).open_shards(table.identifiers["stream_arn"])
        probes = [KEYS.new_probe() for _ in range(PROBES_PER_SHARD * max(shards, 1))]
        self.hook.put_probe_orders(self.hops["table"], probes)
        return written_at, probes
