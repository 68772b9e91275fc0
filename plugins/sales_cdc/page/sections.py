"""What each part of the page shows, from what the reader reads. Bounded: a few calls, one statement, at most 999 rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.cost.forecast import SECONDS_PER_DAY, Usage, forecast, in_dollars
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.page import trust
from sales_cdc.page.bars import begin_of, summed
from sales_cdc.page.flow import flow_view
from sales_cdc.page.hops import Seen, by_minute
from sales_cdc.page.orders import moment, versions
from sales_cdc.page.reader import Reader
from sales_cdc.page.reads.lake_query import MAX_ROWS, SQL, Rows
from sales_cdc.page.reads.lake_reader import Report, Tail
from sales_cdc.page.trouble import SET_UP, NothingYetError

CURATED = "orders_changes"
RUN_BATCH = "Trigger the DAG sales_cdc_batch."
LIVE_CHANGES = 25
INSIGHT_DAYS = 30
FIRST_INSIGHT = "revenue_by_product_and_day"
RANGES = {  # name: how far back, and the unit of a bar
    "hour": (timedelta(hours=1), "minute"),
    "day": (timedelta(days=1), "hour"),
    "month": (timedelta(days=30), "day"),
}
BARS = ("inserts", "updates", "deletes")
COUNTED_BY_HOUR = "change_mix_by_hour"
REPORTS: dict[str, tuple[str, str, Callable[[Report], dict[str, Any]]]] = {  # where, the name's end, its view
    "batch": (bucket_keys.BATCH_RUNS, "/report.json", trust.batch_view),
    "reconciliation": (bucket_keys.RECONCILE_RUNS, ".json", trust.reconciliation_view),
    "drill": (bucket_keys.DRILL_RUNS, "/report.json", trust.drill_view),
    "repair": (bucket_keys.REPAIR_RUNS, ".json", trust.counts_view),
    "redrive": (bucket_keys.REDRIVE_RUNS, ".json", trust.counts_view),
}


def flow(reader: Reader, interval_seconds: int) -> dict[str, Any]:
    observation = reader.observe()
    raw, failed = _or_none(reader.newest_changes), _or_none(reader.failed_records)
    return flow_view(Seen(observation, raw, failed, interval_seconds))


def live(reader: Reader) -> dict[str, Any]:
    """The newest change events, straight from the raw objects: no query, no crawl needed."""
    tail = reader.newest_changes()
    series = reader.observe().series
    events = [
        {
            "orderid": str(line["orderID"]),
            "event_type": str(line["event_type"]),
            "product_name": line.get("product_name"),
            "quantity": line.get("quantity"),
            "price": text_of(line.get("price")),
            "at": moment(str(line.get("creation_time", ""))),
            "stored_at": stored.at.isoformat(),
        }
        for line, stored in tail.lines
        if "orderID" in line and "event_type" in line and "probe" not in str(line["orderID"])
    ]
    return {
        "events": events[:LIVE_CHANGES],
        "minutes": by_minute(list(series.get("piped", [])), reader.now()),
        "until": reader.now().isoformat(),
    }


def changes(reader: Reader, span: str, *, anew: bool = False) -> dict[str, Any]:
    """Inserts, updates and deletes by minute, hour or day, from the unit in which the span begins.

    Hours and days are counted by each batch; its counts are shown unless they are asked for ``anew``.
    """
    back, unit = RANGES[span]
    since = begin_of(unit, reader.now() - back)
    told = {"unit": unit, "from": since.isoformat(), "until": reader.now().isoformat()}
    last = None if anew or unit == "minute" else _of_last_batch(reader, COUNTED_BY_HOUR)
    if last:
        return {**told, **last.as_json(), "table": CURATED, "bars": summed(last.rows.as_dicts(), unit, since)}
    table = _changes_table(reader)
    params = {
        "table": table, "unit": unit, "from_time": f"{since:%Y-%m-%d %H:%M:%S}", "from_day": f"{since:%Y-%m-%d}",
    }  # fmt: skip
    rows = reader.ask("page/changes_over_time.sql", params)
    bars = [
        {"at": moment(row["change_time"]), **{kind: int(row[kind] or 0) for kind in BARS}} for row in rows.as_dicts()
    ]
    return {**told, **Asked(rows).as_json(), "table": table, "bars": bars}


def found_orders(reader: Reader, asked: str) -> dict[str, Any]:
    table = _changes_table(reader)
    rows = reader.ask("page/orders_found.sql", {"table": table}, (asked, asked))
    orders = [{**row, "creation_time": moment(row["creation_time"])} for row in rows.as_dicts()]
    return {"asked": asked, "orders": orders, "table": table}


def order(reader: Reader, order_id: str) -> dict[str, Any]:
    table = _changes_table(reader)
    rows = reader.ask("page/order_versions.sql", {"table": table}, (order_id,))
    return {"orderid": order_id, "versions": versions(rows.as_dicts()), "table": table}


def insight_names() -> list[dict[str, str]]:
    """The insight files that this project has, each with the question that its first line asks."""
    return [
        {"name": path.stem, "question": path.read_text().splitlines()[0].removeprefix("-- ")}
        for path in sorted((SQL / "insights").glob("*.sql"), key=lambda path: (path.stem != FIRST_INSIGHT, path.stem))
    ]


def insight(reader: Reader, name: str, *, anew: bool = False) -> dict[str, Any]:
    """One insight's rows over thirty days: as the last batch asked it, or ``anew``, with today as the last day."""
    asked = (None if anew else _of_last_batch(reader, name)) or _asked_now(reader, name)
    rows = asked.rows
    return {
        "name": name,
        "columns": rows.columns,
        "types": rows.types,
        "rows": rows.rows,
        "sql": rows.sql,
        "scanned_bytes": rows.scanned_bytes,
        "is_cut": len(rows.rows) == MAX_ROWS,
        **asked.as_json(),
    }


@dataclass(frozen=True)
class Asked:
    """An answer of Athena; ``run_id`` is the batch that asked, "" when the page did."""

    rows: Rows
    run_id: str = ""

    def as_json(self) -> dict[str, Any]:
        at = self.rows.asked_at
        return {"asked_at": at.astimezone(UTC).isoformat() if at else None, "run_id": self.run_id}


def _asked_now(reader: Reader, name: str) -> Asked:
    if not {CURATED, "orders_current"} <= set(reader.tables()):
        raise NothingYetError("No curated tables yet", f"{RUN_BATCH} Its Glue job makes the tables that this asks.")
    return Asked(reader.ask(f"insights/{name}.sql", _days_until(reader.now().date())))


def _of_last_batch(reader: Reader, name: str) -> Asked | None:
    """What the last batch was answered; None when that cannot be had, or was asked over other days."""
    found = reader.newest_report(*REPORTS["batch"][:2])
    if found is None:
        return None
    execution, day = trust.query_of(found, name), found.at.date()
    choices = (_days_until(day), _days_until(day - timedelta(days=1)))  # a run may end on the day after it began
    rows = reader.answered(execution, f"insights/{name}.sql", choices) if execution else None
    return Asked(rows, trust.run_of(found)) if rows else None


def _days_until(day: date) -> dict[str, str]:
    return {"from_day": str(day - timedelta(days=INSIGHT_DAYS)), "until_day": str(day + timedelta(days=1))}


def report(reader: Reader, name: str) -> dict[str, Any]:
    """The newest report of one kind."""
    prefix, suffix, view = REPORTS[name]
    found = reader.newest_report(prefix, suffix)
    if found is None:
        raise NothingYetError(f"No {name} yet", f"Trigger the DAG sales_cdc_{_DAGS.get(name, name)}.")
    return view(found)


_DAGS = {"reconciliation": "reconcile"}


def failures(reader: Reader) -> dict[str, Any]:
    waiting = reader.observe().answers["dead_letters"].description.get("ApproximateNumberOfMessages", 0)
    return trust.failures_view(reader.failed_records(), int(waiting))


def ledger_runs(reader: Reader) -> dict[str, Any]:
    """Written and delivered by run, oldest first."""
    if "pipeline_ledger" not in reader.tables():
        raise NothingYetError("No ledger table yet", f"{RUN_BATCH} It keeps a line for each run.")
    rows = reader.ask("page/ledger_runs.sql", {}).as_dicts()
    return {"runs": [{**row, "run_at": moment(row["run_at"])} for row in reversed(rows)]}


def cost(reader: Reader, settings: Settings) -> dict[str, Any]:
    """What the pipeline has cost at list prices, by service, since its stream was made; on a laptop: what it would have."""
    made_at = reader.observe().answers["stream"].description.get("StreamCreationTimestamp")
    if made_at is None:
        raise NothingYetError("No stream yet", SET_UP)
    table = _changes_table(reader)
    counted = reader.ask("page/changes_counted.sql", {"table": table}).as_dicts()[0]
    days = Decimal(max(1, int((reader.now() - made_at).total_seconds()))) / SECONDS_PER_DAY
    usage = Usage(
        int(counted["changes"] or 0),
        days=days,
        firehose_interval_seconds=max(1, settings.firehose_interval_seconds),
        firehose_size_mb=settings.firehose_size_mb,
    )
    estimate = forecast(usage, settings.region)
    return {
        "total": in_dollars(estimate.dollars),
        "changes": usage.changes,
        "since": made_at.isoformat(),
        "region": estimate.region,
        "is_local": settings.target == "local",
        "services": [
            {"service": name, "dollars": in_dollars(dollars), "amount": str(dollars)}
            for name, dollars in sorted(estimate.by_service().items(), key=lambda entry: -entry[1])
        ],
    }


def text_of(value: Any) -> str | None:
    """A number with the digits that it was written with."""
    if value is None:
        return None
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def is_order_id(text: str) -> bool:
    return bool(text) and len(text) <= 200 and re.fullmatch(r"[^\x00-\x1f\x7f]+", text) is not None


def _changes_table(reader: Reader) -> str:
    """The curated change log; before there is one, the crawled raw table."""
    names = reader.tables()
    for table in (CURATED, Topology.RAW_TABLE):
        if table in names:
            return table
    raise NothingYetError("No table yet", f"{RUN_BATCH} Its crawl makes the first table.")


def _or_none(read: Callable[[], Tail]) -> Tail | None:
    try:
        return read()
    except (ClientError, BotoCoreError):
        return None
