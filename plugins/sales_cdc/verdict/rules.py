"""Find the open matters in what was read: one rule a kind, from the last run or not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sales_cdc.aws.errors import Kind
from sales_cdc.contract.rotation import OVERDUE, PARTS
from sales_cdc.verdict.coverage import coverage_of
from sales_cdc.verdict.evidence import Evidence
from sales_cdc.verdict.expected_tables import EXPECTED, gone, listed
from sales_cdc.verdict.hop import Hop
from sales_cdc.verdict.lake_reader import Report
from sales_cdc.verdict.matters import Level, Matter
from sales_cdc.verdict.remedies import BACKFILL, BATCH, RECONCILE, REDRIVE, REPAIR, SET_UP
from sales_cdc.verdict.words import MANY, counted, moment

STALE = timedelta(hours=36)  # the daily batch compares once a day
LOOKED_AT_FOR_LAG = ("stream", "delivery")
KEPT = ("table", "raw")  # may exist before setup, and stay after a teardown
SETUP_DAG, BATCH_DAG, REDRIVE_DAG, REPAIR_DAG, BACKFILL_DAG = (
    f"sales_cdc_{name}" for name in ("setup", "batch", "redrive", "repair", "backfill")
)
Rule = Callable[[Evidence], Iterable[Matter]]


def open_matters(evidence: Evidence) -> list[Matter]:
    """Return every open matter; among those of one level, the one to deal with first comes first."""
    found = [matter for rule in RULES for matter in rule(evidence)]
    return sorted(found, key=lambda matter: -matter.level)


def _unreachable(evidence: Evidence) -> Iterator[Matter]:
    known: set[str] = set()
    for name, refusal in evidence.unread.items():
        if refusal.kind == Kind.MISSING or refusal.message in known:
            continue  # one of the same words is enough
        known.add(refusal.message)
        title = "The cloud does not answer" if refusal.kind == Kind.UNREACHABLE else f"The {name} could not be read"
        yield Matter(f"unread-{name}", Level.UNKNOWN, title, refusal.message, refusal.remedy)


def _missing(evidence: Evidence) -> Iterator[Matter]:
    missing = [hop for hop in evidence.hops if hop.state == "missing"]
    if not missing and not evidence.absent:
        return
    if _is_absent(evidence):
        yield Matter(
            "setup", Level.UNKNOWN, "The pipeline is not set up here yet", "", SET_UP, SETUP_DAG, is_setup=True
        )
        return
    named = ", ".join([*(hop.title.lower() for hop in missing), *evidence.absent])
    reason = f"These parts do not exist: {named}. Setup did not finish, or somebody removed them."
    yield Matter("half-built", Level.BROKEN, f"Not all of the pipeline is there: {named}", reason, SET_UP, SETUP_DAG)


def _is_absent(evidence: Evidence) -> bool:
    """Return whether there is no pipeline: then its setup is all that is to be done, whatever its runs left in Airflow."""
    own = [hop.state for hop in evidence.hops if hop.id not in KEPT]
    return bool(own) and set(own) == {"missing"}


def _hops(evidence: Evidence) -> Iterator[Matter]:
    for hop in evidence.hops:
        name = hop.title.lower()
        if hop.id == "athena" and _dropped(evidence):
            continue  # has a matter of its own
        if hop.state == "stopped":
            yield _of_hop(hop, Level.BROKEN, f"The {name} has stopped")
        elif hop.state == "unknown":
            yield _of_hop(hop, Level.UNKNOWN, f"The {name} could not be read")
        elif hop.state == "warn" and hop.id in LOOKED_AT_FOR_LAG:
            yield _of_hop(hop, Level.OUTDATED, f"The {name} needs a look")


def _of_hop(hop: Hop, level: Level, title: str) -> Matter:
    return Matter(f"hop-{hop.id}", level, title, hop.reason, hop.remedy, _dag_in(hop.remedy))


def _dropped(evidence: Evidence) -> list[str]:
    """Return the tables that somebody dropped after a batch had made them."""
    return gone(evidence.tables) if evidence.batch is not None and evidence.tables is not None else []


def _dropped_tables(evidence: Evidence) -> Iterator[Matter]:
    dropped = _dropped(evidence)
    if evidence.batch is None or not dropped:
        return
    title = f"{listed(dropped)} {'is' if len(dropped) == 1 else 'are'} gone"
    reason = f"The batch {_run(evidence.batch)} left these in the database: {', '.join(EXPECTED)}. Somebody dropped {listed(dropped)} since."
    remedy = f"{BATCH} Its job and its crawl build them again from the objects under raw/; nothing is lost."
    yield Matter("dropped-tables", Level.BROKEN, title, reason, remedy, BATCH_DAG)


def _failed_batch(evidence: Evidence) -> Iterator[Matter]:
    runs = evidence.runs
    if runs is None or runs.failed_at is None or _is_absent(evidence):
        return
    tasks = (
        f"The run {runs.run_id} failed in {listed(runs.failed_tasks)}."
        if runs.failed_tasks
        else f"The run {runs.run_id} failed."
    )
    remedy = (
        "Read the failed task's log: its last line has the reason and what to do. Then trigger the DAG sales_cdc_batch."
    )
    yield Matter(
        "failed-batch", Level.BROKEN, "The last batch failed", tasks, remedy, BATCH_DAG, runs.failed_since, runs.failed_at, runs.link
    )  # fmt: skip


def _missing_changes(evidence: Evidence) -> Iterator[Matter]:
    account = evidence.account
    count = _count(account, "unaccounted")
    if account is None or not count:
        return
    were = "was" if count == 1 else "were"
    title = f"{counted(count, 'change')} that {were} written {were} found nowhere"
    reason = f"When the batch {_run(account)} counted, they were neither in raw/ nor under errors/ nor in the dead-letter queue."
    remedy = f"{BATCH} It counts them again: they may have been on their way. If they stay missing, trigger sales_cdc_reconcile, then sales_cdc_repair."
    since = _time(account.document.get("since")) or account.at
    yield Matter("missing-changes", Level.BROKEN, title, reason, remedy, BATCH_DAG, since, account.at)


def _failed_records(evidence: Evidence) -> Iterator[Matter]:
    failed = evidence.failed
    if failed is None or not failed.objects:
        return
    count, more = max(1, len(failed.lines)), "" if failed.is_whole else " or more"
    is_one = count == 1 and not more
    title = f"{count:,}{more} record{'' if is_one else 's'} failed and {'is' if is_one else 'are'} under errors/"
    reason = "They could not be transformed or delivered, so the tables lack them. The list of failed records has each one's reason."
    remedy = f"Mend what the reasons name, then trigger the DAG {REDRIVE_DAG}: it delivers them again."
    yield Matter(
        "failed-records", Level.BROKEN, title, reason, remedy, REDRIVE_DAG, failed.objects[-1].at, failed.objects[0].at
    )


def _dead_letters(evidence: Evidence) -> Iterator[Matter]:
    count = evidence.dead_letters
    if count:
        title = f"The pipe gave up on records: {counted(count, 'position')} in the dead-letter queue"
        reason = "The table's stream keeps a change for 24 hours; until then a redrive reads it from there."
        yield Matter("dead-letters", Level.BROKEN, title, reason, REDRIVE, REDRIVE_DAG)


def _differences(evidence: Evidence) -> Iterator[Matter]:
    report = evidence.reconciliation
    if report is None:
        return
    counts = {
        kind: _number(_mapping(report.document.get("counts")).get(kind)) for kind in ("missing", "extra", "stale")
    }
    differing = sum(counts.values())
    if report.document.get("awaits_backfill"):
        title = f"{counted(counts['missing'])} of the adopted table {'is' if differing == 1 else 'are'} not in the tables yet"
        reason = "What was in it before its stream emits no change until somebody changes it."
        yield Matter("differences", Level.BROKEN, title, reason, BACKFILL, BACKFILL_DAG, report.at, report.at)
    elif differing:
        named = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
        title = f"{counted(differing)} {'differs' if differing == 1 else 'differ'} between DynamoDB and the tables"
        yield Matter(
            "differences",
            Level.BROKEN,
            title,
            f"Of the comparison {_run(report)}: {named}.",
            REPAIR,
            REPAIR_DAG,
            report.at,
            report.at,
        )


def _rescued(evidence: Evidence) -> Iterator[Matter]:
    batch = evidence.batch
    rescued = _mapping(_mapping(batch.document.get("open")).get("rescued")) if batch else {}
    count = _number(rescued.get("orders"))
    if batch is None or not count:
        return
    title = f"{counted(count)} {'holds' if count == 1 else 'hold'} a value that does not fit its column"
    orders = ", ".join(str(each) for each in rescued.get("keys", [])[:5])
    reason = f"It is null in its column, and whole in rescued_data: sums and filters pass over it. The {MANY}: {orders}{', …' if count > 5 else ''}."
    remedy = "Mend the items in DynamoDB, or declare another type in the contract. If it may stay so, acknowledge it."
    since, newest = _time(rescued.get("since")), _time(rescued.get("newest"))
    yield Matter("rescued-values", Level.BROKEN, title, reason, remedy, "", since, newest or batch.at)


def _disabled_rule(evidence: Evidence) -> Iterator[Matter]:
    if any(hop.state == "missing" for hop in evidence.hops):
        return  # setup makes the rule with the rest
    state = evidence.rule.description.get("State")
    if evidence.event_driven and (state == "DISABLED" or evidence.rule.refusal == Kind.MISSING):
        seen = "is disabled" if state else "does not exist"
        reason = f"SALES_CDC_EVENT_DRIVEN is on, but the rule that sends notices of new objects {seen}."
        yield Matter(
            "disabled-rule",
            Level.OUTDATED,
            "Arrivals start no batch",
            reason,
            "Trigger the DAG sales_cdc_setup: it enables the rule.",
            SETUP_DAG,
        )


def _paused(evidence: Evidence) -> Iterator[Matter]:
    if evidence.runs is not None and evidence.runs.is_paused and evidence.batch is not None:
        reason = "The DAG sales_cdc_batch is paused: what changes now stays out of the tables until it runs."
        yield Matter(
            "paused-batch",
            Level.OUTDATED,
            "No batch runs by itself",
            reason,
            "Unpause the DAG sales_cdc_batch, or run it whenever you want newer tables.",
            BATCH_DAG,
        )


def _stale(evidence: Evidence) -> Iterator[Matter]:
    if evidence.batch is None or "reconciliation" in evidence.unread:
        return
    report = evidence.reconciliation
    if report is None:
        yield Matter(
            "stale-reconcile",
            Level.OUTDATED,
            "DynamoDB and the tables were never compared",
            "",
            RECONCILE,
            "sales_cdc_reconcile",
        )
    elif evidence.at - report.at > STALE:
        hours = int((evidence.at - report.at).total_seconds() // 3600)
        reason = f"The last comparison is {hours} hours old; the daily batch makes one a day."
        yield Matter(
            "stale-reconcile",
            Level.OUTDATED,
            "The last comparison is old",
            reason,
            RECONCILE,
            "sales_cdc_reconcile",
            report.at,
        )


def _overdue(evidence: Evidence) -> Iterator[Matter]:
    report = evidence.reconciliation
    coverage = coverage_of(report)
    if report is None or coverage is None or evidence.at - report.at > STALE:
        return  # an old comparison has a matter of its own
    overdue = {part: at for part, at in coverage.verified_at.items() if evidence.at - at > OVERDUE}
    if overdue:
        named = listed([f"part {part}, at {moment(at)}" for part, at in overdue.items()])
        title = f"Some {MANY} were not compared for more than seven days"
        reason = f"Of {PARTS} parts these were compared last: {named}."
        yield Matter(
            "overdue-parts", Level.OUTDATED, title, reason, RECONCILE, "sales_cdc_reconcile", min(overdue.values())
        )


RULES: tuple[Rule, ...] = (
    _unreachable, _missing, _hops, _dropped_tables, _failed_batch, _missing_changes, _failed_records, _dead_letters, _differences,
    _rescued, _disabled_rule, _paused, _stale, _overdue,
)  # fmt: skip


def _dag_in(remedy: str) -> str:
    return next((word.strip(".,:;") for word in remedy.split() if word.startswith("sales_cdc_")), "")


def _run(report: Report) -> str:
    return str(report.document.get("run_id") or report.key)


def _count(report: Report | None, name: str) -> int:
    return _number(report.document.get(name)) if report else 0


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
