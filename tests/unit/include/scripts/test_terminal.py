"""The terminal: what a command refuses before it begins, the reason at the end, and that interrupting it ends everything."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import psutil
import pytest
from botocore.stub import Stubber
from sales_cdc.deployment.settings import Settings

from tests import shipped

SCRIPTS = shipped.ROOT / "include" / "scripts"
STARTED = "2026-11-30T04:35:56Z [info     ] Task started  [airflow.api] previous_state=queued"
FAILED = "2026-11-30T04:35:56Z [info     ] Task instance state updated [airflow.api] new_state=failed rows_affected=1"
RETRIED = FAILED.replace("failed", "up_for_retry")
CAUSED = """Traceback (most recent call last):
  File "x.py", line 1, in execute
sales_cdc.generate.workload.WorkloadError: Unknown Param insert in the run's configuration; known are deletes, inserts.
Start a new run with the right names.
The above exception was the direct cause of the following exception:
airflow.sdk.exceptions.AirflowFailException: Something else.
2026-11-30T04:35:56Z [info     ] ::endgroup::"""
THROTTLED = "sales_cdc.generate.change_writer.StalledError: The table throttles."
INVALID = "airflow.sdk.exceptions.ParamValidationError: Invalid input for param inserts: 'five' is not of type 'integer'\n\nFailed validating"


@pytest.fixture(autouse=True)
def neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts find one another as when they are run."""
    monkeypatch.syspath_prepend(str(SCRIPTS))


def script(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([STARTED, CAUSED, FAILED], "Unknown Param insert in the run's configuration; known are deletes, inserts. Start a new run with the right names."),
        ([STARTED, THROTTLED, RETRIED, STARTED, CAUSED, FAILED, "x.Y: later"], "Unknown Param insert in the run's configuration; known are deletes, inserts. Start a new run with the right names."),
        ([INVALID], "Invalid input for param inserts: 'five' is not of type 'integer'"),
        (["\x1b[31mairflow.exceptions.AirflowException: Red.\x1b[0m"], "Red."),
        (["DagRun failed"], ""),
    ],
)  # fmt: skip
def test_a_failed_runs_reason_is_the_first_error_of_the_task_that_failed_for_good(
    tmp_path: Path, lines: list[str], reason: str
) -> None:
    log = tmp_path / "run.log"
    log.write_text("\n".join(lines))
    assert script("command_log").reason_of(log) == reason


def test_the_reason_is_the_last_line_of_a_failed_step(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("\n".join([STARTED, CAUSED, FAILED, "DagRun failed"]))
    told = str(script("command_log").step_failed("sales_cdc_generate", 1, log))
    assert told.splitlines()[-1].startswith("Unknown Param insert")
    assert str(log) in told


@pytest.mark.parametrize("text", ["abc", "9", "1000001", "-5", "1e3", "２００００", "20 000"])
def test_a_drill_of_no_number_is_a_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drill = script("drill")
    monkeypatch.setenv("DRILL_CHANGES", text)
    monkeypatch.setattr(drill, "interrupt_on_sigterm", lambda: None)
    assert drill.main() == 1
    shown = capsys.readouterr().out
    assert "DRILL_CHANGES is" in shown
    assert "a whole number from 10 to 1,000,000" in " ".join(shown.split())


def test_a_drill_has_its_changes_from_the_environment() -> None:
    drill = script("drill")
    assert [drill.changes_wanted(text) for text in (None, "", "20000")] == [200_000, 200_000, 20_000]


@pytest.mark.parametrize(
    "given",
    [
        ["inserts=5", "updates=2"],
        ["--inserts=5", "--updates=2"],
        ['{"inserts": 5, "updates": 2}'],
        ['{"inserts":', "5,", '"updates":', "2}"],
    ],
)
def test_parameters_are_pairs_or_one_json_object(given: list[str]) -> None:
    assert script("run_dag").parameters("generate", given) == {"inserts": 5, "updates": 2}


@pytest.mark.parametrize("given", [["inserts"], ["{"], ["[1]"], ["=5"]])
def test_parameters_that_cannot_be_read_are_refused_before_anything_starts(
    given: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dag = script("run_dag")
    monkeypatch.setattr(run_dag, "interrupt_on_sigterm", lambda: None)
    monkeypatch.setattr(run_dag, "run", lambda *asked: pytest.fail("it ran"))
    assert run_dag.main(["generate", *given]) == 1
    assert "ARGS" in capsys.readouterr().err


def test_teardown_says_how_to_confirm_it() -> None:
    run_dag = script("run_dag")
    with pytest.raises(run_dag.StepFailedError, match=r"Nothing was removed: .* make teardown CONFIRM=sales-cdc"):
        run_dag.parameters("teardown", [])
    assert run_dag.parameters("teardown", [], "sales-cdc") == {"confirm": "sales-cdc"}
    with pytest.raises(run_dag.StepFailedError, match=r"Nothing was removed: CONFIRM is 'sales', and this deployment is 'sales-cdc'\. .* make teardown CONFIRM=sales-cdc"):  # fmt: skip
        run_dag.parameters("teardown", [], "sales")


@pytest.mark.parametrize(
    ("conf", "refused"),
    [
        ({"inserts": 6_000_000, "updates": 4_000_000}, r"10,000,000 changes cost about \$20\.\d\d on AWS, .* is 10\. .*CONFIRM_COST=21"),
        ({"inserts": 10_000_000, "confirm_cost_up_to_dollars": "19"}, "is 19"),
        ({"inserts": 5, "confirm_cost_up_to_dollars": "much"}, r"is 'much': it has to be an amount such as 5 or 12\.50"),
        ({"inserts": 999_999_999}, "inserts is 999,999,999: one run makes at most 10,000,000 changes of a kind"),
        ({"updates": -1}, "updates is -1"),
        ({"deletes": "five"}, "deletes is 'five': it has to be a whole number"),
    ],
)  # fmt: skip
def test_what_generate_would_refuse_is_refused_before_airflow_starts(conf: dict[str, Any], refused: str) -> None:
    run_dag = script("run_dag")
    with pytest.raises(run_dag.StepFailedError, match=refused):
        run_dag.require_plannable("generate", conf, Settings(target="local", region="us-east-1"))


@pytest.mark.parametrize("given", [["inserts=1", "confirm_cost_up_to_dollars=21"], ["inserts=1"]])
def test_a_cost_is_confirmed_by_a_param_or_by_a_variable(given: list[str]) -> None:
    run_dag = script("run_dag")
    conf = run_dag.parameters("generate", given, confirm_cost="" if len(given) == 2 else "21")
    assert conf == {"inserts": 1, "confirm_cost_up_to_dollars": "21"}
    many = {**conf, "inserts": 10_000_000}
    run_dag.require_plannable("generate", many, Settings(target="aws", region="us-east-1"))
    run_dag.require_plannable("generate", {"inserts": 1_000_000}, Settings(target="aws", region="us-east-1"))


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("DROP TABLE orders_current", "DROP"), ("  -- a comment\n/* and\none */ insert into t values (1)", "INSERT"), ("explain analyze delete from t", "DELETE"),
        ("EXPLAIN (TYPE IO) UPDATE t SET a = 1", "UPDATE"), ("((CREATE TABLE t AS SELECT 1))", "CREATE"), ("EXECUTE forget", "EXECUTE"), ("UNLOAD (SELECT 1) TO 's3://b/'", "UNLOAD"),
        ("MSCK REPAIR TABLE t", "MSCK"), ("SELECT 'DROP TABLE t'", ""), ("WITH drop_ AS (SELECT 1) SELECT * FROM drop_", ""), ("(SELECT 1)", ""), ("SHOW TABLES", ""), ("DESCRIBE orders", ""),
        ("VALUES 1", ""), ("EXPLAIN SELECT 1", ""), ("-- DROP TABLE t\nSELECT 1", ""), ("SHUTDOWN", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_statement_that_changes_something_is_known_by_its_first_word(sql: str, word: str) -> None:
    assert script("query").writing_word(sql) == word


@pytest.mark.parametrize("text", ["http", "0", "70000", "8080 "])
def test_a_port_that_is_none_is_a_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("ui")._port(text) is None
    assert "SALES_CDC_UI_PORT is" in capsys.readouterr().err


def test_a_taken_port_is_refused_before_the_database_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ui = script("ui")
    monkeypatch.setattr(signal, "signal", lambda *asked: None)
    monkeypatch.setattr(ui, "_taken", lambda port: True)
    monkeypatch.setattr(ui, "_make_database", lambda: pytest.fail("the database was made"))
    assert ui.main([]) == 1
    assert "is taken" in capsys.readouterr().err


def test_a_second_make_ui_names_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ui = script("ui")
    first = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "ui.py"])
    monkeypatch.setattr(signal, "signal", lambda *asked: None)
    monkeypatch.setattr(ui, "PID", tmp_path / "ui.pid")
    try:
        ui.PID.write_text(f"{first.pid} 8123")
        assert ui.main([]) == 1
        assert "runs already, at http://127.0.0.1:8123" in capsys.readouterr().err
        assert ui.main(["stop"]) == 0
        assert not psutil.pid_exists(first.pid)
        assert ui._running() == ""
    finally:
        first.kill()


@pytest.mark.parametrize(
    ("conf", "table", "said"),
    [
        ({}, None, "Every resource is there, and a probe order reached S3."),
        ({"plan_only": True}, None, "Nothing was changed: this run only planned."),
        ({}, "their-orders", "No probe order was sent, because the table 'their-orders' is yours"),
        ({"probe_adopted_table": True}, "their-orders", "a probe order reached S3."),
    ],
)
def test_setup_says_of_a_run_only_what_it_did(conf: dict[str, Any], table: str | None, said: str) -> None:
    ledger = SimpleNamespace(settings=SimpleNamespace(table=table))
    assert said in " ".join(script("run_dag").after_setup(ledger, conf))


@pytest.mark.parametrize("name", ["generate", "batch"])
def test_what_needs_the_pipeline_is_refused_where_there_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_dag = script("run_dag")
    place = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    clients = {service: boto3.client(service, **place) for service in ("s3", "sts")}
    monkeypatch.setattr(run_dag.boto3, "client", lambda service, **_: clients[service])
    settings = Settings.from_environment({"SALES_CDC_TARGET": "local"})
    for code in ("404", "403"):
        with Stubber(clients["sts"]) as sts, Stubber(clients["s3"]) as s3:
            sts.add_response("get_caller_identity", {"Account": "000000000000"})
            s3.add_client_error("head_bucket", code)
            if code == "403":
                run_dag.require_set_up(name, settings)
            else:
                with pytest.raises(run_dag.StepFailedError, match=r"not set up here yet, .* First: make setup"):
                    run_dag.require_set_up(name, settings)
    run_dag.require_set_up("setup", settings)


def test_the_pages_name_setup_first_only_where_nothing_is_set_up() -> None:
    said = script("ui").next_step
    assert "sales_cdc_setup first" in said(stands=False)
    assert "sales_cdc_setup" not in said(stands=True)


COMMAND = """
import sys
sys.path.insert(0, {scripts!r})
from command_log import interrupt_on_sigterm, run_logged
from pathlib import Path
interrupt_on_sigterm()
child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print('up', flush=True); time.sleep(600)"
try:
    run_logged([sys.executable, "-c", child], Path({log!r}))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs a child, which runs another."""
    log = tmp_path / "child.log"
    running = subprocess.Popen([sys.executable, "-c", COMMAND.format(scripts=str(SCRIPTS), log=str(log))])
    deadline = time.monotonic() + 60
    while not (log.exists() and "up" in log.read_text()):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield running
    if running.poll() is None:
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_command_and_all_that_it_started(
    command: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    started = psutil.Process(command.pid).children(recursive=True)
    assert len(started) == 2
    os.kill(command.pid, number)
    assert command.wait(timeout=30) == 130
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
