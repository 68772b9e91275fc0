"""Cut the API's lists into pages."""

from __future__ import annotations

from typing import Any

from local_cloud.athena.account.workgroups import invalid
from local_cloud.wire import Json

MAX_ITEMS = 50


def page(items: list[Any], params: Json) -> tuple[list[Any], Json]:
    """Return one page of a list, and the token of the next when there is one.

    Raises:
        ServiceError: the token is not ours.
    """
    try:
        start = int(params.get("NextToken") or 0)
    except ValueError as error:
        raise invalid("NextToken is not one that this service gave.") from error
    end = start + min(params.get("MaxResults", MAX_ITEMS), MAX_ITEMS)
    return items[start:end], {"NextToken": str(end)} if end < len(items) else {}
