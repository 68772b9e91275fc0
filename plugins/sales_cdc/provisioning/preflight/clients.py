"""Make clients that read only."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, TypeVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from sales_cdc.deployment.settings import Settings
from sales_cdc.provisioning.adoption import AdoptableTable
from sales_cdc.provisioning.read_only import writes_withheld
from sales_cdc.provisioning.resources.adopted_table import AdoptedTableHook
from sales_cdc.provisioning.resources.resource import ResourceHook

PATIENCE = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
Hook = TypeVar("Hook", bound=ResourceHook)


class ReadOnlyClients:
    """Make clients and hooks of one Airflow connection, and answer every write of theirs unsent while it is open.

    Args:
        connection: None for the credentials that the process has.

    Example::

        with ReadOnlyClients(settings, "aws_default") as clients:
            clients.of("sts").get_caller_identity()
    """

    def __init__(self, settings: Settings, connection: str | None) -> None:
        self.settings = settings
        self._arguments = {"aws_conn_id": connection, "region_name": settings.region, "config": PATIENCE}
        self._guards = ExitStack()
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> ReadOnlyClients:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._guards.close()

    def of(self, service: str) -> Any:
        """Return the client of a service, the same one each time."""
        if service not in self._clients:
            self._clients[service] = AwsBaseHook(**self._arguments, client_type=service).conn
            self._withhold(self._clients[service])
        return self._clients[service]

    def adopted_table(self, name: str) -> AdoptableTable | None:
        """Return a table that is to be adopted; None when there is none."""
        hook = AdoptedTableHook(**self._arguments)
        self._withhold(hook.conn)
        return hook.find(name)

    def hook(self, kind: type[Hook]) -> Hook:
        hook = kind(**self._arguments)
        self._withhold(hook.conn)
        return hook

    def _withhold(self, client: Any) -> None:
        self._guards.enter_context(writes_withheld(client))
