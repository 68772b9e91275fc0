"""Wait until everything that was written to the orders table has arrived in the raw zone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from threading import Event
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.contract import bucket_keys
from sales_cdc.probe.chain_barrier import ChainBarrier


class AwaitDeliveryOperator(AwsBaseOperator[AwsGenericHook[Any]]):
    """Wait until every change that was committed before is in ``raw/``; probe orders, written after them, show it.

    Args:
        hops: the topology's ``hops``.
        patience_seconds: how long one round of probe orders may take.
        may_probe: False for an adopted table, to which no probe is written.

    Raises:
        ChainStalledError: the probe orders did not arrive in time.
    """

    aws_hook_class = AwsGenericHook
    template_fields = aws_template_fields("hops")

    def __init__(
        self, *, hops: Mapping[str, str], patience_seconds: float = 300, may_probe: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.hops = hops
        self.patience_seconds = patience_seconds
        self.may_probe = may_probe
        self._stop = Event()

    def on_kill(self) -> None:
        self._stop.set()

    def execute(self, context: Any) -> None:
        connect = cache(lambda hook: hook(**self._hook_parameters))
        ChainBarrier(connect, self.hops, self.patience_seconds, self._stop, may_write=self.may_probe).deliver()
        self.log.info(
            "Everything that was written before has arrived in s3://%s/%s.", self.hops["bucket"], bucket_keys.RAW_PREFIX
        )
