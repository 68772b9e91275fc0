"""Turns what AWS refuses into errors that say what was attempted, on what, what was seen and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as BotocoreConnectionError

MISSING = frozenset({"ResourceNotFoundException", "NoSuchBucket", "404"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403"})
STRANGER = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "SignatureDoesNotMatch",
     "ExpiredToken", "ExpiredTokenException", "InvalidSignatureException"}
)  # fmt: skip


class CallRefusedError(Exception):
    """A call to AWS failed for a reason that the same call a moment later would meet again."""


class ResourceMissingError(CallRefusedError):
    """The table or the bucket is not there."""


class DeniedError(CallRefusedError):
    """The caller is not known, or may not do this."""


class UnreachableError(CallRefusedError):
    """Nothing answers at the endpoint."""


@contextmanager
def explained(attempted: str, resource: str) -> Iterator[None]:
    """Explain the refusals that people meet; any other error passes as it is.

    Raises:
        ResourceMissingError, DeniedError, UnreachableError: as named.
    """
    attempt = f"Could not {attempted} {resource}:"
    try:
        yield
    except (BotocoreConnectionError, HTTPClientError) as error:
        raise UnreachableError(
            f"{attempt} no answer ({error}). If that is the local cloud, start it with 'make cloud'; if it is "
            "AWS, check the network and the region."
        ) from error
    except NoCredentialsError as error:
        raise DeniedError(
            f"{attempt} there are no AWS credentials. 'make' sets those of the local cloud; for AWS, sign in or set "
            "AWS_PROFILE."
        ) from error
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in MISSING:
            raise ResourceMissingError(
                f"{attempt} it does not exist ({code}). Run the DAG sales_cdc_setup first: "
                'make airflow ARGS="dags test sales_cdc_setup"'
            ) from error
        if code in DENIED:
            raise DeniedError(
                f"{attempt} denied ({message}). Let the caller's role do this, or use another."
            ) from error
        if code in STRANGER:
            raise DeniedError(
                f"{attempt} the credentials were not accepted ({code}). Check the keys and that they have not expired; "
                "for the local cloud, 'make' sets them."
            ) from error
        raise
