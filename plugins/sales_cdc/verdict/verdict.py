"""Turn what is open into one verdict: trustworthy or not, since when, why, and the one thing to do. Pure.

The page, the batch's report and the terminal all show this verdict. It follows from everything that is open, not from the last run: a
matter stays until it is mended, or until somebody acknowledges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sales_cdc.contract.declared import holds_orders
from sales_cdc.verdict.coverage import ReportedCoverage, coverage_of
from sales_cdc.verdict.evidence import Evidence
from sales_cdc.verdict.matters import Level, Matter, acknowledged, iso
from sales_cdc.verdict.remedies import BATCH
from sales_cdc.verdict.rules import BATCH_DAG, open_matters
from sales_cdc.verdict.words import MANY, ONE, counted, moment

State = Literal["trustworthy", "outdated", "untrustworthy", "unknown", "empty", "missing"]
STATES: dict[Level, State] = {Level.BROKEN: "untrustworthy", Level.UNKNOWN: "unknown", Level.OUTDATED: "outdated"}
BEGINNINGS: dict[State, str] = {
    "untrustworthy": "Not trustworthy",
    "unknown": "It cannot be said whether the tables can be trusted",
    "outdated": "Not up to date",
}


@dataclass(frozen=True)
class Verdict:
    """One verdict on the tables.

    ``as_of`` is the time of the last comparison that found no difference; None: there was none, or the last one found some.
    ``compared`` says which orders were compared when; "" when that is not known. ``sentence`` holds state, since when and why; ``remedy`` the one thing to do ("" when nothing is), ``dag`` the DAG that does it.
    """

    state: State
    sentence: str
    reason: str = ""
    remedy: str = ""
    dag: str = ""
    since: datetime | None = None
    as_of: datetime | None = None
    matters: Sequence[Matter] = ()
    compared: str = ""

    @property
    def is_trustworthy(self) -> bool | None:
        """Return None when it cannot be said, or when there is nothing to trust yet."""
        return {"trustworthy": True, "untrustworthy": False, "outdated": False}.get(self.state)

    def as_json(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "is_trustworthy": self.is_trustworthy,
            "sentence": self.sentence,
            "reason": self.reason,
            "remedy": self.remedy,
            "dag": self.dag,
            "since": iso(self.since),
            "as_of": iso(self.as_of),
            "matters": [matter.as_json() for matter in self.matters],
            "compared": self.compared,
        }


def verdict_on(evidence: Evidence) -> Verdict:
    """Return the verdict that follows from the evidence.

    Example::

        verdict_on(Evidence(datetime.now(UTC))).state  # "empty": no batch has run
    """
    coverage = coverage_of(evidence.reconciliation)
    return replace(_judged(evidence, coverage), compared=coverage.in_words() if coverage else "")


def _judged(evidence: Evidence, coverage: ReportedCoverage | None) -> Verdict:
    matters = acknowledged(open_matters(evidence), evidence.acknowledgements)
    as_of = _compared_at(evidence)
    first = next((matter for matter in matters if matter.acknowledged is None), None)
    if first is not None and (first.level > Level.OUTDATED or evidence.batch is not None):
        return _of_matter(first, matters, as_of)
    if evidence.batch is None:
        sentence = "Nothing to trust yet: no batch has written its report."
        return Verdict("empty", sentence, "", _first_step(evidence), BATCH_DAG, matters=matters)
    compared = f"at {moment(as_of)} every {ONE} was the same in DynamoDB and in the tables"
    if coverage is not None and len(set(coverage.verified_at.values())) > 1:
        compared = f"every {ONE} was the same in DynamoDB and in the tables when it was last compared, at {moment(coverage.oldest)} or later"
    aside = _not_judged(evidence)
    rest = f"; {counted(len(matters), 'open matter')} acknowledged." if matters else ", and nothing is open."
    return Verdict("trustworthy", f"Trustworthy: {compared}{aside}{rest}", since=as_of, as_of=as_of, matters=matters)


def _not_judged(evidence: Evidence) -> str:
    """Say how many the last comparison did not judge, because they changed meanwhile; "" when it judged all."""
    count = evidence.reconciliation.document.get("in_flight") if evidence.reconciliation else 0
    if not isinstance(count, int) or not count:
        return ""
    return f", except {count:,} that changed meanwhile and {'is' if count == 1 else 'are'} compared next time"


def _of_matter(first: Matter, matters: Sequence[Matter], as_of: datetime | None) -> Verdict:
    state: State = "missing" if first.is_setup else STATES[first.level]
    what = first.title if first.title.startswith("DynamoDB") else f"{first.title[0].lower()}{first.title[1:]}"
    sentence = f"{first.title}." if state == "missing" else f"{_beginning(state, first, as_of)}: {what}."
    others = sum(matter.acknowledged is None for matter in matters) - 1
    if others:
        sentence += f" {others} more {'matter is' if others == 1 else 'matters are'} open."
    return Verdict(state, sentence, first.reason, first.remedy, first.dag, first.since, as_of, matters)


def _beginning(state: State, first: Matter, as_of: datetime | None) -> str:
    """Return state and since when; tables that were right and that nobody brings up to date are not called outdated yet."""
    if state == "outdated" and first.since is None and as_of:
        return f"Right as of {moment(as_of)}, but not kept up to date"
    return f"{BEGINNINGS[state]}{f' since {moment(first.since)}' if first.since else ''}"


def _compared_at(evidence: Evidence) -> datetime | None:
    report = evidence.reconciliation
    if report is None or any(report.document.get("counts", {}).values()):
        return None
    return report.at


def _first_step(evidence: Evidence) -> str:
    orders = next((hop.count for hop in evidence.hops if hop.id == "table"), None)
    if orders:
        return BATCH
    writes = "trigger the DAG sales_cdc_generate" if holds_orders() else "put an item into the table"
    return f"Write {MANY} first: {writes}, then trigger sales_cdc_batch."
