"""boto3 clients for the local cloud's own services, each with the credentials of a role."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError

ADMINISTRATOR = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
SESSION_SECONDS = 3600
_CONFIG = Config(
    retries={"max_attempts": 3, "mode": "standard"},
    max_pool_connections=16,
    s3={"addressing_style": "path"},
    response_checksum_validation="when_required",  # no data is lost within one machine
)
# A Lambda function may take 15 minutes. The service that called it decides about another attempt.
_LAMBDA_CONFIG = _CONFIG.merge(Config(read_timeout=910, retries={"total_max_attempts": 1}))


class Clients:
    """Make clients for one endpoint and region. A role's credentials come from STS and are renewed before they expire.

    Args:
        endpoint: the URL of the local cloud.
        region: the region of the clients.
        keys: the credentials of clients without a role; those of the local cloud's administrator by default.

    Example: ``Clients("http://127.0.0.1:4566", "us-east-1").client("s3", "arn:aws:iam::000000000000:role/firehose")``.
    """

    def __init__(self, endpoint: str, region: str, keys: Mapping[str, str] = ADMINISTRATOR) -> None:
        self._endpoint, self._region, self.keys = endpoint, region, keys
        self._lock = threading.RLock()
        self._made: dict[tuple[str | None, ...], Any] = {}
        self._sessions: dict[tuple[str | None, str | None], Any] = {}
        self._models = botocore.session.Session().get_component("data_loader")

    def client(
        self,
        service: str,
        role_arn: str | None = None,
        *,
        region: str | None = None,
        principal: str | None = None,
        undecoded: str | None = None,
    ) -> Any:
        """Return a client that acts as ``role_arn``; without one, as the owner of ``keys``.

        Args:
            service: boto3's name of the service.
            role_arn: the role to assume.
            region: the client's region; the cloud's own when absent.
            principal: the service principal that the role's trust policy must name, such as ``pipes.amazonaws.com``.
            undecoded: an operation of a JSON protocol whose answers are returned as ``{"body": bytes}``, as they were sent,
                so that a large batch is decoded only once.

        Raises:
            botocore.exceptions.ClientError: the role cannot be assumed.
        """
        key = (service, role_arn, region or self._region, principal, undecoded)
        with self._lock:
            if key not in self._made:
                made = self._make(service, role_arn, region or self._region, principal)
                if undecoded is not None:
                    _leave_undecoded(made, undecoded)
                self._made[key] = made
            return self._made[key]

    def s3_of(self, keys: Mapping[str, Any] | None) -> Any:
        """Return an S3 client with these credentials, as ``credentials_of`` returns them; None: the administrator's."""
        if keys is None:
            return self.client("s3")
        own = {name: value for name, value in keys.items() if name.startswith("aws_")}
        return Clients(self._endpoint, self._region, own).client("s3")

    def forget_role(self, role_arn: str) -> None:
        """Drop the clients of a role whose credentials were refused, so that the next call assumes it again."""
        with self._lock:
            self._made = {key: made for key, made in self._made.items() if key[1] != role_arn}
            self._sessions = {key: made for key, made in self._sessions.items() if key[0] != role_arn}

    def _make(self, service: str, role_arn: str | None, region: str, principal: str | None) -> Any:
        """Make a client of the role's session: a role is assumed once, and all sessions share AWS's loaded models."""
        session = self._sessions.get((role_arn, principal))
        if session is None:
            session = self._sessions[role_arn, principal] = self._session(role_arn, principal)
        config = _LAMBDA_CONFIG if service == "lambda" else _CONFIG
        return session.client(service, region_name=region, endpoint_url=self._endpoint, config=config)

    def _session(self, role_arn: str | None, principal: str | None) -> Any:
        session = botocore.session.Session()
        session.register_component("data_loader", self._models)
        if role_arn is None:
            return boto3.session.Session(botocore_session=session, **self.keys)
        session._credentials = RefreshableCredentials.create_from_metadata(
            metadata=self._assume(role_arn, principal),
            refresh_using=lambda: self._assume(role_arn, principal),
            method="sts-assume-role",
        )
        return boto3.session.Session(botocore_session=session)

    def _administrator(self, service: str) -> Any:
        return self.client(service)

    def _assume(self, role_arn: str, principal: str | None) -> dict[str, str]:
        """Return temporary credentials of the role, in the form that botocore renews.

        MiniStack lets its administrator assume a role as any service principal, so the principal is compared here.
        """
        if principal is not None:
            role = self._administrator("iam").get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
            if not _trusts(role["AssumeRolePolicyDocument"], principal):
                message = f"{principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")
        sts = self._administrator("sts")
        keys = sts.assume_role(
            RoleArn=role_arn, RoleSessionName="local-cloud", DurationSeconds=SESSION_SECONDS
        )["Credentials"]  # fmt: skip
        return {
            "access_key": keys["AccessKeyId"],
            "secret_key": keys["SecretAccessKey"],
            "token": keys["SessionToken"],
            "expiry_time": keys["Expiration"].isoformat(),
        }


def _trusts(document: dict[str, Any] | str, principal: str) -> bool:
    """Tell whether a trust policy lets the service principal assume its role; MiniStack evaluates the conditions."""
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        named = statement.get("Principal", {})
        services = named.get("Service", []) if isinstance(named, dict) else [principal] if named == "*" else []
        if statement.get("Effect") == "Allow" and principal in ([services] if isinstance(services, str) else services):
            return True
    return False


def _leave_undecoded(client: Any, operation: str) -> None:
    """Make the client return the answers of one operation as bytes."""
    service = client.meta.service_model.service_id.hyphenize()

    def keep(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < 300:
            customized_response_dict["body"] = response_dict["body"]
            response_dict["body"] = b"{}"

    client.meta.events.register(f"before-parse.{service}.{operation}", keep)
