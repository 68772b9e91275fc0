"""Refuse a request to an endpoint outside the settings' target, before it is sent.

The guard is told of every botocore session of the process (``botocore.register_initializer``). That covers Airflow's own operators and
hooks: without the guard, a missing connection silently means the real AWS. In a process of Airflow it watches only the sessions that
our code makes: other teams' DAGs, remote logs and secrets may have endpoints of their own.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
from botocore.exceptions import BotoCoreError

from sales_cdc.deployment.settings import Settings, is_aws_host

OWN_PACKAGE = "sales_cdc"

_installed: list[tuple[Settings, bool]] = []


class EndpointRefusedError(BotoCoreError):
    """Raised before a client calls an endpoint that the target does not allow."""

    fmt = (
        "Refused {operation}: it would have gone to {endpoint}, but SALES_CDC_TARGET is '{target}', which allows only "
        "{allowed}. Nothing was sent. {remedy}"
    )


def install(settings: Settings, *, only_own: bool = False) -> None:
    """Watch boto3's default session and every botocore session made from now on.

    A later call replaces the settings.

    Args:
        only_own: watch only sessions that code of this package makes, for a process that runs others' code too.

    Example::

        endpoint_guard.install(Settings.from_environment())
    """
    _watch_every_session()
    _installed[:] = [(settings, only_own)]


@cache
def _watch_every_session() -> None:
    botocore.register_initializer(_watch)
    if boto3.DEFAULT_SESSION is not None:
        boto3.DEFAULT_SESSION.events.register("before-send", partial(_refuse_foreign, is_own=False))


def _watch(session: Any) -> None:
    """Register the check with a session of botocore, which is being made."""
    session.register("before-send", partial(_refuse_foreign, is_own=_is_made_by_us()))


def _is_made_by_us() -> bool:
    """Return whether a function, or an object's method, of this package is being called.

    An operator of ours counts though its code is the provider's: its class is ours.
    """
    frame = sys._getframe(2)
    while frame is not None:
        names = (frame.f_globals.get("__name__", ""), type(frame.f_locals.get("self")).__module__)
        if __name__ not in names and any(str(name).partition(".")[0] == OWN_PACKAGE for name in names):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _refuse_foreign(request: Any, event_name: str, *, is_own: bool, **_: Any) -> None:
    for settings, only_own in _installed:
        if only_own and not is_own:
            continue
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
