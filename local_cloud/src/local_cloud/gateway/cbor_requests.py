"""Speak Kinesis's CBOR, which AWS's SDKs for Java and the Kinesis Client Library use, where MiniStack and we speak JSON.

A request's body is decoded behind the check of its signature, which covers the body as it was sent; an answer is encoded at the
very end, refusals included. SubscribeToShard answers with a stream of events, which MiniStack encodes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from local_cloud.cbor import MEDIA_TYPE, decode, encode
from local_cloud.wire import Answer, Handler, ServiceError, error_response

App = Callable[..., Awaitable[None]]
Message = dict[str, Any]
JSON = "application/x-amz-json-1.1"
STREAMED = "SubscribeToShard"
_TARGET = b"Kinesis_20131202."


def decode_requests(handler: Handler) -> Handler:
    """Return Kinesis's handler, which reads JSON, for requests in CBOR too."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if not headers.get("content-type", "").startswith(MEDIA_TYPE) or action == STREAMED:
            return await handler(method, path, headers, body, query)
        try:
            document = decode(action, body)
        except ValueError as error:
            return error_response(ServiceError("SerializationException", f"The request is no CBOR: {error}."), JSON)
        return await handler(method, path, {**headers, "content-type": JSON}, json.dumps(document).encode(), query)

    return handle


class CborAnswers:
    """Encode the JSON answers to requests in CBOR; an ASGI application around another."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: App) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        target = headers.get(b"x-amz-target", b"")
        if target.startswith(_TARGET) and headers.get(b"content-type", b"").startswith(MEDIA_TYPE.encode()):
            await self._app(scope, receive, _Encoding(target.decode().rpartition(".")[2], send))
        else:
            await self._app(scope, receive, send)


class _Encoding:
    """Hold back an answer until it is whole, and send it in CBOR; an answer that is no JSON passes as it is."""

    def __init__(self, action: str, send: App) -> None:
        self._action, self._send = action, send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = encode(self._action, json.loads(self._body or b"{}"), is_error=start["status"] >= 400)
        replaced = {b"content-type": MEDIA_TYPE.encode(), b"content-length": str(len(body)).encode()}
        headers = [(name, replaced.get(name.lower(), value)) for name, value in start["headers"]]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_json(start: Message) -> bool:
    return any(name.lower() == b"content-type" and b"json" in value for name, value in start["headers"])
