"""Read a deployment in each bad state that the verdict has to tell, on top of the canned figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.rotation import PARTS
from sales_cdc.verdict.evidence import BatchRuns
from sales_cdc.verdict.lake_reader import Report, Tail
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.observation import Answer, Observation

from tests.browser.canned import CURATED, NOW, CannedReader, failures

LINK = "/dags/sales_cdc_batch/runs/manual__1"


class StatefulReader(CannedReader):
    """Canned figures of a good deployment, in which one thing is changed."""

    def __init__(
        self,
        mood: str = "busy",
        *,
        answers: dict[str, Answer] | None = None,
        reports: Callable[[str, str, Report | None], Report | None] = lambda prefix, suffix, report: report,
        runs: BatchRuns | None = None,
        failed: Tail | None = None,
        refuses: bool = False,
        metrics: Answer | None = None,
    ) -> None:
        super().__init__(mood)
        self._answers, self._reports, self._failed, self._refuses = answers or {}, reports, failed, refuses
        self._runs = runs or BatchRuns(is_paused=False)
        self._metrics = metrics or Answer()
        self.kept: list[Acknowledgement] = []

    def observe(self) -> Observation:
        seen = super().observe()
        series = {} if self._metrics.refusal else seen.series
        return replace(seen, answers={**seen.answers, **self._answers}, series=series, metrics=self._metrics)

    def newest_report(self, prefix: str, suffix: str = ".json") -> Report | None:
        self._check()
        found = super().newest_report(prefix, suffix)
        if found and prefix == bucket_keys.RECONCILE_RUNS:
            found = replace(found, document={**found.document, "counts": {"missing": 0, "extra": 0, "stale": 0}})
        return self._reports(prefix, suffix, found)

    def failed_records(self, skip: int = 0) -> Tail:
        self._check()
        return self._failed or super().failed_records(skip)

    def newest_changes(self) -> Tail:
        self._check()
        return super().newest_changes()

    def batch_runs(self) -> BatchRuns | None:
        return self._runs

    def acknowledgements(self) -> list[Acknowledgement]:
        return list(self.kept)

    def acknowledge(self, found: Acknowledgement) -> None:
        self.kept.insert(0, found)

    def _check(self) -> None:
        if self._refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "may not s3:ListBucket"}}, "ListObjectsV2")


def changed(prefix: str, suffix: str, **values: Any) -> Callable[[str, str, Report | None], Report | None]:
    """Return what gives the newest report of one kind other values."""

    def change(asked: str, end: str, report: Report | None) -> Report | None:
        if (asked, end) != (prefix, suffix):
            return report
        return replace(report, document={**report.document, **values}) if report else None

    return change


def aged(back: timedelta) -> Callable[[str, str, Report | None], Report | None]:
    """Return what makes the newest comparison older."""

    def age(asked: str, end: str, report: Report | None) -> Report | None:
        return replace(report, at=report.at - back) if report and asked == bucket_keys.RECONCILE_RUNS else report

    return age


def covered(*days: float) -> dict[str, Any]:
    """Return the coverage of parts that were compared so many days ago; of the rest a day each, beginning with today."""
    ago = [*days, *range(PARTS - len(days))]
    return {
        "reads_all": False, "why": "", "parts": [2], "changed": 40, "open": 1,
        "verified_at": [(NOW - timedelta(days=past)).isoformat() for past in ago],
        "oldest": (NOW - timedelta(days=max(ago))).isoformat(),
    }  # fmt: skip


FAILED = BatchRuns(False, NOW, NOW - timedelta(hours=2), "manual__1", ["check_curated"], LINK)
STOPPED = {"CurrentState": "STOPPED", "DesiredState": "STOPPED", "StateReason": "User initiated"}
RESCUED = {
    "rescued": {
        "orders": 12,
        "keys": ["odd-1", "odd-2"],
        "since": "2026-11-20T08:00:00+00:00",
        "newest": "2026-11-24T08:00:00+00:00",
    }
}
DENIED = Answer(refusal="denied", message="may not pipes:DescribePipe", remedy="Let the caller's role do it.")
DIFFERS = {"missing": 1, "extra": 0, "stale": 2}
OLDER = {"missing": 3, "extra": 0, "stale": 0}
BATCH, RECONCILE = bucket_keys.BATCH_RUNS, bucket_keys.RECONCILE_RUNS

BAD_STATES: dict[str, tuple[Callable[[], StatefulReader], str, str, str]] = {
    # name: the reader, the verdict's state, what its sentence holds, what to do
    "failed batch": (lambda: StatefulReader(runs=FAILED), "untrustworthy", "the last batch failed", "sales_cdc_batch"),
    "paused DAG": (lambda: StatefulReader(runs=BatchRuns(is_paused=True)), "outdated", "no batch runs by itself", "Unpause"),
    "disabled rule": (lambda: StatefulReader(answers={"rule": Answer({"State": "DISABLED"})}), "outdated", "arrivals start no batch", "sales_cdc_setup"),
    "stopped pipe": (lambda: StatefulReader(answers={"pipe": Answer(STOPPED)}), "untrustworthy", "the pipe has stopped", "sales_cdc_setup"),
    "dropped table": (lambda: StatefulReader(answers={"tables": Answer({"names": [each for each in CURATED if each != "orders_current"]})}), "untrustworthy", "orders_current is gone", "sales_cdc_batch"),
    "failed records": (lambda: StatefulReader(failed=failures()), "untrustworthy", "3 records failed and are under errors/", "sales_cdc_redrive"),
    "dead letters": (lambda: StatefulReader(answers={"dead_letters": Answer({"ApproximateNumberOfMessages": "2"})}), "untrustworthy", "2 positions in the dead-letter queue", "sales_cdc_redrive"),
    "rescued values": (lambda: StatefulReader(reports=changed(BATCH, "/report.json", open=RESCUED)), "untrustworthy", "since 2026-11-20 08:00:00 UTC: 12 orders hold a value that does not fit", "acknowledge"),
    "missing changes": (lambda: StatefulReader(reports=changed(BATCH, "/account.json", unaccounted=4)), "untrustworthy", "4 changes that were written were found nowhere", "sales_cdc_batch"),
    "differences": (lambda: StatefulReader(reports=changed(RECONCILE, ".json", counts=DIFFERS)), "untrustworthy", "3 orders differ between DynamoDB and the tables", "sales_cdc_repair"),
    "older items": (lambda: StatefulReader(reports=changed(RECONCILE, ".json", counts=OLDER, awaits_backfill=True)), "untrustworthy", "3 orders of the adopted table are not in the tables yet", "sales_cdc_backfill"),
    "stale reconcile": (lambda: StatefulReader(reports=aged(timedelta(days=3))), "outdated", "the last comparison is old", "sales_cdc_reconcile"),
    "overdue part": (lambda: StatefulReader(reports=changed(RECONCILE, ".json", coverage=covered(8))), "outdated", "some orders were not compared for more than seven days", "sales_cdc_reconcile"),
    "cloud down": (lambda: StatefulReader("down"), "unknown", "the cloud does not answer", "make cloud"),
    "half-built": (lambda: StatefulReader(answers={"crawler": Answer(refusal="missing"), "job": Answer(refusal="missing")}), "untrustworthy", "not all of the pipeline is there: crawler, curate job", "sales_cdc_setup"),
    "denied": (lambda: StatefulReader(answers={"pipe": DENIED}), "unknown", "the pipe could not be read", "role"),
    "dropped database": (lambda: StatefulReader(answers={"tables": Answer(refusal="missing")}), "untrustworthy", "not all of the pipeline is there: tables", "sales_cdc_setup"),
    "no dead-letter queue": (lambda: StatefulReader(answers={"dead_letters": Answer(refusal="missing")}), "untrustworthy", "not all of the pipeline is there: dead-letter queue", "sales_cdc_setup"),
    "tables denied": (lambda: StatefulReader(answers={"tables": DENIED}), "unknown", "the tables could not be read", "role"),
    "queue denied": (lambda: StatefulReader(answers={"dead_letters": DENIED}), "unknown", "the dead-letter queue could not be read", "role"),
    "metrics denied": (lambda: StatefulReader(metrics=DENIED), "unknown", "the metrics could not be read", "role"),
    "bucket denied": (lambda: StatefulReader(refuses=True), "unknown", "could not be read", "role"),
    "not set up": (lambda: StatefulReader("missing"), "missing", "The pipeline is not set up here yet.", "sales_cdc_setup"),
    "empty": (lambda: StatefulReader("empty"), "empty", "Nothing to trust yet", "sales_cdc_generate"),
}  # fmt: skip
