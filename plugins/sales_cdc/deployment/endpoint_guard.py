"""Refuse a request to an endpoint outside the settings' target, before it is sent.

The guard watches every botocore session of the process (``botocore.register_initializer``). That covers Airflow's own operators,
triggers and hooks: without the guard, a missing connection silently means the real AWS.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
from botocore.exceptions import BotoCoreError

from sales_cdc.deployment.settings import Settings, is_aws_host

_installed: list[Settings] = []


class EndpointRefusedError(BotoCoreError):
    """Raised before a client calls an endpoint that the target does not allow."""

    fmt = (
        "Refused {operation}: it would have gone to {endpoint}, but SALES_CDC_TARGET is '{target}', which allows only "
        "{allowed}. Nothing was sent. {remedy}"
    )


def install(settings: Settings) -> None:
    """Watch boto3's default session and every botocore session made from now on.

    A later call replaces the settings.

    Example::

        endpoint_guard.install(Settings.from_environment())
    """
    _watch_every_session()
    _installed[:] = [settings]


@cache
def _watch_every_session() -> None:
    botocore.register_initializer(_watch)
    if boto3.DEFAULT_SESSION is not None:
        _watch(boto3.DEFAULT_SESSION)


def _watch(session: Any) -> None:
    """Register the check with a session of botocore, or with the botocore session inside one of boto3."""
    events = session.events if isinstance(session, boto3.session.Session) else session
    events.register("before-send", _refuse_foreign)


def _refuse_foreign(request: Any, event_name: str, **_: Any) -> None:
    for settings in _installed:
        check = check_local if settings.target == "local" else check_aws
        check(settings, request.url, event_name)


def check_local(settings: Settings, url: str, event_name: str) -> None:
    """Allow only the local endpoint, with any path, and the virtual hosts of its buckets.

    Raises:
        EndpointRefusedError: the URL has another host, port or scheme.
    """
    allowed = urlsplit(settings.local_endpoint or "")
    seen = urlsplit(url)
    host = seen.hostname or ""
    same_host = host == allowed.hostname or host.endswith(f".{allowed.hostname}")
    if same_host and (seen.scheme, seen.port) == (allowed.scheme, allowed.port):
        return
    raise EndpointRefusedError(
        operation=_operation(event_name), endpoint=f"{seen.scheme}://{seen.netloc}", target="local",
        allowed=settings.local_endpoint,
        remedy=f"Give the Airflow connection '{settings.aws_conn_id}' the extra {{\"endpoint_url\": "
        f"\"{settings.local_endpoint}\"}} ('make airflow' does), or set SALES_CDC_TARGET=aws to mean the real account.",
    )  # fmt: skip


def check_aws(settings: Settings, url: str, event_name: str) -> None:
    """Allow only hosts of AWS, over TLS.

    Raises:
        EndpointRefusedError: the URL names another host, a loopback address, or plain HTTP.
    """
    seen = urlsplit(url)
    if seen.scheme == "https" and is_aws_host(seen.hostname or ""):
        return
    raise EndpointRefusedError(
        operation=_operation(event_name), endpoint=f"{seen.scheme}://{seen.netloc}", target="aws",
        allowed="AWS's own endpoints over https",
        remedy=f"Remove endpoint_url from the Airflow connection '{settings.aws_conn_id}' and from the environment "
        "(AWS_ENDPOINT_URL*), or set SALES_CDC_TARGET=local.",
    )  # fmt: skip


def _operation(event_name: str) -> str:
    """Turn ``before-send.dynamodb.PutItem`` into ``dynamodb PutItem``."""
    return " ".join(event_name.split(".")[1:3])
