"""What AWS refuses of a request about pipes, in its words.

Source: *Amazon EventBridge Pipes API Reference*, ``CreatePipe`` and ``UpdatePipe``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_cloud.pipes.settings import SettingsError, parse
from local_cloud.wire import ServiceError

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@\-/]+")
DESIRED_STATES = {"RUNNING", "STOPPED"}
KINESIS_BATCH_LIMIT = 500


def invalid(message: str, **fields: Any) -> ServiceError:
    return ServiceError("ValidationException", message, 400, **fields)


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
