"""Classify what AWS refuses: what kind of refusal it is, why, what to do, and whether it passes by itself.

Tasks, the page and the terminal only word what is decided here. Pure: no Airflow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.deployment.endpoint_guard import EndpointRefusedError


class Kind(StrEnum):
    """What a refusal is, which decides what to do about it."""

    DENIED = "denied"
    """The caller is known and may not do this."""
    MISSING = "missing"
    """The resource is not there."""
    TAKEN = "taken"
    """A resource of that name is there already."""
    PASSING = "passing"
    """AWS is busy, or has not seen an earlier change yet."""
    UNREACHABLE = "unreachable"
    """Nothing answers at the endpoint."""
    CREDENTIALS = "credentials"
    """There are no credentials, or AWS does not accept them."""
    GUARDED = "guarded"
    """The endpoint guard refused the call before it was sent."""
    UNFINISHED = "unfinished"
    """A resource did not become what a waiter waited for."""
    INVALID = "invalid"
    """AWS or its client finds the request itself wrong, or says nothing that is known here."""

    @property
    def passes(self) -> bool:
        """Whether the same call may succeed later without a change by anyone."""
        return self in {Kind.PASSING, Kind.UNREACHABLE, Kind.UNFINISHED}


CODES: dict[str, Kind] = {
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "KMSAccessDeniedException", "UnauthorizedOperation", "403"), Kind.DENIED
    ),
    **dict.fromkeys(
        ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "SignatureDoesNotMatch",
         "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
         "MissingAuthenticationTokenException", "InvalidToken", "ExpiredToken", "ExpiredTokenException", "RequestExpired",
         "TokenRefreshRequired", "RequestTimeTooSkewed", "AuthFailure"),
        Kind.CREDENTIALS,
    ),
    **dict.fromkeys(
        ("ResourceNotFoundException", "NotFoundException", "EntityNotFoundException", "TableNotFoundException",
         "NoSuchEntity", "NoSuchBucket", "404", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        Kind.MISSING,
    ),
    **dict.fromkeys(
        ("ResourceAlreadyExistsException", "AlreadyExistsException", "EntityAlreadyExists", "BucketAlreadyExists",
         "BucketAlreadyOwnedByYou", "QueueAlreadyExists", "QueueNameExists"),
        Kind.TAKEN,
    ),
    **dict.fromkeys(
        ("OperationAborted", "OperationAbortedException", "ProvisionedThroughputExceeded",
         "ProvisionedThroughputExceededException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown",
         "PriorRequestNotComplete", "RequestTimeout", "RequestTimeoutException", "TransactionInProgressException"),
        Kind.PASSING,
    ),
}  # fmt: skip
"""AWS's codes by kind. ``NoSuchKey`` is not among them: that an object is not there is an answer to those who read it."""

PASSING_WORDS = ("Throttl", "TooMany", "Conflict", "InUse", "Running", "Concurrent", "Recently", "Unavailable")
"""Words of codes that pass. A create call may mean "taken" by some of these: the resource's ``taken_codes`` say which."""

NEVER_ABOUT_A_ROLE = frozenset({"ResourceNotFoundException", "NoSuchBucket", "404"})
STATE_REASONS = ("StateReason", "FailureDescription", "LastUpdateStatusReason")
NO_CREDENTIALS = (boto.NoCredentialsError, boto.PartialCredentialsError)
REJECTED_CREDENTIALS = (
    boto.CredentialRetrievalError, boto.TokenRetrievalError, boto.NoAuthTokenError, boto.SSOError, boto.ProfileNotFound,
)  # fmt: skip

SET_UP = 'Run the DAG sales_cdc_setup first: make airflow ARGS="dags test sales_cdc_setup"'
CHECK_CREDENTIALS = "Check the keys and that they have not expired; for the local cloud, 'make' sets them."
REMEDIES = {
    Kind.MISSING: SET_UP,
    Kind.TAKEN: "Remove or rename it, or choose another name for this deployment with SALES_CDC_PREFIX.",
    Kind.PASSING: "Try again in a moment.",
    Kind.UNREACHABLE: "If that is the local cloud, start it with 'make cloud'; if it is AWS, check the network and the region.",
    Kind.CREDENTIALS: CHECK_CREDENTIALS,
    Kind.GUARDED: "Mend the connection or the settings.",
    Kind.UNFINISHED: "Look at the resource in AWS and mend what it complains of.",
    Kind.INVALID: "Mend what AWS complains of.",
}


@dataclass(frozen=True)
class Refusal:
    """Why a call to AWS failed.

    Attributes:
        kind: decides what to do.
        reason: what was observed, as the end of a sentence without its full stop.
        remedy: what to do, in whole sentences; those who know more of the place may word their own.
        message: the words of AWS or of its client alone.
        code: AWS's, "" when AWS did not answer; ``operation``: the call's, likewise.
    """

    kind: Kind
    reason: str
    remedy: str
    message: str
    code: str = ""
    operation: str = ""

    @property
    def answer(self) -> str:
        """The reason with AWS's code, call and words in full."""
        return f"AWS answered {self.code} to {self.operation} ({self.message})" if self.code else self.reason


class CallRefusedError(Exception):
    """AWS refused a call; the message says what was attempted, on what, why, and what to do. ``kind``: of the refusal."""

    kind: ClassVar[Kind]


class ResourceMissingError(CallRefusedError):
    """The table, bucket, queue or function is not there."""

    kind = Kind.MISSING


class DeniedError(CallRefusedError):
    """The caller may not do this."""

    kind = Kind.DENIED


class CredentialsError(DeniedError):
    """There are no credentials, or AWS does not accept them."""

    kind = Kind.CREDENTIALS


class UnreachableError(CallRefusedError):
    """Nothing answers at the endpoint; trying again may help."""

    kind = Kind.UNREACHABLE


EXPLAINED = {each.kind: each for each in (ResourceMissingError, DeniedError, CredentialsError, UnreachableError)}


@contextmanager
def explained(attempted: str, resource: str) -> Iterator[None]:
    """Raise the refusals that people meet as errors that explain them; any other error passes as it is.

    The rest is left to those who call: a condition that does not hold, a missing object or a throttled write may be an
    answer to them::

        with explained("read the orders in the DynamoDB table", "sales-cdc-orders"):
            client.scan(TableName="sales-cdc-orders")

    Raises:
        ResourceMissingError, DeniedError, CredentialsError, UnreachableError: as named.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        refusal = refusal_of(error)
        if refusal.kind not in EXPLAINED:
            raise
        message = f"Could not {attempted} {resource}: {refusal.reason}. {refusal.remedy}"
        raise EXPLAINED[refusal.kind](message) from error


def refusal_of(error: ClientError | BotoCoreError) -> Refusal:
    """Classify an error of botocore.

    Sources: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if isinstance(error, ClientError):
        return _answered(error)
    return _not_answered(error)


def _answered(error: ClientError) -> Refusal:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if _is_web_page(message):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", code)
        text = f"what answers there is no AWS service: it sent a web page (HTTP {status}), so another program may have the port"
        return _refusal(Kind.UNREACHABLE, text, text)
    kind = _kind(error, code, message)
    reasons = {
        Kind.MISSING: f"it does not exist ({code})",
        Kind.DENIED: f"denied ({message})",
        Kind.CREDENTIALS: f"the credentials were not accepted ({code})",
    }
    operation = error.operation_name
    reason = reasons.get(kind, f"AWS answered {code} to {operation} ({message})")
    remedy = REMEDIES.get(kind, f"Let the caller's role do {operation}, or use another.")
    return Refusal(kind, reason, remedy, message, code, operation)


def _is_web_page(message: str) -> bool:
    return message.lstrip()[:14].lower().startswith(("<!doctype html", "<html"))


def _kind(error: ClientError, code: str, message: str) -> Kind:
    listed = CODES.get(code)
    if listed in {Kind.DENIED, Kind.CREDENTIALS, Kind.TAKEN}:
        return listed
    if "AccessDenied" in code:
        return Kind.DENIED
    if _is_about_a_new_role(code, message):
        return Kind.PASSING
    if code == "InvalidRequestException":
        return _kind_of_athena(message)
    if listed is not None:
        return listed
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    passes = status >= 500 or any(word in code for word in PASSING_WORDS)
    return Kind.PASSING if passes else Kind.INVALID


def _is_about_a_new_role(code: str, message: str) -> bool:
    """Whether a service may not know a role yet: it takes seconds until it does, and each says so in a code of its own.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
    """
    return code not in NEVER_ABOUT_A_ROLE and re.search(r"\brole\b", message, re.IGNORECASE) is not None


def _kind_of_athena(message: str) -> Kind:
    """Athena has one code for all that is wrong; its messages tell them apart."""
    if "not found" in message:
        return Kind.MISSING
    return Kind.TAKEN if "already" in message else Kind.INVALID


def _not_answered(error: BotoCoreError) -> Refusal:
    text = str(error)
    if isinstance(error, EndpointRefusedError):
        return _refusal(Kind.GUARDED, text.rstrip("."), text)
    if isinstance(error, NO_CREDENTIALS):
        remedy = "'make' sets those of the local cloud; for AWS, sign in or set AWS_PROFILE."
        return Refusal(Kind.CREDENTIALS, "there are no AWS credentials", remedy, text)
    if isinstance(error, REJECTED_CREDENTIALS):
        return _refusal(Kind.CREDENTIALS, f"the credentials could not be had ({text})", text)
    if isinstance(error, boto.WaiterError):
        reason = _state_reason(error.last_response)
        return _refusal(Kind.UNFINISHED, text + (f" ({reason})" if reason else ""), text)
    if isinstance(error, (boto.EndpointConnectionError, boto.ConnectTimeoutError)):
        endpoint = str(error.kwargs["endpoint_url"]).rstrip("/")
        return _refusal(Kind.UNREACHABLE, f"nothing answers at {endpoint}", text)
    if isinstance(error, (boto.ConnectionError, boto.HTTPClientError)):
        return _refusal(Kind.UNREACHABLE, f"no answer ({text})", text)
    return Refusal(Kind.INVALID, text.rstrip("."), "Check the Airflow connection, the settings and the network.", text)


def _refusal(kind: Kind, reason: str, message: str) -> Refusal:
    return Refusal(kind, reason, REMEDIES[kind], message)


def _state_reason(answer: Any) -> str | None:
    """The first reason for a state, at any depth of an answer; None when it gives none."""
    if not isinstance(answer, dict):
        return None
    for name in STATE_REASONS:
        if answer.get(name):
            return str(answer[name])
    return next((reason for value in answer.values() if (reason := _state_reason(value))), None)
