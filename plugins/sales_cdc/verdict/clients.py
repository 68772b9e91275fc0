"""Make AWS clients for who looks at a deployment: short patience, few retries, made once; nobody hangs where a DAG would wait."""

from __future__ import annotations

from threading import Lock
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

SERVICES = ("sts", "dynamodb", "pipes", "sqs", "kinesis", "firehose", "glue", "athena", "cloudwatch", "events", "s3")
PATIENCE = Config(
    connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=16
)


class SharingHook(AwsBaseHook):
    """Make a client of a session that others use too: botocore reads its files of regions and defaults once a session."""

    def __init__(self, session: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._shared = session

    def get_session(self, *args: Any, **kwargs: Any) -> Any:
        """Return the session; a hook without one makes it from Airflow's connection."""
        if self._shared is None:
            self._shared = super().get_session(*args, **kwargs)
        return self._shared


class DeploymentClients:
    """Clients of one deployment, through its Airflow connection and behind its endpoint guard."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = Lock()
        self._clients: dict[str, Any] = {}
        self._session: Any = None
        self._topology: Topology | None = None

    def client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                hook = SharingHook(
                    self._session,
                    aws_conn_id=self.settings.aws_conn_id,
                    region_name=self.settings.region,
                    client_type=service,
                    config=PATIENCE,
                )
                self._clients[service] = hook.get_conn()
                self._session = hook.get_session()
            return self._clients[service]

    def warm(self) -> None:
        """Make every client before anybody waits for one: botocore reads files of each service for that.

        Raises:
            BotoCoreError, ClientError: the account could not be asked for.
        """
        for service in SERVICES:
            self.client(service)
        self.topology()

    def topology(self) -> Topology:
        """With the account that the connection belongs to, asked for once."""
        if self._topology is None:
            account = self.client("sts").get_caller_identity()["Account"]
            self._topology = Topology(self.settings, account)
        return self._topology
