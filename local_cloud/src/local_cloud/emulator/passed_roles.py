"""Check ``iam:PassRole`` when a request gives a role to a service; MiniStack never does.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html; the pages of the services under
https://docs.aws.amazon.com/service-authorization/latest/reference/ name the permission beside the actions below.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Handler

SERVICES = ("pipes", "firehose", "glue", "lambda")
_JSON_ACTIONS = frozenset(
    {"CreateDeliveryStream", "UpdateDestination", "CreateCrawler", "UpdateCrawler", "CreateJob", "UpdateJob"}
)
_PATHS = (
    ("POST", re.compile(r"/v1/pipes/[^/]+")), ("PUT", re.compile(r"/v1/pipes/[^/]+")),
    ("POST", re.compile(r"/[\d-]+/functions/?")), ("PUT", re.compile(r"/[\d-]+/functions/[^/]+/configuration")),
)  # fmt: skip
_ROLE = re.compile(r"role(arn)?", re.IGNORECASE)


def check_passed_roles(service: str, handler: Handler, emulator: Any) -> Handler:
    """Return the handler with a check of each role in a request against the caller's permissions.

    Args:
        service: one of ``SERVICES``.
        handler: the service's handler.
        emulator: ``ministack.app``.

    Raises:
        SeamMovedError: MiniStack has no such check any more.
    """
    require(emulator, "_enforce_data_plane")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        from ministack.core.responses import get_account_id

        if gives_roles(method, path, headers.get("x-amz-target", "").rpartition(".")[2]):
            for role in sorted(set(roles(_decoded(body), get_account_id()))):
                denial: Answer | None = emulator._enforce_data_plane(
                    service, "iam:PassRole", headers, query, str(uuid.uuid4()), resource_arn=role, named_resource=role,
                    service_context={"iam:PassedToService": f"{service}.amazonaws.com"},
                )  # fmt: skip
                if denial is not None:
                    return denial
        return await handler(method, path, headers, body, query)

    return handle


def gives_roles(method: str, path: str, action: str) -> bool:
    """Tell whether a request creates or changes something that acts as a role."""
    return action in _JSON_ACTIONS or any(method == one and pattern.fullmatch(path) for one, pattern in _PATHS)


def roles(document: Any, account: str) -> Iterator[str]:
    """Yield the ARNs of the roles in a request: fields ``Role`` and ``RoleArn`` at any depth, and parameters so named."""
    if isinstance(document, list):
        for member in document:
            yield from roles(member, account)
    if not isinstance(document, dict):
        return
    if document.get("ParameterName") == "RoleArn":
        yield str(document.get("ParameterValue"))
    for name, value in document.items():
        if isinstance(value, str) and value and _ROLE.fullmatch(name):
            yield value if value.startswith("arn:") else f"arn:aws:iam::{account}:role/{value.lstrip('/')}"
        else:
            yield from roles(value, account)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}
