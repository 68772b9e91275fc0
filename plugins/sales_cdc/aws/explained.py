"""AWS's errors as sentences: what was attempted, on what, what was answered, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from botocore.exceptions import ClientError, EndpointConnectionError, WaiterError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
PASSING_WORDS = ("Throttl", "TooMany", "Conflict", "InUse", "Running", "Concurrent", "Recently", "Unavailable")
STATE_REASONS = ("StateReason", "FailureDescription", "LastUpdateStatusReason")
RERUN = "Then run the DAG again: what is done already stays done."


class ResourceError(AirflowException):
    """A resource could not be made, changed or removed; the message says which, what AWS answered and what to do."""


class ResourceRefusedError(AirflowFailException):
    """AWS refuses, and would refuse the next try as well."""


@contextmanager
def explained(attempt: str) -> Iterator[None]:
    """Turn AWS's errors into sentences that begin with ``attempt``.

    Raises:
        ResourceRefusedError: AWS refused for good.
        ResourceError: it refused for the moment, did not answer, or the resource did not become what was waited for.
    """
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        answered = f"{attempt}: AWS answered {code} to {error.operation_name} ({message})."
        if passes(error):
            raise ResourceError(f"{answered} That passes: the next try comes by itself.") from error
        raise ResourceRefusedError(f"{answered} {_remedy(error)} {RERUN}") from error
    except WaiterError as error:
        raise ResourceError(
            f"{attempt}: {_observed(error)}. Look at the resource in AWS and mend what it complains of. {RERUN}"
        ) from error
    except EndpointConnectionError as error:
        raise ResourceError(
            f"{attempt}: nothing answers at {error.kwargs['endpoint_url']}. If that is the local cloud, start it with "
            f"'make cloud'. {RERUN}"
        ) from error


def passes(error: ClientError) -> bool:
    """Whether the same call may succeed a moment later.

    A role made a moment ago needs some seconds until services may assume it; every service says so in its own code.
    Source: *Changes that I make are not always immediately visible* (IAM).
    """
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in DENIED:
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return status >= 500 or "role" in message.lower() or any(word in code for word in PASSING_WORDS)


def _remedy(error: ClientError) -> str:
    if error.response["Error"]["Code"] in DENIED:
        return (
            f"Let the Airflow connection's principal do {error.operation_name}, and pass the services' roles to them."
        )
    return "Mend what AWS complains of."


def _observed(error: WaiterError) -> str:
    """The waiter's own words, and the reason that the last answer gives for the resource's state."""
    reason = _reason(error.last_response)
    return f"{error}" + (f" ({reason})" if reason else "")


def _reason(answer: Any) -> str | None:
    """The first reason for a state, at any depth of an answer; None when it gives none."""
    if not isinstance(answer, dict):
        return None
    for name in STATE_REASONS:
        if answer.get(name):
            return str(answer[name])
    return next((reason for value in answer.values() if (reason := _reason(value))), None)
