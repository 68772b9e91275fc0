"""``make verify-sql``: every statement of include/sql/, run by the local Athena and by a real Trino, with equal answers.

It needs a local cloud with the pipeline's tables in it (``make demo``) and Trino (``make trino``, which it starts). A statement that
reads is run by both: names, types and rows have to be the same, in any order. One that writes is run by the local Athena alone, on a
ledger of its own, and both read what it wrote. It ends with 1 when an answer differs.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import jinja2
from airflow.sdk.execution_time import macros
from botocore.exceptions import BotoCoreError, ClientError
from sales_cdc.aws.athena import Athena, Policy, QueryFailedError
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

from tools.trino_server import TrinoError, ask, start

SQL = Path(__file__).resolve().parents[1] / "include" / "sql"
CONTRACT = declared_contract()
NAMES = statement_names(CONTRACT)
ORDER_LISTS = ("page/orders_listed.sql", "page/orders_changed.sql")
VIEWS = {"views/orders.sql": NAMES["tables"].view, "views/orders_history.sql": NAMES["tables"].history}
SCRATCH = "verified_sql"
WRITING = (
    "ledger/create.sql",
    "ledger/expire.sql",
    "ledger/forget_run.sql",
    "ledger/pack.sql",
    "ledger/record_run.sql",
    "reconcile/lists.sql",
)
LISTS = CONTRACT.table("compared")
RUN = "a run's id"
ENTRY = {"event_type": "INSERT", "written": 3, "captured": 3, "delivered": 3, "failed": 0, "dropped": 0, "curated": 3}


@dataclass(frozen=True)
class Case:
    """One statement as it is sent: its file, its text, and the values of its question marks."""

    name: str
    sql: str
    values: tuple[str, ...] = ()

    @property
    def for_trino(self) -> str:
        if not self.values:
            return self.sql
        quoted = [literal(text) for text in (self.sql, *self.values)]
        return f"EXECUTE IMMEDIATE {quoted[0]} USING {', '.join(quoted[1:])}"


@dataclass(frozen=True)
class Answered:
    """Names, types without their precision, and the rows, each as often as it is there."""

    names: list[str]
    types: list[str]
    rows: Counter[tuple[Any, ...]]


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def plain_type(name: str) -> str:
    """Return the name of a type without what is in parentheses: ``decimal(12,2)`` is ``decimal``."""
    return re.sub(r"\(.*\)", "", name).replace("  ", " ").strip()


def plain_value(value: Any, kind: str) -> Any:
    """Return a value of either side so that equal ones are equal, whatever the number of zeros or the form of a number."""
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind in ("double", "real", "float"):
        return float(text)
    if kind in ("decimal", "bigint", "integer", "smallint", "tinyint"):
        return Decimal(text)
    if kind.startswith(("timestamp", "time")):
        return re.sub(r"\.?0+(?=$| )", "", text) if "." in text else text
    return text


def answered(names: list[str], types: list[str], rows: list[list[Any]]) -> Answered:
    """Make an answer that can be compared."""
    kinds = [plain_type(one) for one in types]
    return Answered(
        [name.lower() for name in names],
        kinds,
        Counter(tuple(plain_value(value, kind) for value, kind in zip(row, kinds, strict=True)) for row in rows),
    )


def difference(ours: Answered, theirs: Answered) -> str | None:
    """Return in which way two answers differ; None when they are the same."""
    for what, one, other in (("names", ours.names, theirs.names), ("types", ours.types, theirs.types)):
        if one != other:
            return f"{what}: {one} here, {other} in Trino"
    missing, extra = theirs.rows - ours.rows, ours.rows - theirs.rows
    if missing or extra:
        return f"rows: {dict(list(extra.items())[:3])} only here, {dict(list(missing.items())[:3])} only in Trino"
    return None


def context_of(order: tuple[str, ...], topology: Topology) -> dict[str, Any]:
    """Return what every file of ``include/sql/`` is rendered with; ``order`` is the key of one that exists."""
    now = datetime.now(UTC)
    day = lambda days: f"{now + timedelta(days=days):%Y-%m-%d}"  # noqa: E731
    none = tuple("it's none" for _ in order)
    keys = [order[0], none[0]] if len(order) == 1 else [order, none]
    params = {
        "database": topology.database.name, "bucket": topology.bucket.name, "delivery": topology.delivery.name,
        "probe": CONTRACT.probe_pattern,
        "from_day": day(-30), "until_day": day(1), "from_time": f"{day(-30)} 00:00:00", "since": f"{day(-30)} 00:00:00", "unit": "hour",
        "from_object": f"{bucket_keys.RAW_PREFIX}dt={day(-30)}",
        "table": NAMES["tables"].changes, "rescued_share": 0.0, "give_up_changes": False, "columns": [field.column for field in CONTRACT.fields], "order_ids": keys,
        "hours_by_day": [(day(0), ["00", "12"]), (day(-1), ["23"])], "folder": "lists/",
        "source_stream": "source_stream", "run_id": RUN, "run_at": f"{day(0)} 00:00:00",
        "pieces": [1] * len(order), "until": 0, "until_time": f"{day(1)} 00:00:00", "skip": 0, "size": 50, "changes": NAMES["tables"].changes, "filters": {"text": 1, "state": "standing"},
        "entries": [{**ENTRY, "lags": ["0.5", None, "2", "3", "4", "5"]}],
    }  # fmt: skip
    results = {
        "await_curation": {
            "attributes": [], "changes": 1, "rescued": {"changes": 1},
            "time_travel": {"before": None, "columns_before": [], "after": None},
        },
        "wait_for_delivery": {"written": {"INSERT": 1, "MODIFY": 1, "REMOVE": 1}, "mended_until": None},
        "plan_drill": {"since": f"{day(-1)} 00:00:00"}, "plan_rebuild": {"has_changes": True, "has_streams": True},
        "verify_raw_table": None,
    }  # fmt: skip
    return {
        "params": params, **NAMES, "live": NAMES["tables"], "macros": macros, "dag_run": SimpleNamespace(start_date=now),
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: results[task_ids]),
    }  # fmt: skip


def render(name: str, context: dict[str, Any]) -> str:
    """Return the text of a file as Airflow would send it."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 (SQL)
    environment.filters["ds"] = lambda moment: f"{moment:%Y-%m-%d}"
    return environment.from_string((SQL / name).read_text()).render(context)


def cases(order: tuple[str, ...], topology: Topology) -> Iterator[Case]:
    """Yield every statement that reads; a view's file stands for the view that the batch has made of it."""
    context = context_of(order, topology)
    values = {
        **dict.fromkeys(ORDER_LISTS, ("laptop", *order) if NAMES["title"] else order),
        "page/order_versions.sql": order,
        "page/order_now.sql": order,
        "page/order_last_change.sql": order,
    }
    own = {"page/orders_listed.sql": {"table": NAMES["tables"].current}}
    for path in sorted(SQL.rglob("*.sql")):
        name = path.relative_to(SQL).as_posix()
        if name in VIEWS:
            yield Case(name, f"SELECT * FROM {topology.database.name}.{VIEWS[name]}")
        elif name not in WRITING:
            yield Case(name, _of(name, context, own.get(name, {})), values.get(name, ()))
            if "params.table" in path.read_text():
                raw = {"table": NAMES["tables"].raw, "changes": NAMES["tables"].raw}
                yield Case(f"{name} (raw)", _of(name, context, raw), values.get(name, ()))


def _of(name: str, context: dict[str, Any], params: dict[str, Any]) -> str:
    """Return a file's text with some parameters changed."""
    return render(name, {**context, "params": {**context["params"], **params}})


class LocalAthena:
    """Ask the local Athena in the pipeline's work group, as the pipeline does."""

    def __init__(self, settings: Settings, database: str) -> None:
        self._client = boto3.client("athena", region_name=settings.region, endpoint_url=settings.local_endpoint)
        policy = Policy(patience_seconds=300, max_pause_seconds=0.5)
        self._athena = Athena(self._client, workgroup=settings.prefix, database=database, policy=policy)

    def run(self, sql: str) -> None:
        """Carry out a statement.

        Raises:
            QueryFailedError: it failed.
        """
        self._athena.run(sql)

    def ask(self, case: Case) -> Answered:
        """Return the answer.

        Raises:
            QueryFailedError: the statement failed.
        """
        query = self._athena.start(case.sql, case.values)
        self._athena.wait(query)
        metadata = self._client.get_query_results(QueryExecutionId=query)["ResultSet"]["ResultSetMetadata"][
            "ColumnInfo"
        ]
        types = [column["Type"] for column in metadata]
        return answered([column["Name"] for column in metadata], types, self._athena.all_rows(query).rows)


def written(settings: Settings, topology: Topology, order: tuple[str, ...]) -> Iterator[Case]:
    """Let the local Athena write a ledger of its own by the files that write; yield what both then read; remove it.

    ``order`` is the key that stands on a list of compared keys.
    """
    context = context_of(("none",), topology)
    bucket, listing = f"{topology.bucket.name}/verified-sql", "lists/one/0-00000.jsonl"
    context["params"] |= {"database": SCRATCH, "bucket": bucket}
    athena = LocalAthena(settings, SCRATCH)
    athena.run(f"CREATE DATABASE IF NOT EXISTS {SCRATCH}")
    try:
        for name in ("ledger/create.sql", "ledger/record_run.sql"):
            athena.run(render(name, context))
        yield Case("ledger/create.sql, ledger/record_run.sql", f"SELECT * FROM {SCRATCH}.pipeline_ledger")
        for name in ("ledger/pack.sql", "ledger/expire.sql"):
            athena.run(render(name, context))
        yield Case("ledger/pack.sql, ledger/expire.sql", f"SELECT * FROM {SCRATCH}.pipeline_ledger")
        athena.run(render("ledger/forget_run.sql", context))
        yield Case("ledger/forget_run.sql", f"SELECT * FROM {SCRATCH}.pipeline_ledger")
        row = dict(zip((each.column for each in CONTRACT.key), order, strict=True)) | {NAMES["alias"]("list"): "one/0"}
        s3 = boto3.client("s3", region_name=settings.region, endpoint_url=settings.local_endpoint)
        s3.put_object(Bucket=topology.bucket.name, Key=f"verified-sql/{listing}", Body=json.dumps(row).encode())
        athena.run(render("reconcile/lists.sql", context))
        lists = {
            "compared": f"{SCRATCH}.{LISTS}",
            "asked": ["one/0"],
            "known": ["two/1"],
            "oldest": context["params"]["until_time"],
        }
        listed = _of("reconcile/fingerprints.sql", context, {**lists, "database": topology.database.name})
        yield Case("reconcile/lists.sql, reconcile/fingerprints.sql", listed)
        s3.delete_object(Bucket=topology.bucket.name, Key=f"verified-sql/{listing}")
    finally:
        athena.run(f"DROP TABLE IF EXISTS {SCRATCH}.{LISTS}")
        athena.run(f"DROP TABLE IF EXISTS {SCRATCH}.pipeline_ledger")
        athena.run(f"DROP DATABASE {SCRATCH}")


def verify(case: Case, athena: LocalAthena, schema: str) -> str | None:
    """Return how the two answers differ, or None; a refusal by either is a difference."""
    try:
        return difference(athena.ask(case), answered(*ask(case.for_trino, schema)))
    except QueryFailedError as error:
        return f"the local Athena did not carry it out: {error}"
    except TrinoError as error:
        return f"Trino did not carry it out: {error}"


def main() -> int:
    """Compare every statement, and say which differ."""
    settings = Settings.from_environment()
    checked = differing = 0
    try:
        start()
        sts = boto3.client("sts", region_name=settings.region, endpoint_url=settings.local_endpoint)
        topology = Topology(settings, sts.get_caller_identity()["Account"])
        database = topology.database.name
        athena = LocalAthena(settings, database)
        found = ask(f"SELECT {NAMES['key']} FROM {NAMES['tables'].current} ORDER BY 1 LIMIT 1", database)[2]
        if not found:
            raise TrinoError("The tables have no order yet: make demo fills them.")
        order = tuple(map(str, found[0]))
        for case in itertools.chain(cases(order, topology), written(settings, topology, order)):
            why = verify(case, athena, database)
            checked, differing = checked + 1, differing + (why is not None)
            print(f"{'equal  ' if why is None else 'DIFFERS'} {case.name}{f': {why}' if why else ''}", flush=True)
    except (TrinoError, ClientError, BotoCoreError) as error:
        print(f"The statements were not compared: {error}", file=sys.stderr)
        return 1
    print(f"{checked} statements, {differing} with another answer in Trino")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
