"""Begin and end a job. There are no bookmarks outside Glue, so there is nothing to commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Job:
    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context
        self.job_name: str | None = None

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        self.job_name, self.args = job_name, dict(args or {})

    def commit(self) -> None:
        """Do nothing: Glue would keep the bookmark here."""
