"""Wait for the probe order in ``raw/``, or find out where in the chain it was last seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.contract import bucket_keys
from sales_cdc.probe.arrived_orders import arrived_orders
from sales_cdc.provisioning.resources.delivery_stream import DeliveryStreamHook
from sales_cdc.provisioning.resources.objects import ObjectHook
from sales_cdc.provisioning.resources.pipe import PipeHook
from sales_cdc.provisioning.resources.queue import QueueHook
from sales_cdc.provisioning.resources.resource import ResourceHook
from sales_cdc.provisioning.resources.stream import StreamHook


class ProbeLostError(AirflowFailException):
    """Raised when the probe order did not reach S3 in time."""


class ProbeArrivedSensor(AwsBaseSensor[ObjectHook]):
    """Wait until the probe order is in ``raw/`` on S3.

    The wait is short: the delivery stream's buffer interval and a few seconds, so one or two minutes on AWS.

    Args:
        probe: what ``PutProbeOrderOperator`` returned.
        hops: the topology's ``hops``.
        patience_seconds: how long after the write the probe has to be there.

    Raises:
        ProbeLostError: it is not there in time; the message names the hop where it was last seen.

    Example::

        ProbeArrivedSensor(task_id="expect_probe_in_raw", probe=put_probe.output, hops=topology.hops, patience_seconds=300)
    """

    aws_hook_class = ObjectHook
    template_fields = aws_template_fields("probe", "hops")

    def __init__(self, *, probe: Any, hops: Mapping[str, str], patience_seconds: int, **kwargs: Any) -> None:
        super().__init__(**{"timeout": patience_seconds * 2, **kwargs})
        self.probe = probe
        self.hops = hops
        self.patience_seconds = patience_seconds

    def poke(self, context: Any) -> bool:
        if not self.probe:
            self.log.info("No probe was written, so none is awaited: the next change of the table is the proof.")
            return True
        written_at = datetime.fromisoformat(self.probe["written_at"])
        now = datetime.now(UTC)
        order_id = self.probe["order_id"]
        arrived = arrived_orders(self.hook, self.hops["bucket"], [order_id], written_at, now)
        if arrived:
            self.log.info("Order %s arrived in %s.", order_id, arrived[order_id])
            return True
        if now - written_at > timedelta(seconds=self.patience_seconds):
            raise ProbeLostError(
                f"The probe order {self.probe['order_id']} was written to the table but is not in "
                f"s3://{self.hops['bucket']}/{bucket_keys.RAW_PREFIX} after {self.patience_seconds} s. "
                f"{self._last_seen(written_at)}"
            )
        return False

    def _last_seen(self, since: datetime) -> str:
        """Say at which hop the probe was last seen, searching from the end of the chain backwards."""
        failed = next(self.hook.keys(self.hops["bucket"], bucket_keys.ERRORS_PREFIX, since), None)
        if failed is not None:
            return f"Firehose put records that failed into {failed}: the errorMessage of each line says why."
        stream: StreamHook = self._other(StreamHook)
        if stream.holds(self.hops["stream"], self.probe["order_id"].encode(), since):
            state = self._state(DeliveryStreamHook, "delivery", "DeliveryStreamStatus")
            return (
                f"It reached the Kinesis stream '{self.hops['stream']}'; the delivery stream '{self.hops['delivery']}' "
                f"({state}) has not delivered it. Look at the log groups of Firehose and of the transformer."
            )
        dead = self._state(QueueHook, "dead_letter_queue", "Attributes", "ApproximateNumberOfMessages")
        state = self._state(PipeHook, "pipe", "CurrentState")
        reason = self._state(PipeHook, "pipe", "StateReason")
        return (
            f"It did not reach Kinesis: the pipe '{self.hops['pipe']}' is {state} ({reason}), and its dead-letter queue "
            f"holds {dead} messages. Look at the pipe's role and its state reason, then run setup again."
        )

    def _state(self, hook: type[ResourceHook], name: str, *path: str) -> Any:
        """Return a field of a resource's description; "unknown" when the resource or the field is missing."""
        found = self._other(hook).find(self.hops[name])
        value: Any = found.description if found is not None else {}
        for part in path:
            value = value.get(part, {})
        return value or "unknown"

    def _other(self, hook: type[ResourceHook]) -> Any:
        return hook(**self._hook_parameters)
