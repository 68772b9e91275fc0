"""Share what the operators over the orders table have in common: the hops, the hooks and the stop on kill."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from threading import Event
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator

from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.reconcile.raw_zone import RawZoneHook


class OrdersTableOperator(AwsBaseOperator[SourceOrdersHook]):
    """An operator whose hook reads or writes the orders table.

    Args:
        hops: the topology's ``hops``.
    """

    def __init__(self, *, hops: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hops = hops
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    @property
    def _connection(self) -> dict[str, Any]:
        """The parameters of any hook over the same connection."""
        parameters: dict[str, Any] = super()._hook_parameters
        return parameters

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**self._connection, "table": self.hops["table"]}

    @cached_property
    def _raw_zone(self) -> RawZoneHook:
        return RawZoneHook(**self._connection, bucket=self.hops["bucket"])
