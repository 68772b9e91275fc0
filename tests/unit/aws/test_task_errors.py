"""How a task ends when AWS refuses: at once, or with a retry; against botocore's own errors."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, WaiterError
from sales_cdc.aws.errors import (
    CallRefusedError,
    CredentialsError,
    DeniedError,
    ResourceMissingError,
    UnreachableError,
)
from sales_cdc.aws.task_errors import ResourceError, ResourceRefusedError, final_errors, resource_errors


def refusal(code: str, message: str = "because", operation: str = "CreateThing", status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("InternalFailure", status=500),
        refusal("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
        refusal("QueueDeletedRecently"),
    ],
)
def test_a_transient_error_is_retried(error: ClientError) -> None:
    with pytest.raises(ResourceError, match="the next try comes by itself"), resource_errors("Could not make 'x'"):
        raise error


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_lasting_error_fails_at_once_and_names_the_call(code: str) -> None:
    with pytest.raises(ResourceRefusedError) as refused, resource_errors("Could not make the thing 'x'"):
        raise refusal(code)
    assert str(refused.value).startswith(f"Could not make the thing 'x': AWS answered {code} to CreateThing (because).")


def test_a_resource_that_does_not_become_ready_is_reported_with_its_reason() -> None:
    with pytest.raises(ResourceError, match="no such stream"), resource_errors("Could not make 'x'"):
        raise WaiterError("pipe_running", "failed", {"CurrentState": "CREATE_FAILED", "StateReason": "no such stream"})


def test_a_cloud_that_does_not_answer_is_named() -> None:
    with pytest.raises(ResourceError, match="make cloud"), resource_errors("Could not make 'x'"):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")


def test_missing_credentials_fail_at_once() -> None:
    with pytest.raises(ResourceRefusedError, match="no AWS credentials"), resource_errors("Could not make 'x'"):
        raise NoCredentialsError


def test_an_error_of_the_task_itself_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), resource_errors("Could not make 'x'"):
        raise ZeroDivisionError


@pytest.mark.parametrize("error", [ResourceMissingError, DeniedError, CredentialsError])
def test_a_refusal_for_good_is_not_retried(error: type[CallRefusedError]) -> None:
    with pytest.raises(AirflowFailException, match="why"), final_errors():
        raise error("why")


def test_a_refusal_that_passes_is_retried() -> None:
    with pytest.raises(UnreachableError), final_errors():
        raise UnreachableError("why")


def test_the_errors_that_a_task_names_are_not_retried() -> None:
    with pytest.raises(AirflowFailException, match="why"), final_errors(LookupError):
        raise KeyError("why")
    with pytest.raises(KeyError), final_errors():
        raise KeyError("why")


@pytest.mark.parametrize(
    ("code", "remedy"), [("NoSuchBucket", "Run the DAG sales_cdc_setup first"), ("AccessDenied", "Let the caller's role do PutObject")]
)  # fmt: skip
def test_a_refusal_that_nobody_has_worded_ends_a_task_at_once_and_says_what_to_do(code: str, remedy: str) -> None:
    with pytest.raises(AirflowFailException, match=f"AWS answered {code} to PutObject .*{remedy}"), final_errors():
        raise refusal(code, operation="PutObject")


def test_a_refusal_that_passes_is_left_to_a_retry() -> None:
    with pytest.raises(ClientError), final_errors():
        raise refusal("SlowDown", status=503)
