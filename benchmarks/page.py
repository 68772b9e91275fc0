"""Measure how long each tab of the page Sales CDC takes in a browser, over 1,000,000 changes and 10,000 runs.

The benchmark writes the changes as raw objects on a local cloud that was set up, and the Glue job curates them. It then asks and
reports the insights and writes ledger rows, as a batch does. It opens each tab in a Chromium with an empty cache, from an api-server
that was started for it: cold is the first opening, some seconds after the start; warm is the second. The clock runs from the
navigation until every answer is shown and every plot is sketched. plotly.js starts after that.

    python -m benchmarks.page http://127.0.0.1:4566
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import Browser, sync_playwright
from sales_cdc.aws.athena import Athena
from sales_cdc.aws.athena_sql import AthenaSqlHook
from sales_cdc.batch.report_document import Answer, batch_report
from sales_cdc.batch.statements import INSIGHTS
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.deployment.process import include_folder
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.generate.ledger import json_line
from sales_cdc.page.reader import DeploymentReader

from benchmarks import run_history
from benchmarks.order_history import DAY, LINES_PER_OBJECT, batched, history_lines
from tests.browser.api_server import api_server

CHANGES = 1_000_000
DAYS = CHANGES // DAY
PARTS = (
    "flow",
    "flow?range=month",
    "orders",
    "orders?state=deleted&page=2",
    "changes",
    "changes?range=week",
    "insights",
    "trust",
)
SEARCH = "orders?q=laptop"
LEDGER_RUNS = 20
INSIGHT_DAYS = 30
PATIENCE_SECONDS = 900
AFTER_START_SECONDS = 5  # a login takes longer
LOGIN = {"username": "vera", "password": "lantern"}
SHOWN_SECONDS = """() => new Promise((resolve) => {
  const look = () => {
    const part = document.querySelector("main > section:not([hidden])");
    const isShown = part && part.querySelector(".card") && !document.querySelector("main > :not([hidden]) .skeleton")
      && [...part.querySelectorAll(".plot")].every((plot) => plot.querySelector(".main-svg, .sketch"));
    if (isShown) resolve(performance.now() / 1000);
    else requestAnimationFrame(look);
  };
  look();
})"""


def measure(endpoint: str) -> dict[str, float]:
    """Return the seconds of the slowest tab, cold and warm, and of a cold search."""
    Lake(endpoint).fill()
    cold, warm = {}, {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for part in (*PARTS, SEARCH):
            with fresh_server() as address:
                cold[part], warm[part] = _opened(browser, address, part)
            print(f"  {part}: cold {cold[part]:.2f} s, warm {warm[part]:.2f} s", flush=True)
        browser.close()
    return {
        "page_cold_seconds": max(cold[part] for part in PARTS),
        "page_warm_seconds": max(warm[part] for part in PARTS),
        "page_search_seconds": cold[SEARCH],
    }


class Lake:
    """The deployment's bucket and tables, filled in the way its DAGs fill them."""

    def __init__(self, endpoint: str) -> None:
        place = {"endpoint_url": endpoint, "region_name": "us-east-1"}
        self._s3, self._glue, self._athena = (boto3.client(name, **place) for name in ("s3", "glue", "athena"))
        account = boto3.client("sts", **place).get_caller_identity()["Account"]
        self._topology = Topology(Settings.from_environment(), account)
        self._reader = DeploymentReader(self._topology.settings)

    def fill(self) -> None:
        self._put_raw()
        self._curate()
        self._record_runs()
        self._report()

    def _put_raw(self) -> None:
        first_day = datetime.now(UTC).replace(microsecond=0) - timedelta(days=DAYS)
        folder = f"{bucket_keys.RAW_PREFIX}dt={first_day:%Y-%m-%d}/hr={first_day:%H}/"

        def put(numbered: tuple[int, list[str]]) -> None:
            number, lines = numbered
            self._put(f"{folder}bench-{number:06}.json", "".join(lines))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(put, enumerate(batched(history_lines(CHANGES, first_day), LINES_PER_OBJECT))))

    def _curate(self) -> None:
        """Run the deployed job in the way the batch runs it."""
        arguments = {"--ledger_key": f"{bucket_keys.CURATE_RUNS}bench.json", "--maintain": "false"}
        name, began = self._topology.job.name, time.monotonic()
        run_id = self._glue.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]
        while (run := self._glue.get_job_run(JobName=name, RunId=run_id)["JobRun"])["JobRunState"] != "SUCCEEDED":
            if run["JobRunState"] in {"FAILED", "TIMEOUT", "STOPPED"} or time.monotonic() - began > PATIENCE_SECONDS:
                raise RuntimeError(f"job run {run_id} is {run['JobRunState']}: {run.get('ErrorMessage')}")
            time.sleep(1)

    def _record_runs(self) -> None:
        import jinja2

        statements = jinja2.Environment(loader=jinja2.FileSystemLoader(include_folder() / "sql"), autoescape=False)  # noqa: S701 (SQL)
        statements.globals.update(statement_names(declared_contract()))
        sql = AthenaSqlHook(
            database=self._topology.database.name,
            workgroup=self._topology.workgroup.name,
            render=lambda file, params: statements.get_template(file).render(params=params),
            connection={"aws_conn_id": self._topology.settings.aws_conn_id, "region_name": "us-east-1"},
        )
        sql.run("ledger/create.sql", bucket=self._topology.bucket.name)
        database = self._topology.database.name
        athena = Athena(self._athena, workgroup=self._topology.workgroup.name, database=database)
        run_history.leave(database, athena.run, self._put)
        for number in range(LEDGER_RUNS):
            at = datetime.now(UTC) - timedelta(days=LEDGER_RUNS - number)
            counts = dict.fromkeys(("written", "captured", "delivered", "curated"), DAY // 3) | {
                "failed": 0,
                "dropped": 0,
            }
            entries = [{"event_type": kind, **counts, "lags": ["1.5"] * 6} for kind in ("INSERT", "MODIFY", "REMOVE")]
            sql.run(
                "ledger/record_run.sql", run_id=f"bench-{number}", run_at=f"{at:%Y-%m-%d %H:%M:%S}", entries=entries
            )

    def _report(self) -> None:
        """Write what the tasks ``ask_insights`` and ``write_report`` write."""
        today = datetime.now(UTC).date()
        days = {"from_day": str(today - timedelta(days=INSIGHT_DAYS)), "until_day": str(today + timedelta(days=1))}
        asked = {name: self._reader.ask(f"insights/{name}.sql", days) for name in INSIGHTS}
        counts = dict.fromkeys(("INSERT", "MODIFY", "REMOVE"), CHANGES // 3)
        report = batch_report(
            run_id="bench",
            at=datetime.now(UTC).isoformat(),
            delivery={
                "awaited": counts, "delivered": counts, "failed": 0, "missing": 0, "duplicates_in_raw": 0,
                "lag_seconds": {"p50": 1, "p99": 2, "max": 3},
            },
            curated={"changes": CHANGES},
            checks={},
            answers=[Answer(name, name, rows.columns, rows.rows, rows.query) for name, rows in asked.items()],
            changed=Answer("changed_orders", "", [], []),
            quarantine=Answer("quarantined", "", [], []),
            reconciliation=None,
        )  # fmt: skip
        self._put(f"{bucket_keys.BATCH_RUNS}bench/report.json", json_line(report))

    def _put(self, key: str, text: str) -> None:
        self._s3.put_object(Bucket=self._topology.bucket.name, Key=key, Body=text.encode())


@contextmanager
def fresh_server() -> Iterator[str]:
    """Start the server of this environment's Airflow, with one administrator, and return its address."""
    with (
        tempfile.TemporaryDirectory(prefix="sales-cdc-page-") as folder,
        api_server(Path(folder), LOGIN["username"], "admin", LOGIN["password"]) as address,
    ):
        time.sleep(AFTER_START_SECONDS)
        yield address


def _opened(browser: Browser, address: str, part: str) -> tuple[float, float]:
    """Return the seconds until the tab is shown, the first time and the second.

    Raises:
        RuntimeError: the tab shows trouble instead.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "_token", "value": _token(address), "url": address}])
    seconds = []
    for _ in range(2):
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{address}/sales-cdc/#{part}", wait_until="commit")
        seconds.append(float(page.evaluate(SHOWN_SECONDS)))
        if told := page.locator("section:not([hidden]) .trouble:not(.empty)").all_inner_texts():
            raise RuntimeError(f"{part} shows {told}")
        page.close()
    context.close()
    return seconds[0], seconds[1]


def _token(address: str) -> str:
    asked = urllib.request.Request(  # noqa: S310 (our own server)
        f"{address}/auth/token", json.dumps(LOGIN).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        token: dict[str, Any] = json.load(answer)
    return str(token["access_token"])


def main() -> None:
    for name, value in measure(sys.argv[1]).items():
        print(f"{name}: {value:,.2f}")


if __name__ == "__main__":
    main()
