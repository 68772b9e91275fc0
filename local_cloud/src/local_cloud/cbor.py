"""Read and write the CBOR of Kinesis: AWS's JSON protocol with bytes for blobs, and tagged milliseconds for timestamps.

Sources: the shapes of botocore's model for Kinesis, and the AWS SDK for Java (``SdkCborGenerator``: tag 1,
``Instant.toEpochMilli``), whose client is the judge.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import botocore.session
import cbor2

from local_cloud.wire import Json

MEDIA_TYPE = "application/x-amz-cbor-1.1"
TIMESTAMP_TAG = 1


def json_body(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the body of a request as JSON, so that the resource that it names can be read; unreadable CBOR has none."""
    if not headers.get("content-type", "").startswith(MEDIA_TYPE):
        return body
    try:
        return json.dumps(decode(headers.get("x-amz-target", "").rpartition(".")[2], body)).encode()
    except ValueError:
        return b"{}"


def decode(action: str, body: bytes) -> Json:
    """Read a request.

    Raises:
        ValueError: the body is no CBOR, or no map.
    """
    try:
        document = cbor2.loads(body, semantic_decoders={TIMESTAMP_TAG: lambda value, _: value}) if body else {}
    except cbor2.CBORError as error:
        raise ValueError(str(error)) from error
    if not isinstance(document, dict):
        raise ValueError("the body is no map")
    found: Json = _walk(_shape(action, "input_shape"), document, _to_json)
    return found


def encode(action: str, document: Json, *, is_error: bool = False) -> bytes:
    """Write an answer, by the shapes of its action."""
    shape = None if is_error else _shape(action, "output_shape")
    return cbor2.dumps(_walk(shape, document, _to_cbor))


def _walk(shape: Any, value: Any, leaf: Callable[[str, Any], Any]) -> Any:
    """Return a value with its blobs and timestamps changed by ``leaf``."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, dict):
        return {name: _walk(shape.members.get(name), member, leaf) for name, member in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_walk(shape.member, member, leaf) for member in value]
    return leaf(kind, value)


def _to_json(kind: str, value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    return value / 1000 if kind == "timestamp" and isinstance(value, int | float) else value


def _to_cbor(kind: str, value: Any) -> Any:
    if kind == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    if kind == "timestamp" and isinstance(value, int | float):
        return cbor2.CBORTag(TIMESTAMP_TAG, round(value * 1000))
    return value


@lru_cache(maxsize=128)
def _shape(action: str, side: str) -> Any:
    model = botocore.session.get_session().get_service_model("kinesis")
    return getattr(model.operation_model(action), side) if action in model.operation_names else None
