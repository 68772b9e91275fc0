"""Run queries on threads, and keep each one's state: QUEUED, RUNNING, then SUCCEEDED, FAILED or CANCELLED.

The state survives a restart.

Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html,
https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.athena.account.reuse import earlier_result
from local_cloud.athena.errors import SYSTEM, QueryCancelledError, QueryFailedError, not_supported
from local_cloud.athena.statement import denials
from local_cloud.athena.statement.query import Query
from local_cloud.store import Store
from local_cloud.wire import Json

logger = logging.getLogger("local_cloud")

CONCURRENT_QUERIES = 6
FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
KEPT_EXECUTIONS = 2000


class Executions:
    """Every query of the account, and the threads that run them."""

    def __init__(self, store: Store, run: Callable[[Query], None], reuse: Callable[[Query, Json], bool]) -> None:
        self._documents = store.collection("athena.executions")
        self._run, self._reuse = run, reuse
        self._lock = threading.Lock()
        self._running: dict[str, Query] = {}
        self._pool = ThreadPoolExecutor(CONCURRENT_QUERIES, thread_name_prefix="athena")

    def recover(self) -> None:
        """End what a crash left unfinished, and forget the oldest queries."""
        found = sorted(self._documents, key=lambda item: item[1]["Status"]["SubmissionDateTime"])
        for execution_id, _ in found[:-KEPT_EXECUTIONS]:
            self._documents.delete(execution_id)
        for _, document in found[-KEPT_EXECUTIONS:]:
            if document["Status"]["State"] not in FINAL:
                error = QueryFailedError(
                    "GENERIC_INTERNAL_ERROR", "The service ended while the query ran. Run it again.", category=SYSTEM
                )
                self._finish(document, "FAILED", error.message, error.athena_error() | {"Retryable": True})

    def submit(self, query: Query, document: Json) -> None:
        """Keep the QueryExecution document and run the query when a thread is free."""
        document["Status"] = {"State": "QUEUED", "SubmissionDateTime": _now()}
        self._documents.put(query.execution_id, document)
        with self._lock:
            self._running[query.execution_id] = query
        self._pool.submit(self._work, query, document)

    def get(self, execution_id: str) -> Json | None:
        return self._documents.get(execution_id)

    def ids(self, work_group: str) -> list[str]:
        """Return the ids of the work group's queries, newest first."""
        found = [
            (document["Status"]["SubmissionDateTime"], key)
            for key, document in self._documents
            if document["WorkGroup"] == work_group
        ]
        return [key for _, key in sorted(found, reverse=True)]

    def cancel(self, execution_id: str) -> None:
        """Ask a query to end; nothing happens when it has ended."""
        with self._lock:
            query = self._running.get(execution_id)
        if query is not None:
            query.cancellation.cancel("Query cancelled by user")

    def close(self) -> None:
        with self._lock:
            running = list(self._running.values())
        for query in running:
            query.cancellation.cancel("The service is stopping")
        self._pool.shutdown(wait=True, cancel_futures=True)
        for query in running:  # those that never began too
            query.cancellation.ended()

    def _work(self, query: Query, document: Json) -> None:
        started, reused = time.monotonic(), False
        try:
            query.cancellation.check()
            document["Status"]["State"] = "RUNNING"
            self._documents.put(query.execution_id, document)
            reused = self._served_again(query, document)
            if not reused:
                self._run(query)
            state, reason, error = "SUCCEEDED", None, None
        except QueryCancelledError as cancelled:
            state, reason, error = "CANCELLED", str(cancelled), None
        except Exception as raised:
            failure = _failure(raised)
            if query.cancellation.reason is not None:
                state, reason, error = "CANCELLED", query.cancellation.reason, None
            else:
                state, reason, error = "FAILED", failure.message, failure.athena_error()
        query.cancellation.ended()
        self._report(query, document, round((time.monotonic() - started) * 1000), reused=reused)
        self._finish(document, state, reason, error)
        with self._lock:
            self._running.pop(query.execution_id, None)

    def _served_again(self, query: Query, document: Json) -> bool:
        """Say whether an earlier query's result, which the client allows, has become this one's."""
        earlier = earlier_result(self._documents, document)
        return earlier is not None and self._reuse(query, earlier)

    @staticmethod
    def _report(query: Query, document: Json, milliseconds: int, *, reused: bool) -> None:
        if query.output_location:
            document["ResultConfiguration"]["OutputLocation"] = query.output_location
        submitted = float(document["Status"]["SubmissionDateTime"])
        queued = max(1, round((time.time() - submitted) * 1000) - milliseconds)  # AWS never shows 0
        document["Statistics"] = {
            "EngineExecutionTimeInMillis": milliseconds,
            "DataScannedInBytes": query.scanned_bytes,
            "TotalExecutionTimeInMillis": milliseconds + queued,
            "QueryQueueTimeInMillis": queued,
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": reused},
        }
        if query.manifest_location:
            document["Statistics"]["DataManifestLocation"] = query.manifest_location
        document["_ChangedRows"], document["_WrittenRows"] = query.changed_rows, query.written_rows

    def _finish(self, document: Json, state: str, reason: str | None, error: dict[str, Any] | None) -> None:
        document["Status"] |= {"State": state, "CompletionDateTime": _now()}
        if reason is not None:
            document["Status"]["StateChangeReason"] = reason
        if error is not None:
            document["Status"]["AthenaError"] = error
        self._documents.put(document["QueryExecutionId"], document)


def _failure(raised: Exception) -> QueryFailedError:
    """Return any exception as a failure in Athena's words. An unforeseen one is logged in full and shown without detail."""
    if isinstance(raised, QueryFailedError):
        return raised
    if isinstance(raised, ClientError):
        code, message = raised.response["Error"]["Code"], raised.response["Error"]["Message"]
        if denials.is_denied(raised):
            return denials.by_catalog(raised)
        return QueryFailedError("GENERIC_USER_ERROR", f"{raised.operation_name}: {code}: {message}")
    if isinstance(raised, OSError) and (denial := denials.by_file_system(raised)):
        return denial
    if isinstance(raised, RecursionError):
        return not_supported("A statement nested this deeply")
    logger.error("a query failed in a way that was not foreseen", exc_info=raised)
    kind = "the cloud's own services did not answer" if isinstance(raised, BotoCoreError) else type(raised).__name__
    return QueryFailedError(
        "GENERIC_INTERNAL_ERROR",
        f"The query could not be run ({kind}); the cloud's log has the details.",
        category=SYSTEM,
    )


def _now() -> float:
    return round(time.time(), 3)
