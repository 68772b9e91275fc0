"""boto3 clients of the local cloud's own services, each with the credentials of the role that its resource names."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

ADMINISTRATOR = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
_CONFIG = Config(
    retries={"max_attempts": 3, "mode": "standard"}, max_pool_connections=16, s3={"addressing_style": "path"}
)


class Clients:
    """Makes clients for one endpoint and region. A role's credentials come from STS and are kept until they near their end."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint, self._region = endpoint, region
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, role_arn: str | None = None, *, region: str | None = None) -> Any:
        """A client that acts as ``role_arn``; without one, as the local cloud's administrator.

        Raises:
            botocore.exceptions.ClientError: the role cannot be assumed.
        """
        key = (f"{service}@{region or self._region}", role_arn)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(service, role_arn, region or self._region)
            return self._made[key]

    def forget_role(self, role_arn: str) -> None:
        """Drop the clients of a role whose credentials were refused, so that the next call assumes it anew."""
        with self._lock:
            self._made = {key: made for key, made in self._made.items() if key[1] != role_arn}

    def _make(self, service: str, role_arn: str | None, region: str) -> Any:
        session = boto3.session.Session(region_name=region, **ADMINISTRATOR)
        if role_arn is None:
            return session.client(service, endpoint_url=self._endpoint, config=_CONFIG)
        sts = session.client("sts", endpoint_url=self._endpoint, config=_CONFIG)
        keys = sts.assume_role(RoleArn=role_arn, RoleSessionName="local-cloud", DurationSeconds=43200)["Credentials"]
        return boto3.session.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=region,
        ).client(service, endpoint_url=self._endpoint, config=_CONFIG)
