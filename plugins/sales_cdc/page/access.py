"""Decide who may see the page and who may act, and check that a request comes from the page itself.

Airflow's own login and auth manager decide about the user. A cookie identifies the user but not the page, so every POST also
carries a token that only the page's own script can read.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.configuration import conf
from fastapi import HTTPException, Request, status

READ_DAG = "sales_cdc_batch"
TOKEN_HEADER = "X-Sales-CDC-Token"  # noqa: S105 (a header's name)
TOKEN_SECONDS = 12 * 3600

may_read = requires_access_dag(method="GET", param_dag_id=READ_DAG)
may_run_batch = requires_access_dag(method="POST", access_entity=DagAccessEntity.RUN, param_dag_id=READ_DAG)


def can_run(dag_id: str, user: Any) -> bool:
    """Return whether to offer what starts a run of this DAG; the POST checks the right again."""
    return bool(
        get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag_id), user=user
        )
    )


def can_unpause(dag_id: str, user: Any) -> bool:
    """Return whether the user may unpause this DAG."""
    return bool(get_auth_manager().is_authorized_dag(method="PUT", details=DagDetails(id=dag_id), user=user))


def page_token(user_id: str, clock: Callable[[], float] = time.time) -> str:
    """Return a token that proves for ``TOKEN_SECONDS`` that the page was served to this user.

    Example::

        is_page_token(page_token("ada"), "ada")  # True
    """
    issued = str(int(clock()))
    return f"{issued}.{_signature(user_id, issued)}"


def is_page_token(token: str, user_id: str, clock: Callable[[], float] = time.time) -> bool:
    """Return whether the token was made for this user and is still valid."""
    issued, _, signature = token.partition(".")
    if not issued.isascii() or not issued.isdigit() or len(issued) > 12:
        return False
    fresh = 0 <= clock() - int(issued) <= TOKEN_SECONDS
    return fresh and hmac.compare_digest(signature.encode(), _signature(user_id, issued).encode())


def asked_by_page(request: Request, user: GetUserDep) -> None:
    """Refuse a request of another site, or of another program that has the user's cookie; a dependency of every POST."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site != "same-origin" or not is_page_token(request.headers.get(TOKEN_HEADER, ""), user.get_id()):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN,
            "The request did not come from the Sales CDC page. Reload the page and try again.",
        )


def _signature(user_id: str, issued: str) -> str:
    """Sign with the secret key that every api-server of a deployment shares."""
    key = hashlib.sha256(b"sales-cdc page token" + conf.get_mandatory_value("api", "secret_key").encode()).digest()
    return hmac.new(key, f"{issued}:{user_id}".encode(), hashlib.sha256).hexdigest()
