"""Finds out whose account a run works in, before anything is done there."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.sts import StsHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException
from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import Kind, Refusal, refusal_of
from sales_cdc.aws.run_params import require_known_params

IMPATIENT = {"connect_timeout": 5, "read_timeout": 10, "retries": {"total_max_attempts": 2}}


class AccountUnknownError(AirflowFailException):
    """The account could not be asked for; retrying without a change would not help."""


class FindAccountOperator(AwsBaseOperator[StsHook]):
    """Return the id of the account that the Airflow connection leads to (STS GetCallerIdentity).

    Every ARN of the topology is rendered from this task's XCom, so that no DAG file names an account. Being a DAG's first task, it also
    refuses Params that the DAG does not have.

    Raises:
        UnknownParamError: the run's configuration has a misspelt Param.
        AccountUnknownError: the connection is missing or refused, nothing answers, or the credentials are not accepted.
    """

    aws_hook_class = StsHook
    template_fields = aws_template_fields()

    def __init__(self, *, task_id: str = "find_account", **kwargs: Any) -> None:
        super().__init__(task_id=task_id, **{"botocore_config": IMPATIENT, **kwargs})

    def execute(self, context: Any) -> str:
        if run := context.get("dag_run"):
            require_known_params(self.dag, run.conf or {})
        self._require_connection()
        identity = self._identity()
        self.log.info("Working in account %s as %s.", identity["Account"], identity["Arn"])
        return str(identity["Account"])

    def _require_connection(self) -> None:
        """A missing connection otherwise means whatever credentials the machine happens to have."""
        if not self.aws_conn_id:
            return
        try:
            self.hook.get_connection(self.aws_conn_id)
        except AirflowNotFoundException as error:
            raise AccountUnknownError(
                f"The Airflow connection '{self.aws_conn_id}' does not exist, so it is not known which account to work "
                f"in. Create it (connection type 'aws'; leave login and password empty to use the machine's own role): "
                f"airflow connections add {self.aws_conn_id} --conn-type aws. For the local cloud, 'make airflow' and "
                "'make ui' set it. SALES_CDC_AWS_CONN_ID names another one."
            ) from error

    def _identity(self) -> dict[str, str]:
        attempt = f"Asked AWS STS who the Airflow connection '{self.aws_conn_id}' belongs to:"
        try:
            identity: dict[str, str] = self.hook.conn.get_caller_identity()
        except (ClientError, BotoCoreError) as error:
            refusal = refusal_of(error)
            said = str(error) if refusal.kind is Kind.GUARDED else f"{attempt} {refusal.answer}. {_remedy(refusal)}"
            raise AccountUnknownError(said) from error
        return identity


def _remedy(refusal: Refusal) -> str:
    """What to do about the connection."""
    if refusal.code and not refusal.kind.passes:
        return "Check the connection's keys, session token and role, and that they have not expired."
    if refusal.kind is Kind.CREDENTIALS:
        return (
            "Give the connection a login (access key id) and a password (secret access key), a role_arn, or run Airflow "
            "where an instance or task role is attached."
        )
    return refusal.remedy
