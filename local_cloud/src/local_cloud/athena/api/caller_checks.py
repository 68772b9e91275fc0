"""Check what a call of Athena's API itself, before any query, needs of its caller's permissions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from local_cloud.athena.account.workgroups import invalid
from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.denials import is_denied
from local_cloud.athena.statement.locations import split_location
from local_cloud.wire import ServiceError


def require_bucket(caller: Caller, location: str) -> None:
    """Refuse a query whose caller may not ask where the bucket of its results is.

    Raises:
        ServiceError: as Athena says it.
    """
    if caller.is_administrator:
        return
    bucket, _ = split_location(location)
    try:
        caller.clients.client("s3").get_bucket_location(Bucket=bucket)
    except ClientError as error:
        detail = error.response["Error"].get("Message", "")
        raise invalid(f"Unable to verify/create output bucket {bucket}. {detail}") from error


@contextmanager
def metadata_of(caller: Caller) -> Iterator[Catalog]:
    """Give the catalog as the caller may see it.

    Raises:
        ServiceError: Glue refused, in Glue's words.
    """
    try:
        yield caller.catalog
    except ClientError as error:
        if not is_denied(error):
            raise
        raise ServiceError("MetadataException", error.response["Error"].get("Message", "")) from error
