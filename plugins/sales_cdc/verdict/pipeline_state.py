"""Turn what AWS says of each hop into its state: whether it moves, how much, how late, and what stops it. Pure.

The states: an ``ok`` hop moves, an ``idle`` hop is ready and has nothing to do, a ``warn`` hop moves but somebody should look at
it, a ``stopped`` hop does not move, a ``missing`` hop is not set up, an ``unknown`` hop could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sales_cdc.verdict.expected_tables import gone, listed
from sales_cdc.verdict.hop import Hop, Seen, ago
from sales_cdc.verdict.remedies import BATCH, REDRIVE, SET_UP
from sales_cdc.verdict.words import MANY

LATE_SECONDS, STUCK_SECONDS = 180.0, 900.0


def hops_of(seen: Seen) -> list[Hop]:
    """Return the hops in their order, from the table to Athena.

    Example::

        hops_of(Seen(observation, raw, failed, interval_seconds=60))[0].state
    """
    builders = (_table, _pipe, _stream, _delivery, _raw, _crawler, _job, _athena)
    return [builder(seen) for builder in builders]


def _described(seen: Seen, name: str, hop: Hop, describe: Callable[[Mapping[str, Any]], None]) -> Hop:
    """Let ``describe`` read the hop's answer, or set the state that a refusal means."""
    answer = seen.answer(name)
    if answer.refusal == "missing":
        hop.stop("There is no such resource.", SET_UP, "missing")
    elif answer.refusal == "denied":
        hop.stop(answer.message, "Let the Airflow connection's role read it.", "unknown")
    elif answer.refusal:
        hop.stop(answer.message, answer.remedy, "unknown")
    else:
        describe(answer.description)
    return hop


def _table(seen: Seen) -> Hop:
    hop = Hop("table", f"{MANY.capitalize()} table", "DynamoDB")

    def describe(table: Mapping[str, Any]) -> None:
        hop.count, hop.unit = int(table.get("ItemCount", 0)), MANY
        hop.facts.append("DynamoDB counts about every six hours")
        stream = table.get("StreamSpecification", {})
        hop.facts.append(f"Stream: {stream.get('StreamViewType', 'off')}")
        if table.get("TableStatus") not in ("ACTIVE", "UPDATING"):
            hop.stop(f"The table is {table.get('TableStatus')}.", "Wait until it is ACTIVE, then run sales_cdc_setup.")
        elif not stream.get("StreamEnabled"):
            hop.stop("The table's stream is off: changes are not captured.", "Run sales_cdc_setup: it switches it on.")

    return _described(seen, "table", hop, describe)


def _pipe(seen: Seen) -> Hop:
    hop = Hop("pipe", "Pipe", "EventBridge Pipes")

    def describe(pipe: Mapping[str, Any]) -> None:
        state, why = pipe.get("CurrentState", ""), pipe.get("StateReason", "")
        hop.facts.append(f"State: {state}")
        if state not in ("RUNNING", "UPDATING", "STARTING", "CREATING"):
            again = "Run sales_cdc_setup: it starts the pipe, which goes on where it stopped."
            hop.stop(why or f"The pipe is {state}.", again)
        elif why and state == "RUNNING":
            hop.stop(why, "Fix what the reason names; the pipe tries again by itself.")
        _dead_letters(seen, hop)
        seen.count_by(hop, "piped")

    return _described(seen, "pipe", hop, describe)


def _dead_letters(seen: Seen, hop: Hop) -> None:
    queue = seen.answer("dead_letters")
    if queue.refusal:
        hop.facts.append("Dead letters: no queue" if queue.refusal == "missing" else f"Dead letters: {queue.message}")
        if hop.state == "ok":
            missing = "There is no dead-letter queue: the pipe keeps no record of what it gives up on."
            hop.stop(*((missing, SET_UP) if queue.refusal == "missing" else (queue.message, queue.remedy)), "warn")
        return
    waiting = int(queue.description.get("ApproximateNumberOfMessages", 0))
    hop.facts.append(f"Dead letters: {waiting:,}")
    if waiting and hop.state == "ok":
        hop.stop(f"The pipe gave up on records: {waiting:,} positions wait in the dead-letter queue.", REDRIVE, "warn")


def _stream(seen: Seen) -> Hop:
    hop = Hop("stream", "Change stream", "Kinesis", lag_means="Reader behind")

    def describe(stream: Mapping[str, Any]) -> None:
        shards = int(stream.get("OpenShardCount", 0))
        hop.facts.append(f"{shards} shard{'' if shards == 1 else 's'}")
        if stream.get("StreamStatus") not in ("ACTIVE", "UPDATING"):
            hop.stop(f"The stream is {stream.get('StreamStatus')}.", "Wait until it is ACTIVE.")
        age = seen.last("iterator_age")
        hop.lag_seconds = None if age is None else age / 1000
        _judge_lag(hop, "Firehose reads more slowly than changes arrive", "Look at Firehose and its transformer.")
        seen.count_by(hop, "streamed")

    return _described(seen, "stream", hop, describe)


def _delivery(seen: Seen) -> Hop:
    hop = Hop("delivery", "Delivery", "Firehose and Lambda", lag_means="Oldest not in S3")

    def describe(delivery: Mapping[str, Any]) -> None:
        status = delivery.get("DeliveryStreamStatus", "")
        hop.facts.append(f"State: {status}")
        failure = delivery.get("FailureDescription", {})
        if status != "ACTIVE":
            why = failure.get("Details") or f"The delivery stream is {status}."
            hop.stop(why, "Run sales_cdc_setup again; its error names what it lacks.")
        hop.lag_seconds = seen.last("freshness")
        _judge_lag(
            hop, "Firehose does not get records into S3", "Look at its error log and at the transformer's log.", seen
        )
        errors = int(seen.sum("transformer_errors"))
        hop.facts.append(f"Transformer errors: {errors:,}")
        if errors and hop.state == "ok":
            hop.stop(f"The transformer failed {errors:,} times in the last hour.", "Look at its log.", "warn")
        seen.count_by(hop, "delivered")

    return _described(seen, "delivery", hop, describe)


def _judge_lag(hop: Hop, what: str, remedy: str, seen: Seen | None = None) -> None:
    """Set the state by the lag; Firehose may hold back a record for its interval, so only an older record is late."""
    if hop.lag_seconds is None or hop.state != "ok":
        return
    late_seconds = hop.lag_seconds - (seen.interval_seconds if seen else 0)
    if late_seconds > LATE_SECONDS:
        state = "stopped" if late_seconds > STUCK_SECONDS else "warn"
        hop.stop(f"{what}: {hop.lag_seconds:,.0f} s behind.", remedy, state)


def _raw(seen: Seen) -> Hop:
    hop = Hop("raw", "Raw zone", "S3", lag_means="Newest object before")
    if seen.raw is None:
        missing = seen.answer("athena").refusal == "missing"
        hop.stop("The bucket could not be read.", SET_UP, "missing" if missing else "unknown")
        return hop
    seen.count_by(hop, "delivered")
    if seen.raw.objects:
        newest = seen.raw.objects[0]
        hop.lag_seconds = max(0.0, (seen.now - newest.at).total_seconds())
        hop.facts.append(f"Newest object: {newest.at:%Y-%m-%d %H:%M:%S} UTC")
    else:
        hop.facts.append("No object yet")
    failed = seen.failed
    if failed is None:
        hop.stop(
            "Whether records failed could not be read.", "Let the Airflow connection's role list errors/.", "unknown"
        )
    elif failed.objects:
        some = f"{len(failed.lines):,}{'' if failed.is_whole else ' or more'}"
        hop.stop(f"{some} records are under errors/ instead.", REDRIVE, "warn")
    return hop


def _crawler(seen: Seen) -> Hop:
    hop = Hop("crawler", "Crawler", "Glue", lag_means="Raw is ahead by")

    def describe(crawler: Mapping[str, Any]) -> None:
        last = crawler.get("LastCrawl") or {}
        if crawler.get("State") == "RUNNING":
            hop.facts.append("Crawling now")
        elif not last:
            hop.stop("", "Trigger sales_cdc_batch: it crawls, then checks.", "idle")
            hop.facts.append("Has not run yet")
        elif last.get("Status") != "SUCCEEDED":
            why = last.get("ErrorMessage") or f"The last crawl ended as {last.get('Status')}."
            hop.stop(why, "Fix what it names, then trigger sales_cdc_batch.")
        if started := last.get("StartTime"):
            hop.facts.append(f"Last crawl: {started:%Y-%m-%d %H:%M:%S} UTC")
            hop.unit = ago(seen.now - started)
            if seen.raw and seen.raw.objects:
                hop.lag_seconds = max(0.0, (seen.raw.objects[0].at - started).total_seconds())

    return _described(seen, "crawler", hop, describe)


def _job(seen: Seen) -> Hop:
    hop = Hop("job", "Curate job", "Glue Spark")

    def describe(job: Mapping[str, Any]) -> None:
        runs = job.get("runs", [])
        if not runs:
            hop.facts.append("Has not run yet")
            hop.stop("", "", "idle")
            return
        run = runs[0]
        state = run.get("JobRunState", "")
        seconds = run.get("ExecutionTime")
        hop.facts.append(f"Last run: {state}{f', {int(seconds):,} s' if seconds else ''}")
        if state in ("FAILED", "TIMEOUT", "ERROR", "EXPIRED"):
            why = run.get("ErrorMessage") or f"The last run ended as {state}."
            hop.stop(why, "Look at the run's log, fix what it names, then trigger sales_cdc_batch: nothing is lost.")
        if started := run.get("StartedOn"):
            hop.facts.append(f"Started: {started:%Y-%m-%d %H:%M:%S} UTC")
            hop.unit = ago(seen.now - started)

    return _described(seen, "job", hop, describe)


def _athena(seen: Seen) -> Hop:
    hop = Hop("athena", "Tables", "Athena")

    def describe(group: Mapping[str, Any]) -> None:
        catalog = seen.answer("tables")
        if catalog.refusal:
            hop.facts.append(f"Work group: {group.get('State', '')}")
            is_missing = catalog.refusal == "missing"
            why = (
                ("There is no such database.", SET_UP, "missing")
                if is_missing
                else (catalog.message, catalog.remedy, "unknown")
            )
            hop.stop(*why)
            return
        names = sorted(catalog.description.get("names", []))
        hop.count, hop.unit = len(names), "table" if len(names) == 1 else "tables and views"
        hop.facts.extend([f"Work group: {group.get('State', '')}", ", ".join(names) or "No table yet"])
        if group.get("State") == "DISABLED":
            hop.stop("The work group is disabled: no query runs.", "Enable it, or run sales_cdc_setup.")
        elif seen.has_report and (dropped := gone(names)):
            hop.stop(
                f"{listed(dropped)} {'is' if len(dropped) == 1 else 'are'} gone: somebody dropped what a batch had made.",
                BATCH,
            )
        elif not names:
            hop.state = "idle"

    return _described(seen, "athena", hop, describe)
