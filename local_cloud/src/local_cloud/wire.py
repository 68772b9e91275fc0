"""The AWS wire protocols, as far as our own services need them: requests, responses, errors, dispatch.

Sources: Smithy's *AWS JSON 1.1 protocol* (``X-Amz-Target`` names the action) and *AWS restJson1 protocol*
(method and path name it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

Json = dict[str, Any]
Check = Callable[[str, Json], None]
Answer = tuple[int, dict[str, str], bytes]  # status, headers, body: what MiniStack's handlers return
Handler = Callable[..., Awaitable[Answer]]  # awaited with method, path, headers, body and query


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to one AWS service, already authorised; header names are lower case."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    body: bytes
    region: str
    account: str
    caller: Mapping[str, Any] | None = field(default=None, repr=False)
    """Credentials of the caller, for services that act as he; None for the administrator, and for other services."""

    @property
    def action(self) -> str:
        """The action of an AWS JSON request; empty when there is no ``X-Amz-Target``."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class ServiceError(Exception):
    """An error in AWS's words: ``code`` is what boto3 shows as ``Error.Code``."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.fields = code, message, status, fields


class _Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        if hasattr(o, "timestamp"):
            return round(o.timestamp(), 3)
        return super().default(o)


def encode(document: Mapping[str, Any]) -> bytes:
    """JSON as AWS sends it: datetimes as epoch seconds."""
    return json.dumps(document, cls=_Encoder).encode()


def _decode(body: bytes) -> Json:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"The request body is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object.")
    return document


def error_response(error: ServiceError, content_type: str) -> Response:
    body = {"__type": error.code, "message": error.message, "Message": error.message, **error.fields}
    return Response(error.status, {"Content-Type": content_type, "x-amzn-ErrorType": error.code}, encode(body))


class JsonService:
    """A service of the AWS JSON 1.1 protocol: ``CreateThing`` is answered by the method ``create_thing(params, request)``.

    ``check(operation, params)`` raises when a request is not to be answered.
    """

    name = ""
    check: Check = staticmethod(lambda *_: None)

    def handle(self, request: Request) -> Response:
        content_type = "application/x-amz-json-1.1"
        try:
            operation = self._operation(request.action)
            params = _decode(request.body)
            self.check(request.action, params)
            return Response(200, {"Content-Type": content_type}, encode(operation(params, request)))
        except ServiceError as error:
            return error_response(error, content_type)

    def _operation(self, action: str) -> Callable[[Json, Request], Json]:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        operation: Callable[[Json, Request], Json] | None = getattr(self, name, None)
        if not action or operation is None or name in dir(JsonService):
            raise ServiceError(
                "UnknownOperationException", f"{self.name} has no operation {action!r} in the local cloud."
            )
        return operation

    def start(self) -> None:
        """Begin background work; called once, when the cloud answers."""

    def stop(self) -> None:
        """End background work and keep what has to be kept."""


class RestJsonService:
    """A service of the restJson1 protocol: ``routes`` maps (method, path pattern) to operations ``(params, request) -> dict``.

    Named groups of the pattern, the JSON body and the query parameters arrive together as ``params``. The operation
    ``CreateThing`` is the method ``create_thing``; ``check`` is as in ``JsonService``.
    """

    name = ""
    check: Check = staticmethod(lambda *_: None)

    def routes(self) -> Mapping[tuple[str, str], Callable[[Json, Request], Json]]:
        raise AssertionError("a REST service declares its routes")

    def handle(self, request: Request) -> Response:
        content_type = "application/json"
        try:
            for (method, pattern), operation in self.routes().items():
                match = re.fullmatch(pattern, request.path)
                if match and method == request.method:
                    named = {name: unquote(text) for name, text in match.groupdict().items()}
                    params = {**_decode(request.body), **_single(request.query), **named}
                    self.check(operation.__name__.title().replace("_", ""), params)
                    return Response(200, {"Content-Type": content_type}, encode(operation(params, request)))
            raise ServiceError(
                "UnknownOperationException",
                f"{self.name} has no {request.method} {request.path} in the local cloud.",
                404,
            )
        except ServiceError as error:
            return error_response(error, content_type)

    def start(self) -> None:
        """Begin background work; called once, when the cloud answers."""

    def stop(self) -> None:
        """End background work and keep what has to be kept."""


def _single(query: Mapping[str, Any]) -> Json:
    """Query parameters, each value unpacked from its list when it stands alone."""
    return {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in query.items()}
