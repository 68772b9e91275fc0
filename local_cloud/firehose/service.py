"""Placeholder while the service is written."""

from __future__ import annotations

from local_cloud.services import Context
from local_cloud.wire import JsonService


class FirehoseService(JsonService):
    name = "firehose"

    def __init__(self, context: Context) -> None:
        self._context = context
