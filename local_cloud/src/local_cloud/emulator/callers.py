"""Who sent a request, and for which account and region: read from MiniStack while it answers.

MiniStack verifies the signature before it calls a handler, and keeps users' keys and STS sessions in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_cloud.clients import ADMINISTRATOR


def credentials_of(headers: Mapping[str, str], query: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the credentials of a request's caller; services that act as their caller need them.

    Returns:
        The keys under boto3's names, and ``expires`` (epoch seconds; None: never). None for the administrator.

    Raises:
        PermissionError: the access key belongs to nobody, or its session has ended.
    """
    from ministack.core.iam_evaluator import ResolvedCredential, resolve_credential
    from ministack.core.responses import get_account_id
    from ministack.core.router import extract_access_key_id

    access_key = extract_access_key_id(dict(headers), query)
    if access_key == ADMINISTRATOR["aws_access_key_id"]:
        return None
    found = resolve_credential(access_key, get_account_id())
    if not isinstance(found, ResolvedCredential):
        raise PermissionError(found.message)
    return {
        "aws_access_key_id": found.access_key_id,
        "aws_secret_access_key": found.secret_access_key,
        "aws_session_token": found.session_token,
        "expires": found.expiration,
    }


def region_and_account() -> tuple[str, str]:
    """Return the region and the account id of the request that is being answered."""
    from ministack.core.responses import get_account_id, get_region

    return get_region(), get_account_id()
