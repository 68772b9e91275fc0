"""Write log lines into CloudWatch Logs, as the role of their crawler or job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

MAX_EVENTS = 1000


def write_log(logs: Any, group: str, stream: str, lines: Sequence[tuple[float, str]]) -> str | None:
    """Append lines, each with its time in epoch seconds; group and stream are made first.

    Returns:
        Why it was refused, in the words of AWS Glue's troubleshooting page; None when the lines are there.
    """
    try:
        _create(logs.create_log_group, logGroupName=group)
        _create(logs.create_log_stream, logGroupName=group, logStreamName=stream)
        for start in range(0, len(lines), MAX_EVENTS):
            events = [
                {"timestamp": round(at * 1000), "message": text} for at, text in lines[start : start + MAX_EVENTS]
            ]
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    except ClientError as error:
        return f"Service Principal: glue.amazonaws.com is not authorized to perform: logs:{error.operation_name} on {group}: {error}"
    return None


def _create(call: Any, **arguments: str) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
