"""Count the requests that the clients of this process send, by service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.client import BaseClient

WAITING = ("GetJobRun", "GetCrawler", "GetQueryExecution")


@contextmanager
def counted_requests(services: Collection[str] = ("s3", "glue", "athena")) -> Iterator[Counter[str]]:
    """Count every request to these services; each page is one. Looks at what a task waits for are not counted: their number is time's."""
    counts: Counter[str] = Counter()
    call = BaseClient._make_api_call  # there is no public place where all clients meet

    def counting(client: BaseClient, name: str, arguments: dict[str, Any]) -> Any:
        if (service := client.meta.service_model.service_name) in services and not name.startswith(WAITING):
            counts[service] += 1
        return call(client, name, arguments)

    with mock.patch.object(BaseClient, "_make_api_call", counting):
        yield counts
