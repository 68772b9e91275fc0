"""Word refusals of S3 and Glue as Athena does.

Source: https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from local_cloud.athena.errors import QueryFailedError

NAME = "PERMISSION_DENIED"
_CODES = frozenset({"AccessDenied", "AccessDeniedException", "403", "Forbidden", "ExpiredToken", "InvalidAccessKeyId"})
_BY_ARROW = re.compile(
    r"key '(?P<key>[^']*)' in bucket '(?P<bucket>[^']*)'.*ACCESS_DENIED|access denied: (?P<path>s3\S+)", re.DOTALL
)


def is_denied(error: ClientError) -> bool:
    """Say whether the error is a refusal: a missing permission, or a session that has ended."""
    return error.response["Error"]["Code"] in _CODES


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Raise a refusal of S3 inside the context as a failure that names the path.

    Raises:
        QueryFailedError: S3 refused.
    """
    with _named(f"Permission denied on S3 path: {path}"):
        yield


@contextmanager
def writing_output(path: str) -> Iterator[None]:
    """Raise a refusal of S3 for the result object of a query.

    Raises:
        QueryFailedError: S3 refused.
    """
    with _named(
        f"Access denied when writing output to url: {path} . Please ensure you are allowed to access the S3 bucket."
    ):
        yield


@contextmanager
def _named(message: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if not is_denied(error):
            raise
        detail = error.response["Error"].get("Message", "")
        raise QueryFailedError(NAME, f"{message} ({error.operation_name}: {detail})") from error


def by_catalog(error: ClientError) -> QueryFailedError:
    """Return the failure of a query whose caller may not use the catalog as the query needs it."""
    return QueryFailedError(
        NAME, f"Insufficient permissions to execute the query. {error.response['Error'].get('Message', '')}"
    )


def by_file_system(error: OSError) -> QueryFailedError | None:
    """Return the failure that Arrow's S3 file system met under an Iceberg table. None when it is no refusal."""
    found = _BY_ARROW.search(str(error))
    if found is None:
        return None
    path = found["path"] or f"s3://{found['bucket']}/{found['key']}"
    return QueryFailedError(NAME, f"Permission denied on S3 path: {path}")
