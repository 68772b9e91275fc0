"""What the emulator's permission checks get wrong for this chain, put right.

* A call on a DynamoDB stream is checked against the stream's ARN (it would be ``*``, which only ``*`` allows). Source:
  *Actions, resources, and condition keys for Amazon DynamoDB*.
* A Glue call that names its database, crawler or job as ``Name`` is checked against that (it would be a table). Source:
  *Actions, resources, and condition keys for AWS Glue*.
* A call that names a log stream is checked against it (it would be the log group). Source: *Actions, resources, and condition
  keys for Amazon CloudWatch Logs*.
* A call over the loopback counts as one over TLS (``aws:SecureTransport``): nobody else can listen there, and a bucket
  policy that refuses plain HTTP has to hold here as it stands.
* A denial names the resource. Source: *Troubleshoot access denied error messages* (IAM).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

ResourceArn = Callable[..., str]


def correct_permission_checks(emulator: Any, iam_actions: Any) -> None:
    """Correct the emulator's modules (``ministack.app``, ``ministack.core.iam_actions``) in place.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    needed = ("extract_resource_arn", "access_denied_response", "identity_denial_message")
    if not hasattr(emulator, "pin_request_origin") or not all(hasattr(iam_actions, name) for name in needed):
        raise RuntimeError("MiniStack's permission checks moved: permission_checks.py was written for version 1.5.33.")
    pin = emulator.pin_request_origin
    emulator.pin_request_origin = lambda source_ip, _: pin(source_ip, True)
    iam_actions.extract_resource_arn = with_streams(iam_actions.extract_resource_arn)
    iam_actions.access_denied_response = naming_resource(
        iam_actions.access_denied_response, iam_actions.identity_denial_message
    )


def naming_resource(respond: Callable[..., Any], message_of: Callable[..., str]) -> Callable[..., Any]:
    """``respond``, whose message names the resource when an identity-based policy decided; S3 puts it in quotes."""

    def named(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Any:
        resource = details.get("resource_arn", "*")
        is_said = any(details.get(name) for name in ("error_code", "message", "resource_policy_arn"))
        if resource != "*" and not is_said:
            shown = f'"{resource}"' if service == "s3" else resource
            details["message"] = message_of(action, principal_arn, shown, details.get("explicit_deny", False))
        return respond(service, action, principal_arn, request_id, **details)

    return named


def with_streams(resource_arn: ResourceArn) -> ResourceArn:
    """``resource_arn``, extended by the stream that a request of DynamoDB Streams addresses."""

    def extended(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        if service == "dynamodbstreams":
            return stream_arn(body, region, account)
        if service == "glue" and (found := glue_arn(headers.get("x-amz-target", ""), body, region, account)):
            return found
        arn = resource_arn(service, method, path, headers, body, query, region, account)
        log_stream = _json_object(body).get("logStreamName") if service == "logs" else None
        return f"{arn}:log-stream:{log_stream}" if log_stream else arn

    return extended


def stream_arn(body: bytes, region: str, account: str) -> str:
    """The stream of a request; ``*`` for a listing of all."""
    request = _json_object(body)
    position = _json_object(_decoded(request.get("ShardIterator", "")))
    if found := request.get("StreamArn") or position.get("arn"):
        return str(found)
    table = request.get("TableName") or position.get("t")
    return f"arn:aws:dynamodb:{region}:{account}:table/{table}/stream/*" if table else "*"


def glue_arn(target: str, body: bytes, region: str, account: str) -> str | None:
    """The database, crawler or job that a Glue request names in its ``Name``; None when it names none of them so."""
    name = _json_object(body).get("Name")
    for kind in ("Database", "Crawler", "Job"):
        if isinstance(name, str) and target.rpartition(".")[2].removesuffix("Schedule").endswith(kind):
            return f"arn:aws:glue:{region}:{account}:{kind.lower()}/{name}"
    return None


def _decoded(iterator: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(iterator)
    except ValueError:
        return b""


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
