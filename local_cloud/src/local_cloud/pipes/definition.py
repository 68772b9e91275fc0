"""A pipe's document: made from a request, changed by an update, refused when AWS would refuse it.

Sources: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html and
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_UpdatePipe.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from local_cloud.pipes.settings import SettingsError, parse
from local_cloud.pipes.states import State
from local_cloud.wire import Json, ServiceError

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@\-/]+")
_SETTABLE = (
    "Description", "DesiredState", "Enrichment", "EnrichmentParameters", "KmsKeyIdentifier", "LogConfiguration", "RoleArn",
    "SourceParameters", "TargetParameters",
)  # fmt: skip
_FIXED_POSITION = ("StartingPosition", "StartingPositionTimestamp")
DESIRED_STATES = {"RUNNING", "STOPPED"}
KINESIS_BATCH_LIMIT = 500


def invalid(message: str, **fields: Any) -> ServiceError:
    """Make the error for a request that AWS refuses."""
    return ServiceError("ValidationException", message, 400, **fields)


def new_pipe(params: Mapping[str, Any], arn: str) -> Json:
    """Make the document of a pipe that is being created.

    Raises:
        ServiceError: ``ValidationException`` with what is wrong.
    """
    now = round(time.time(), 3)
    pipe = {
        "Name": params["Name"],
        "Arn": arn,
        "Source": params.get("Source") or "",
        "Target": params.get("Target") or "",
        "DesiredState": "RUNNING",
        **_settings_of(params),
        "CurrentState": State.CREATING.value,
        "CreationTime": now,
        "LastModifiedTime": now,
        "Tags": dict(params.get("Tags") or params.get("tags") or {}),
    }
    check(pipe)
    return pipe


def updated_pipe(pipe: Mapping[str, Any], params: Mapping[str, Any]) -> Json:
    """Return the document with the changes of an ``UpdatePipe`` request; what the request omits stays.

    Raises:
        ServiceError: ``ValidationException`` with what is wrong.
    """
    updated = {**pipe, **_settings_of(params)}
    for field in ("SourceParameters", "TargetParameters"):
        updated[field] = _merged(pipe.get(field) or {}, params.get(field) or {})
    check(updated)
    return updated


def _settings_of(params: Mapping[str, Any]) -> Json:
    return {field: params[field] for field in _SETTABLE if params.get(field) is not None}


def _merged(now: Mapping[str, Any], update: Mapping[str, Any]) -> Json:
    """Replace a service's parameters as a whole, except the fixed starting position of a source."""
    merged = {**now, **{field: value for field, value in update.items() if value is not None}}
    for field, value in update.items():
        before = now.get(field)
        if isinstance(value, dict) and isinstance(before, dict):
            fixed = {name: before[name] for name in _FIXED_POSITION if name in before}
            merged[field] = {**value, **fixed}
    return merged


def check(pipe: Mapping[str, Any]) -> None:
    """Refuse a pipe's document that AWS would refuse.

    Raises:
        ServiceError: ``ValidationException`` with what is wrong.
    """
    if not _NAME.fullmatch(pipe["Name"]):
        raise invalid(f"Pipe name {pipe['Name']!r} must match [\\.\\-_A-Za-z0-9]+ and have at most 64 characters.")
    if not _ROLE.fullmatch(pipe.get("RoleArn") or ""):
        raise invalid(f"RoleArn {pipe.get('RoleArn')!r} is not the ARN of a role.")
    if pipe["DesiredState"] not in DESIRED_STATES:
        raise invalid(f"DesiredState {pipe['DesiredState']!r} must be RUNNING or STOPPED.")
    try:
        settings = parse(pipe)
    except SettingsError as error:
        raise invalid(str(error)) from error
    if settings.source.batch_size > KINESIS_BATCH_LIMIT:
        raise invalid(
            f"BatchSize {settings.source.batch_size} is larger than the target supports: a Kinesis stream takes "
            f"{KINESIS_BATCH_LIMIT} records at once."
        )
