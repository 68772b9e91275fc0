"""Tell what a request does, and to what: its IAM action and its resource, as MiniStack and our corrections read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from local_cloud.emulator.callers import region_and_account
from local_cloud.emulator.seams import require


class Request(NamedTuple):
    """What a middleware is given: the service under MiniStack's name, and the parts of an HTTP request."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: Mapping[str, Any]


class Requests:
    """Reads requests.

    Args:
        emulator: ``ministack.app``.
        iam_actions: ``ministack.core.iam_actions``, patched.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """

    def __init__(self, emulator: Any, iam_actions: Any) -> None:
        require(emulator, "_routing_params")
        require(iam_actions, "extract_iam_action", "extract_resource_arn")
        self._emulator, self._iam_actions = emulator, iam_actions

    def action(self, request: Request) -> str | None:
        """Return the IAM action, such as ``kinesis:CreateStream``; None when it has none."""
        found: str | None = self._iam_actions.extract_iam_action(*self._with_parameters(request))
        return found

    def resource(self, request: Request) -> str:
        """Return the ARN of the resource, ``*`` when it names none."""
        return str(self._iam_actions.extract_resource_arn(*self._with_parameters(request), *region_and_account()))

    def _with_parameters(self, request: Request) -> tuple[Any, ...]:
        """Return the request with the parameters in the body of a query protocol."""
        service, *parts = request
        return service, *parts[:4], self._emulator._routing_params(*parts)
