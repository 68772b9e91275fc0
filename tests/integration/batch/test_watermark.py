"""Test who moves the watermark, which notes a gate closes, and what a run is told in every state of the watermark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from sales_cdc.batch.operators.ask_insights import ReportQuestionsOperator
from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.gate import GateOperator
from sales_cdc.batch.sensors.query_result import CheckFailedError
from sales_cdc.batch.statements import Check
from sales_cdc.batch.watermark_ledger import WatermarkHook, note_of_late_object
from sales_cdc.contract import bucket_keys

pytestmark = pytest.mark.integration
RUN = "manual__1"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
MARK = {"hour": [f"{YESTERDAY:%Y-%m-%d}", "10"], "stored_at": YESTERDAY.isoformat(), "days": [], "lake": "lake-1"}
CHANGED = {"since": MARK["hour"], "hours": [], "days": [], "without_insert": []}
ROW, NONE = "SELECT 'order-7' AS orderid", "SELECT 'order-7' AS orderid WHERE false"


@dataclass
class Ledger:
    """A bucket with a ledger, and a gate over it whose only check is a statement."""

    cloud: Any
    name: str
    xcoms: dict[str, Any] = field(default_factory=dict)

    @property
    def hook(self) -> WatermarkHook:
        return WatermarkHook(bucket=self.name)

    def put(self, key: str, body: str) -> None:
        self.cloud.client("s3").put_object(Bucket=self.name, Key=key, Body=body.encode())

    def note(self, name: str, **document: Any) -> str:
        key = f"{bucket_keys.UNCHECKED}{name}.json"
        self.put(key, json.dumps({"hours": [], "days": [], "finished": True} | document))
        return key

    def keys(self) -> set[str]:
        return {note.key for note in self.hook.notes()}

    def gate(self, statement: str) -> Any:
        gate = GateOperator(
            task_id="gate", bucket=self.name, folder="checks", checks={"one": Check("wrong rows", "mend <orders>")},
            workgroup=self.name, database=self.name, poll_interval=0.05,
        )  # fmt: skip
        files = jinja2.Environment(loader=jinja2.DictLoader({"checks/one.sql": statement}))  # noqa: S701 (SQL)
        gate.get_template_env = lambda dag=None: files  # type: ignore[method-assign]
        instance = SimpleNamespace(xcom_pull=lambda task_ids: self.xcoms.get(task_ids))
        context = {"ti": instance, "run_id": RUN, "params": {"database": self.name}}
        gate.render_template_fields(context)
        return gate.execute(context)


@pytest.fixture
def ledger(cloud: Any, prefix: str) -> Iterator[Ledger]:
    cloud.client("s3").create_bucket(Bucket=prefix)
    cloud.client("glue").create_database(DatabaseInput={"Name": prefix})
    output = {"ResultConfiguration": {"OutputLocation": f"s3://{prefix}/results/"}}
    cloud.client("athena").create_work_group(Name=prefix, Configuration=output)
    return Ledger(cloud, prefix)


def test_a_gate_that_passes_moves_the_watermark_and_closes_what_all_its_checks_have_seen(ledger: Ledger) -> None:
    own, killed = ledger.note(f"{RUN}-a"), ledger.note(f"{RUN}-b", finished=False)
    before, beside, running = ledger.note("before"), ledger.note("beside"), ledger.note("running", finished=False)
    taken, untaken = ledger.note("late-1", late=True), ledger.note("late-2", late=True)
    ended = [note.key for note in ledger.hook.notes() if note.ended]
    assert set(ended) == {own, before, beside}
    ledger.xcoms = {
        "verify_raw_table": {"changed": CHANGED, "ended": [before]},
        "await_curation": {"changed": CHANGED, "ended": ended, "watermark": MARK, "notes": [taken]},
    }
    assert ledger.gate(NONE) == {"one": 0}
    moved = ledger.hook.watermark()
    assert moved is not None
    assert moved.document() == MARK
    assert ledger.keys() == {killed, beside, running, untaken}


def test_a_gate_that_fails_leaves_everything_to_the_next_one(ledger: Ledger) -> None:
    own = ledger.note(f"{RUN}-a")
    ledger.xcoms = {"await_curation": {"changed": CHANGED, "ended": [own], "watermark": MARK}}
    with pytest.raises(CheckFailedError, match="order-7"):
        ledger.gate(ROW)
    assert ledger.hook.watermark() is None
    assert ledger.keys() == {own}


def test_a_suspect_of_a_daily_check_counts_only_if_the_whole_tables_say_so_too(ledger: Ledger) -> None:
    ledger.xcoms = {"await_curation": {"changed": CHANGED}}
    suspects = "SELECT 'o''7' AS orderid WHERE {{ 'true' if params.changed is defined else \"'o''7' NOT IN (\" ~ params.orders ~ ')' }}"
    assert ledger.gate(suspects) == {"one": 0}
    with pytest.raises(CheckFailedError, match="o'7"):
        ledger.gate(
            "SELECT 'o''7' AS orderid WHERE {{ 'true' if params.changed is defined else \"'o''7' IN (\" ~ params.orders ~ ')' }}"
        )


@pytest.mark.parametrize("body", [None, "no JSON", "[]", json.dumps(MARK | {"hour": ["2999-01-01", "00"]}), json.dumps({**MARK, "stored_at": "2999-01-01T00:00:00+00:00"})])  # fmt: skip
def test_a_watermark_that_cannot_be_trusted_is_none(ledger: Ledger, body: str | None) -> None:
    if body is not None:
        ledger.put(bucket_keys.WATERMARK, body)
    assert ledger.hook.watermark() is None


def test_the_job_is_given_the_watermark_and_late_hours_and_in_an_audit_the_hours_alone(ledger: Ledger) -> None:
    ledger.put(bucket_keys.WATERMARK, json.dumps(MARK))
    key, late = note_of_late_object(f"{bucket_keys.RAW_PREFIX}dt=2026-01-31/hr=04/redrive-x.json")
    ledger.put(key, json.dumps(late))
    ledger.note("of a run", hours=[["2026-02-01", "00"]])
    given = [
        json.loads(CurateOperator(task_id=f"curate-{audit}", bucket=ledger.name, audit=audit, job_name="job")._watermark(ledger.name))
        for audit in ("false", "true")
    ]  # fmt: skip
    told = {"late": [["2026-01-31", "04"]], "notes": [key]}
    assert given == [MARK | told, told]


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"late": true, "hours": ["2026-01-31"]}'])
def test_a_note_that_cannot_be_read_has_the_job_list_all_and_stays_until_it_did(ledger: Ledger, body: str) -> None:
    """It may have named a late object, which only a run that lists all finds."""
    ledger.put(bucket_keys.WATERMARK, json.dumps(MARK))
    key = f"{bucket_keys.UNCHECKED}late-x.json"
    ledger.put(key, body)
    given = json.loads(CurateOperator(task_id="curate", bucket=ledger.name, job_name="job")._watermark(ledger.name))
    assert given == {"late": [], "notes": [key]}
    assert [note.ended for note in ledger.hook.notes()] == [False]


@pytest.mark.parametrize(
    "body", ["no JSON", "[]", "{}", '{"day": 1, "foreign": []}', '{"day": "2026-01-01", "foreign": [], "types": []}']
)
def test_a_check_of_the_raw_table_that_cannot_be_read_is_none(ledger: Ledger, body: str) -> None:
    ledger.put(bucket_keys.RAW_TABLE_CHECK, body)
    assert ledger.hook.raw_table_check() is None


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"one": 7}', '{"one": {"INSERT": "7"}}'])
def test_a_list_of_confirmed_runs_that_cannot_be_read_is_made_again(ledger: Ledger, body: str) -> None:
    written = {"INSERT": 7, "MODIFY": 0, "REMOVE": 0}
    for name in ("summary", "confirmed"):
        ledger.put(f"{bucket_keys.GENERATE_RUNS}one/{name}.json", json.dumps({"written": written}))
    ledger.put(bucket_keys.CONFIRMED_RUNS, body)
    assert ledger.hook.ever_written() == ({}, {"one": written})
    assert ledger.hook.document(bucket_keys.CONFIRMED_RUNS) == {"one": written}


DAY_TIME = "TIMESTAMP '2026-01-02 00:00:00'"
ONE_RESCUED = f"SELECT '{{}}' AS orderid, {DAY_TIME} AS creation_time, {{}} AS holds, 1 AS found, {DAY_TIME} AS since, {DAY_TIME} AS newest"
OF_ALL, OF_THE_DAY = ONE_RESCUED.format("of all", "true"), ONE_RESCUED.format("of the day", "true")
HELD = {"run_id": "before", "orders": {"held": "2026-01-01T00:00:00+00:00"}, "count": 1, "since": None, "newest": None}


@pytest.mark.parametrize(
    ("kept", "curated", "orders"),
    [
        (HELD, {"changed": CHANGED, "passed_by": "before", "watermark": MARK}, {"held", "of the day"}),
        (HELD, {"changed": None, "passed_by": "before", "watermark": MARK}, {"of all"}),  # an audit
        (HELD, {"changed": CHANGED, "passed_by": "another batch", "watermark": MARK}, {"of all"}),
        (None, {"changed": CHANGED, "passed_by": "before", "watermark": MARK}, {"of all"}),
        (HELD | {"count": 2}, {"changed": CHANGED, "passed_by": "before"}, {"of all"}),  # it does not name all
        (HELD, {"changed": CHANGED, "passed_by": "before", "crowded": True}, {"of all"}),
    ],
)
def test_rescued_orders_are_asked_of_the_day_where_the_ledger_knows_the_others(
    ledger: Ledger, kept: dict[str, Any] | None, curated: dict[str, Any], orders: set[str]
) -> None:
    if kept is not None:
        ledger.put(bucket_keys.RESCUED_ORDERS, json.dumps(kept))
    of_the_day = OF_THE_DAY.replace("1 AS found", "1200 AS found") if "crowded" in curated else OF_THE_DAY
    statement = f"{{% if params.holders is defined %}}{of_the_day}{{% else %}}{OF_ALL}{{% endif %}}"
    questions = ReportQuestionsOperator(
        task_id="ask", files=["report/rescued_orders.sql"], bucket=ledger.name, workgroup=ledger.name,
        database=ledger.name, poll_interval=0.05,
    )  # fmt: skip
    files = jinja2.Environment(loader=jinja2.DictLoader({"report/rescued_orders.sql": statement}))  # noqa: S701 (SQL)
    questions.get_template_env = lambda dag=None: files  # type: ignore[method-assign]
    context = {
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: curated), "run_id": RUN, "params": {"days": 30},
        "dag_run": SimpleNamespace(start_date=YESTERDAY),
    }  # fmt: skip
    questions.render_template_fields(context)
    questions.execute(context)
    found = ledger.hook.document(bucket_keys.RESCUED_ORDERS) or {}
    assert found["orders"].keys() == orders
    assert found["run_id"] == (RUN if "watermark" in curated else "before")
