"""Find the earlier query whose result serves again, where the client allows that.

The text, its context, its parameters and the work group have to be the same, and the result young enough; whether the tables have
changed since is not asked.

Source: https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from local_cloud.wire import Json

NEVER = {"ResultReuseByAgeConfiguration": {"Enabled": False}}
DEFAULT_MINUTES = 60
_SAME = ("Query", "QueryExecutionContext", "WorkGroup", "ExecutionParameters", "SubstatementType")


def earlier_result(documents: Iterable[tuple[str, Json]], document: Json) -> Json | None:
    """Return the youngest query whose result may stand for the document's own; None when there is none."""
    allowed = document["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"]
    if not allowed.get("Enabled") or document["SubstatementType"] != "SELECT" or "ResultConfiguration" not in document:
        return None
    since = time.time() - 60 * float(allowed.get("MaxAgeInMinutes", DEFAULT_MINUTES))
    found = [
        other
        for _, other in documents
        if other["Status"]["State"] == "SUCCEEDED"
        and other["Status"]["CompletionDateTime"] >= since
        and "ResultConfiguration" in other
        and all(other.get(key) == document.get(key) for key in _SAME)
    ]
    return max(found, key=lambda other: float(other["Status"]["CompletionDateTime"]), default=None)
