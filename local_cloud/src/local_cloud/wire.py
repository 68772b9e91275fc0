"""The AWS wire protocols that our services need: requests, responses, errors, dispatch.

Sources: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html (``X-Amz-Target`` names the action) and
https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html (method and path name it).
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
    """Hold one HTTP request to one AWS service, already authorised; header names are lower case."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    body: bytes
    region: str
    account: str
    caller: Mapping[str, Any] | None = field(default=None, repr=False)
    """The caller's credentials, for services that act as their caller; None for the administrator and other services."""

    @property
    def action(self) -> str:
        """Return the action of an AWS JSON request; empty when there is no ``X-Amz-Target``."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


class Response(NamedTuple):
    """Hold the answer to a request."""

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
    """Encode JSON as AWS sends it: datetimes as epoch seconds."""
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
    """Make the answer for an error; boto3 reads its code and message."""
    body = {"__type": error.code, "message": error.message, "Message": error.message, **error.fields}
    return Response(error.status, {"Content-Type": content_type, "x-amzn-ErrorType": error.code}, encode(body))


def json_object(text: bytes) -> Json:
    """Return the JSON object in a body; an empty one when there is none."""
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class JsonService:
    """Answer requests of the AWS JSON 1.1 protocol: the method ``create_thing(params, request)`` answers ``CreateThing``.

    ``check(operation, params)`` raises ServiceError for a request that must be refused.
    """

    name = ""
    check: Check = staticmethod(lambda *_: None)

    def handle(self, request: Request) -> Response:
        """Answer one request; an error becomes an answer too."""
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
        """End background work and save what must be kept."""


class RestJsonService:
    """Answer requests of the restJson1 protocol.

    ``routes`` maps (method, path pattern) to methods ``(params, request) -> dict``.
    Named groups of the pattern, the JSON body and the query parameters are merged into ``params``. The method ``create_thing``
    answers ``CreateThing``; ``check`` is as in ``JsonService``.
    """

    name = ""
    check: Check = staticmethod(lambda *_: None)

    def routes(self) -> Mapping[tuple[str, str], Callable[[Json, Request], Json]]:
        """Return the methods by HTTP method and path pattern."""
        raise AssertionError("a REST service declares its routes")

    def handle(self, request: Request) -> Response:
        """Answer one request; an error becomes an answer too."""
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
        """End background work and save what must be kept."""


def _single(query: Mapping[str, Any]) -> Json:
    """Return query parameters; a list of one value becomes that value."""
    return {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in query.items()}
