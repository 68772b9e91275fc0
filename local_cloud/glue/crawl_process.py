"""One crawl in a process of its own, so that the services beside it keep their processor: ``python -m local_cloud.glue.crawl_process``.

Standard input: one line of JSON with the crawl's order, then nothing until the parent ends or stops the crawl by closing it.
Standard output: a line of JSON for every log message, and a last one with the result.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.clients import Clients
from local_cloud.glue.catalog_writer import CatalogError
from local_cloud.glue.crawl import CrawlError, crawl
from local_cloud.wire import ServiceError

STOPPED = 3


def main() -> None:
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    clients = Clients(order["endpoint"], order["region"])

    def say(message: dict[str, Any]) -> None:
        print(json.dumps(message), flush=True)

    try:
        result = crawl(
            order["crawler"], order["classifiers"], order["known_folders"], clients, lambda text: say({"log": text})
        )
    except (ClientError, BotoCoreError, CrawlError, CatalogError, ServiceError) as error:
        say({"error": describe(error)})
    else:
        say({"result": asdict(result)})


def describe(error: Exception) -> str:
    """The reason for people: which call was refused, and why."""
    if not isinstance(error, ClientError):
        return str(error)
    detail = error.response.get("Error", {})
    return f"{error.operation_name}: {detail.get('Message', '')} (Error Code: {detail.get('Code', 'Unknown')})"


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(STOPPED)


if __name__ == "__main__":
    main()
