"""Share what the operators over the error zone have in common: the bucket, the run's name and the hook."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator

from sales_cdc.redrive.error_zone import ErrorZoneHook


class ErrorZoneOperator(AwsBaseOperator[ErrorZoneHook]):
    """An operator that works on failed records, or on the ledger beside them.

    Args:
        bucket: the deployment's bucket.
        run_name: the run's name in the ledger.
    """

    aws_hook_class = ErrorZoneHook

    def __init__(self, *, bucket: str, run_name: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.run_name = run_name

    @property
    def _connection(self) -> dict[str, Any]:
        """The parameters of any hook over the same connection, without this hook's client configuration."""
        return {name: value for name, value in super()._hook_parameters.items() if name != "config"}

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}
