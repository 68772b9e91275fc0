"""Write the probe order, which travels the whole chain, and delete it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.contract.order_keys import KEYS
from sales_cdc.provisioning.resources.table import TableHook


class PutProbeOrderOperator(AwsBaseOperator[TableHook]):
    """Write a probe order, which means nothing and counts nowhere, under a new id.

    The id is new each time, because DynamoDB makes no record when an item is written unchanged.

    Args:
        table: the orders table's name.
        wanted: ``False`` writes nothing: a table that is adopted is somebody's.

    Returns:
        ``order_id``, and ``written_at``, the time before the write (ISO 8601, UTC); nothing when none is wanted.

    Example::

        put_probe = PutProbeOrderOperator(task_id="put_probe_order", table=topology.table.name)
    """

    aws_hook_class = TableHook
    template_fields = aws_template_fields("table", "wanted")

    def __init__(self, *, table: str, wanted: str = "True", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.wanted = wanted

    def execute(self, context: Any) -> dict[str, str]:
        if self.wanted != "True":
            self.log.info("Wrote no probe: nothing is written to the table '%s', which is adopted.", self.table)
            return {}
        probe = {"order_id": KEYS.new_probe(), "written_at": datetime.now(UTC).isoformat()}
        with resource_errors(f"Could not write the probe order to the DynamoDB table '{self.table}'"):
            self.hook.put_probe_orders(self.table, [probe["order_id"]])
        self.log.info("Wrote order %s.", probe["order_id"])
        return probe


class DeleteProbeOrderOperator(AwsBaseOperator[TableHook]):
    """Delete the probe order; succeed when it is gone already.

    Args:
        table: the orders table's name.
        probe: what ``PutProbeOrderOperator`` returned.
    """

    aws_hook_class = TableHook
    template_fields = aws_template_fields("table", "probe")

    def __init__(self, *, table: str, probe: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.probe = probe

    def execute(self, context: Any) -> None:
        if not self.probe:
            return
        order_id = self.probe["order_id"]
        with resource_errors(f"Could not delete the probe order {order_id} from the DynamoDB table '{self.table}'"):
            self.hook.delete_probe_orders(self.table, [order_id])
