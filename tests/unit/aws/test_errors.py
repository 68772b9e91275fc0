"""Each refusal of AWS has its kind; against botocore's own errors."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from sales_cdc.aws.errors import (
    CallRefusedError,
    CredentialsError,
    DeniedError,
    Kind,
    ResourceMissingError,
    UnreachableError,
    explained,
    refusal_of,
)
from sales_cdc.deployment.endpoint_guard import EndpointRefusedError

ENDPOINT = "http://127.0.0.1:1"


def answered(code: str, message: str = "because", status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CallThing")  # type: ignore[arg-type]


def guarded() -> EndpointRefusedError:
    return EndpointRefusedError(operation="x", endpoint="y", target="local", allowed="z", remedy="Mend it.")


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        (Kind.DENIED, "AccessDenied", ""),
        (Kind.DENIED, "AccessDeniedException", "the role may not do this"),
        (Kind.DENIED, "KMSAccessDeniedException", ""),
        (Kind.DENIED, "KMS.AccessDeniedException", ""),
        (Kind.DENIED, "UnauthorizedOperation", ""),
        (Kind.DENIED, "403", "Forbidden"),
        (Kind.CREDENTIALS, "ExpiredToken", ""),
        (Kind.CREDENTIALS, "ExpiredTokenException", ""),
        (Kind.CREDENTIALS, "UnrecognizedClientException", ""),
        (Kind.CREDENTIALS, "InvalidClientTokenId", ""),
        (Kind.CREDENTIALS, "InvalidAccessKeyId", ""),
        (Kind.CREDENTIALS, "SignatureDoesNotMatch", ""),
        (Kind.CREDENTIALS, "RequestTimeTooSkewed", ""),
        (Kind.MISSING, "ResourceNotFoundException", "Requested resource not found: the table of role x"),
        (Kind.MISSING, "NotFoundException", ""),
        (Kind.MISSING, "EntityNotFoundException", "Database x not found."),
        (Kind.MISSING, "NoSuchBucket", ""),
        (Kind.MISSING, "404", "Not Found"),
        (Kind.MISSING, "AWS.SimpleQueueService.NonExistentQueue", ""),
        (Kind.MISSING, "QueueDoesNotExist", ""),
        (Kind.MISSING, "TableNotFoundException", ""),
        (Kind.MISSING, "InvalidRequestException", "WorkGroup x is not found."),
        (Kind.TAKEN, "BucketAlreadyExists", ""),
        (Kind.TAKEN, "EntityAlreadyExists", "Role with name x already exists."),
        (Kind.TAKEN, "ResourceAlreadyExistsException", ""),
        (Kind.TAKEN, "InvalidRequestException", "WorkGroup is already created"),
        (Kind.PASSING, "Throttling", ""),
        (Kind.PASSING, "ThrottlingException", ""),
        (Kind.PASSING, "TooManyRequestsException", ""),
        (Kind.PASSING, "ProvisionedThroughputExceededException", ""),
        (Kind.PASSING, "SlowDown", ""),
        (Kind.PASSING, "OperationAborted", "A conflicting conditional operation is currently in progress"),
        (Kind.PASSING, "OperationAbortedException", ""),
        (Kind.PASSING, "ResourceInUseException", ""),
        (Kind.PASSING, "ResourceConflictException", ""),
        (Kind.PASSING, "ConcurrentModificationException", ""),
        (Kind.PASSING, "CrawlerRunningException", ""),
        (Kind.PASSING, "QueueDeletedRecently", ""),
        (Kind.PASSING, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
        (Kind.PASSING, "NoSuchEntity", "The role with name x cannot be found."),
        (Kind.INVALID, "ValidationException", ""),
        (Kind.INVALID, "ValidationException", "the stream of controle is wrong"),
        (Kind.INVALID, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        (Kind.INVALID, "InvalidRequestException", "Malformed."),
        (Kind.INVALID, "NoSuchKey", ""),
        (Kind.INVALID, "", ""),
    ],
)  # fmt: skip
def test_each_code_has_its_kind(kind: Kind, code: str, message: str) -> None:
    refusal = refusal_of(answered(code, message))
    assert refusal.kind is kind
    assert (refusal.code, refusal.operation, refusal.message) == (code, "CallThing", message)
    assert refusal.remedy.endswith((".", '"'))


def test_a_fault_of_the_server_passes_whatever_its_code() -> None:
    assert refusal_of(answered("InternalFailure", status=500)).kind is Kind.PASSING
    assert refusal_of(answered("InternalFailure", status=400)).kind is Kind.INVALID


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.UNREACHABLE, boto.EndpointConnectionError(endpoint_url=ENDPOINT)),
        (Kind.UNREACHABLE, boto.ConnectTimeoutError(endpoint_url=ENDPOINT)),
        (Kind.UNREACHABLE, boto.ReadTimeoutError(endpoint_url=ENDPOINT)),
        (Kind.UNREACHABLE, boto.ConnectionClosedError(endpoint_url=ENDPOINT)),
        (Kind.UNREACHABLE, boto.ProxyConnectionError(proxy_url=ENDPOINT)),
        (Kind.UNREACHABLE, boto.SSLError(endpoint_url=ENDPOINT, error="expired")),
        (Kind.CREDENTIALS, boto.NoCredentialsError()),
        (Kind.CREDENTIALS, boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")),
        (Kind.CREDENTIALS, boto.CredentialRetrievalError(provider="role", error_msg="none")),
        (Kind.CREDENTIALS, boto.UnauthorizedSSOTokenError()),
        (Kind.CREDENTIALS, boto.ProfileNotFound(profile="x")),
        (Kind.GUARDED, guarded()),
        (Kind.UNFINISHED, boto.WaiterError("pipe_running", "failed", {"StateReason": "no such stream"})),
        (Kind.INVALID, boto.ParamValidationError(report="Missing required parameter")),
        (Kind.INVALID, boto.NoRegionError()),
    ],
)
def test_what_was_never_answered_has_its_kind(kind: Kind, error: BotoCoreError) -> None:
    refusal = refusal_of(error)
    assert refusal.kind is kind
    assert (refusal.code, refusal.message, refusal.answer) == ("", str(error), refusal.reason)
    assert refusal.remedy.endswith(".")


def test_a_program_that_is_no_aws_service_is_named_as_that_and_its_page_is_not_quoted() -> None:
    page = '<!DOCTYPE HTML>\n<html lang="en"><body>Unsupported method</body></html>'
    answer = {"Error": {"Code": "501", "Message": page}, "ResponseMetadata": {"HTTPStatusCode": 501}}
    found = refusal_of(ClientError(answer, "StartQueryExecution"))  # type: ignore[arg-type]
    assert (found.kind, found.message) == (Kind.UNREACHABLE, found.reason)
    assert "another program may have the port" in found.message
    assert "<" not in f"{found.message}{found.remedy}"


def test_what_passes_is_told_from_what_is_final() -> None:
    assert {kind for kind in Kind if kind.passes} == {Kind.PASSING, Kind.UNREACHABLE, Kind.UNFINISHED}


def test_a_waiter_that_failed_tells_the_reason_of_the_state_at_any_depth() -> None:
    last = {"Configuration": {"LastUpdateStatusReason": "no code"}, "ResponseMetadata": {}}
    assert "(no code)" in refusal_of(boto.WaiterError("function_ready", "failed", last)).reason


def test_an_endpoint_that_does_not_answer_is_named() -> None:
    assert refusal_of(boto.EndpointConnectionError(endpoint_url=ENDPOINT)).reason == f"nothing answers at {ENDPOINT}"


@pytest.mark.parametrize(
    ("error", "raised", "told"),
    [
        (answered("NoSuchBucket"), ResourceMissingError, r"it does not exist \(NoSuchBucket\).*sales_cdc_setup"),
        (answered("AccessDenied", "not authorized"), DeniedError, r"denied \(not authorized\)\. Let the caller's role"),
        (answered("ExpiredToken"), CredentialsError, r"not accepted \(ExpiredToken\).*not expired"),
        (boto.NoCredentialsError(), CredentialsError, "no AWS credentials.*AWS_PROFILE"),
        (boto.ReadTimeoutError(endpoint_url=ENDPOINT), UnreachableError, f"no answer .*{ENDPOINT}.*make cloud"),
    ],
)
def test_a_refusal_is_explained_with_what_was_attempted(
    error: Exception, raised: type[CallRefusedError], told: str
) -> None:
    with (
        pytest.raises(raised, match=rf"^Could not read the bucket b: .*{told}") as refused,
        explained("read the bucket", "b"),
    ):
        raise error
    assert refused.value.__cause__ is error


def test_a_caller_that_is_not_known_is_denied_too() -> None:
    assert issubclass(CredentialsError, DeniedError)


@pytest.mark.parametrize(
    "error",
    [answered("NoSuchKey"), answered("ConditionalCheckFailedException"), answered("ThrottlingException"), guarded(), KeyError("x")],
)  # fmt: skip
def test_what_may_be_an_answer_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as seen, explained("read the bucket", "b"):
        raise error
    assert seen.value is error
