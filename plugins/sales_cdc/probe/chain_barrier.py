"""Proof that what was committed before has arrived: probe orders, sent after it down the same chain."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException

from sales_cdc.probe.arrived_orders import arrived_orders
from sales_cdc.provisioning.resources.objects import ObjectHook
from sales_cdc.provisioning.resources.stream import StreamHook
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.provisioning.resources.table_stream import TableStreamHook

PROBES_PER_SHARD = 16
MOST_PROBES = 2_000
POLL_SECONDS = 0.5

Connect = Callable[[Any], Any]


class ChainStalledError(AirflowException):
    """The probes did not arrive: what was written before them may be on its way still."""


class ChainBarrier:
    """Waits until the chain has delivered everything that was committed before.

    The stream, the pipe and Kinesis each keep the order of a shard, so what arrives before a later record of every shard has
    arrived. Two rounds of probes, 16 for each shard: the first shows that each shard of the table's stream was read that far by the
    pipe, the second, written after it, that each shard of Kinesis was delivered that far. Probe orders count nowhere.

    Args:
        connect: makes a hook of a class.
        hops: the topology's ``hops``.
        patience_seconds: how long the probes of a round may take.
        stop: ends the waiting once set.
    """

    def __init__(self, connect: Connect, hops: Mapping[str, str], patience_seconds: float, stop: Event) -> None:
        self._connect, self._hops, self._stop = connect, hops, stop
        self._patience = timedelta(seconds=patience_seconds)

    def deliver(self) -> None:
        """Return once everything committed before this call is in ``raw/``, in ``errors/``, or given up by the pipe.

        Raises:
            ChainStalledError: the probes did not arrive in time.
        """
        table: TableHook = self._connect(TableHook)
        arn = table.conn.describe_table(TableName=self._hops["table"])["Table"].get("LatestStreamArn")
        shards = max(self._connect(TableStreamHook).open_shards(arn) if arn else 0, self._kinesis_shards())
        for hop in ("pipe", "delivery"):
            self._send(table, min(MOST_PROBES, PROBES_PER_SHARD * shards), hop)

    def _kinesis_shards(self) -> int:
        pages = self._connect(StreamHook).conn.get_paginator("list_shards").paginate(StreamName=self._hops["stream"])
        return max(1, sum(len(page["Shards"]) for page in pages))

    def _send(self, table: TableHook, count: int, hop: str) -> None:
        written_at, probes = datetime.now(UTC), [f"probe-{uuid.uuid4()}" for _ in range(count)]
        table.put_probe_orders(self._hops["table"], probes)
        try:
            while len(arrived := self._arrived(probes, written_at)) < count:
                if datetime.now(UTC) - written_at > self._patience or self._stop.wait(POLL_SECONDS):
                    raise ChainStalledError(
                        f"{count - len(arrived)} of {count} probe orders did not reach raw/ within "
                        f"{self._patience.total_seconds():.0f} s, so it cannot be told what was lost from what is on its way. "
                        f"Look at the pipe '{self._hops['pipe']}' and the delivery stream '{self._hops['delivery']}' (here: the "
                        f"{hop}), run the DAG sales_cdc_setup, whose own proof says where a probe stops, then reconcile again."
                    )
        finally:
            table.delete_orders(self._hops["table"], probes)

    def _arrived(self, probes: list[str], written_at: datetime) -> dict[str, str]:
        return arrived_orders(self._connect(ObjectHook), self._hops["bucket"], probes, written_at, datetime.now(UTC))
