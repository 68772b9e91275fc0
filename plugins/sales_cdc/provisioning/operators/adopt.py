"""Adopt a table that is there already, and release it again; of the table itself only its stream is ever changed."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.contract.declared import declared_contract
from sales_cdc.provisioning.adoption import AdoptableTable, no_such_table
from sales_cdc.provisioning.resources.adopted_table import AdoptedStreamRecord, AdoptedTableHook
from sales_cdc.provisioning.resources.objects import ObjectHook


class AdoptionRefusedError(AirflowFailException):
    """Raised when a table cannot be adopted as it is; it was not changed."""


class ExpectTableFitsOperator(AwsBaseOperator[AdoptedTableHook]):
    """Refuse a table that cannot be adopted, before anything of the deployment is made or changed.

    Args:
        table: the table's name.
        region: of the deployment.
        may_enable_stream: ``True`` lets setup enable the stream of a table that has none.

    Raises:
        AdoptionRefusedError: there is no such table, or its key or its stream does not fit.
        ResourceRefusedError: it may not be described.

    Example::

        ExpectTableFitsOperator(task_id="expect_table_fits", table="shop", region="eu-central-1", may_enable_stream="False")
    """

    aws_hook_class = AdoptedTableHook
    template_fields = aws_template_fields("table", "may_enable_stream")

    def __init__(self, *, table: str, region: str, may_enable_stream: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.region = region
        self.may_enable_stream = may_enable_stream

    def execute(self, context: Any) -> Any:
        table = self._fitting_table()
        self.log.info("The table '%s' can be adopted; its stream: %s.", table.name, table.view_type or "to be enabled")

    def _fitting_table(self) -> AdoptableTable:
        with resource_errors(f"Could not look at the DynamoDB table '{self.table}', which is to be adopted"):
            found: AdoptableTable | None = self.hook.find(self.table)
        if found is None:
            raise AdoptionRefusedError(no_such_table(self.table, self.region))
        refusal = found.refusal(declared_contract())
        if refusal is None and found.view_type is None and self.may_enable_stream != "True":
            refusal = found.needs_stream()
        if refusal is not None:
            raise AdoptionRefusedError(f"The DynamoDB table '{self.table}' cannot be adopted. {refusal}")
        return found


class AdoptTableOperator(ExpectTableFitsOperator):
    """Make sure that the adopted table has a stream, and return it.

    Args:
        view_type: of the stream, where setup enables it.
        bucket: the deployment's, which keeps a record of a stream that setup enabled.

    Returns:
        ``name``, ``stream_arn`` and ``action``: ``adopted``, or ``stream enabled``.
    """

    template_fields = aws_template_fields("table", "may_enable_stream", "bucket")

    def __init__(self, *, view_type: str, bucket: str, **kwargs: Any) -> None:
        super().__init__(multiple_outputs=True, **kwargs)
        self.view_type = view_type
        self.bucket = bucket

    def execute(self, context: Any) -> dict[str, str]:
        table = self._fitting_table()
        with resource_errors(f"Could not enable the stream of the adopted DynamoDB table '{self.table}'"):
            record = AdoptedStreamRecord(ObjectHook(**self._hook_parameters), self.bucket)
            action = "adopted"
            if table.view_type is None:
                record.write(self.table, None)
                self.hook.enable_stream(self.table, self.view_type)
                table, action = self.hook.find(self.table), "stream enabled"
            if action != "adopted" or (record.is_of(self.table) and record.stream_arn() is None):
                record.write(self.table, table.stream_arn)
        return {"name": self.table, "stream_arn": table.stream_arn, "action": action}


class ReleaseTableOperator(AwsBaseOperator[AdoptedTableHook]):
    """Leave the adopted table as it is; disable its stream if setup enabled it.

    Args:
        table: the table's name.
        bucket: the deployment's, which keeps the record of a stream that setup enabled.
        keep: a CloudFormation stack made the deployment, and its pipe still reads the stream.

    Returns:
        ``name`` and ``action``: ``left``, or ``stream disabled``.
    """

    aws_hook_class = AdoptedTableHook
    template_fields = aws_template_fields("table", "bucket")

    def __init__(self, *, table: str, bucket: str, keep: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.bucket = bucket
        self.keep = keep

    def execute(self, context: Any) -> dict[str, str]:
        with resource_errors(
            f"Could not release the adopted DynamoDB table '{self.table}'. If its stream was enabled by setup, disable it by hand"
        ):
            found = self.hook.find(self.table)
            if found is not None and found.stream_arn and not self.keep and self._is_ours(found):
                self.hook.disable_stream(self.table)
                self.log.info("Disabled the stream of '%s', which setup had enabled.", self.table)
                return {"name": self.table, "action": "stream disabled"}
        self.log.info("Left the table '%s' as it is, with its stream: it is not ours.", self.table)
        return {"name": self.table, "action": "left"}

    def _is_ours(self, found: AdoptableTable) -> bool:
        record = AdoptedStreamRecord(ObjectHook(**self._hook_parameters), self.bucket)
        return record.is_of(self.table) and record.stream_arn() in (None, found.stream_arn)
