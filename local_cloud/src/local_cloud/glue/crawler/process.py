"""Run crawls in a process of their own, so that they take no processor time from the services.

It is started as ``python -m local_cloud.glue.crawler.process``.

Standard input: a line of JSON for every order, one at a time; its end is the end of the process, even amid a crawl.
Standard output: a line of JSON for every log message of a crawl, and one with its result or error.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from dataclasses import asdict
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from local_cloud.clients import Clients
from local_cloud.glue.crawler.catalog_writer import CatalogError
from local_cloud.glue.crawler.crawl import Crawl, CrawlError
from local_cloud.glue.schemas.path_lists import CommaPath
from local_cloud.wire import ServiceError

ORPHANED = 3


def main() -> None:
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(orders,), daemon=True).start()
    while True:
        _say(_crawl(json.loads(orders.get())))


def _receive(orders: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(ORPHANED)


def _crawl(order: dict[str, Any]) -> dict[str, Any]:
    """Return the last message of an order. Its clients are its own, because the role may differ from the order before."""
    clients = Clients(order["endpoint"], order["region"])
    try:
        log = lambda text: _say({"log": text})  # noqa: E731
        crawl = Crawl(order["crawler"], order["classifiers"], clients, log, comma_path(order["endpoint"]))
        result = crawl.run(order["known_folders"], order["is_listed"])
    except (ClientError, BotoCoreError, CrawlError, CatalogError, ServiceError, HTTPError) as error:
        return {"error": describe(error)}
    return {"result": asdict(result)}


def comma_path(endpoint: str) -> CommaPath:
    """Return what the cloud's faults ask of a classifier whose path is a list of paths.

    Raises:
        urllib3.exceptions.HTTPError: the cloud does not answer.
    """
    plan = urllib3.request("GET", f"{endpoint}/_local_cloud/faults", retries=False).json()["plan"]
    return CommaPath(plan["comma_path"])


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def describe(error: Exception) -> str:
    """Return the reason in words: which call was refused, and why."""
    if not isinstance(error, ClientError):
        return str(error)
    detail = error.response.get("Error", {})
    return f"{error.operation_name}: {detail.get('Message', '')} (Error Code: {detail.get('Code', 'Unknown')})"


if __name__ == "__main__":
    main()
