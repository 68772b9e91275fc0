"""Prove by probe orders that every change committed before them has arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException

from sales_cdc.contract.order_keys import KEYS
from sales_cdc.probe.arrived_orders import arrived_orders
from sales_cdc.provisioning.resources.objects import ObjectHook
from sales_cdc.provisioning.resources.stream import StreamHook
from sales_cdc.provisioning.resources.table import TableHook
from sales_cdc.provisioning.resources.table_stream import TableStreamHook

PROBES_PER_SHARD = 16
MAX_PROBES = 2_000
POLL_SECONDS = 0.5

Connect = Callable[[Any], Any]


class ChainStalledError(AirflowException):
    """Raised when probes do not arrive: changes written before them may still be in flight."""


class ChainBarrier:
    """Wait until the chain has delivered every change that was committed before.

    The table's stream, the pipe and Kinesis keep the order of records within a shard: when a record has arrived, the records before it
    in its shard have arrived too. The barrier sends two rounds of probes, 16 for each shard. The first round proves that the pipe has
    read every shard of the table's stream that far. The second, written after the first has arrived, proves that Firehose has
    delivered every shard of Kinesis that far. No count includes probe orders.

    Args:
        connect: returns a hook of the class it gets.
        hops: the topology's ``hops``.
        patience_seconds: how long the probes of a round may take.
        may_write: False for an adopted table, to which nothing is written: then patience alone decides, and a chain that is slower
            than that makes a change on its way look lost.
        stop: ends the wait once it is set.

    Example::

        ChainBarrier(lambda hook: hook(aws_conn_id="aws_default"), topology.hops, 300, Event()).deliver()
    """

    def __init__(
        self, connect: Connect, hops: Mapping[str, str], patience_seconds: float, stop: Event, *, may_write: bool = True
    ) -> None:
        self._connect, self._hops, self._stop = connect, hops, stop
        self._patience = timedelta(seconds=patience_seconds)
        self._may_write = may_write

    def deliver(self) -> None:
        """Return once every earlier change is in ``raw/``, in ``errors/``, or given up by the pipe.

        Raises:
            ChainStalledError: the probes did not arrive in time.
        """
        if not self._may_write:
            if self._stop.wait(self._patience.total_seconds()):
                raise ChainStalledError("The wait for changes on their way was ended. Run the DAG again.")
            return
        table: TableHook = self._connect(TableHook)
        arn = table.conn.describe_table(TableName=self._hops["table"])["Table"].get("LatestStreamArn")
        shards = max(self._connect(TableStreamHook).open_shards(arn) if arn else 0, self._kinesis_shards())
        for hop in ("pipe", "delivery"):
            self._send(table, min(MAX_PROBES, PROBES_PER_SHARD * shards), hop)

    def _kinesis_shards(self) -> int:
        pages = self._connect(StreamHook).conn.get_paginator("list_shards").paginate(StreamName=self._hops["stream"])
        return max(1, sum(len(page["Shards"]) for page in pages))

    def _send(self, table: TableHook, count: int, hop: str) -> None:
        written_at, probes = datetime.now(UTC), [KEYS.new_probe() for _ in range(count)]
        table.put_probe_orders(self._hops["table"], probes)
        try:
            while len(arrived := self._arrived(probes, written_at)) < count:
                if datetime.now(UTC) - written_at > self._patience or self._stop.wait(POLL_SECONDS):
                    raise ChainStalledError(
                        f"{count - len(arrived)} of {count} probe orders did not reach raw/ within "
                        f"{self._patience.total_seconds():.0f} s, so a lost change cannot be told from one that is in flight. "
                        f"Look at the pipe '{self._hops['pipe']}' and the delivery stream '{self._hops['delivery']}' (here: the "
                        f"{hop}), run the DAG sales_cdc_setup, whose own probe names the hop where it stops, then reconcile again."
                    )
        finally:
            table.delete_probe_orders(self._hops["table"], probes)

    def _arrived(self, probes: list[str], written_at: datetime) -> dict[str, str]:
        return arrived_orders(self._connect(ObjectHook), self._hops["bucket"], probes, written_at, datetime.now(UTC))
