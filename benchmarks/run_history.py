"""Leave the traces of 10,000 batch runs, as ten years of daily batches or a day of arrivals would.

Airflow's database has the runs, ``pipeline_ledger`` their rows and the bucket their accounts and reports.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from airflow import settings
from airflow.models import import_all_models
from sales_cdc.contract import bucket_keys
from sales_cdc.generate.ledger import json_line

from tests.unit.page.test_airflow_runs import Database

RUNS = 10_000
LEDGER_ROWS = """
INSERT INTO {database}.pipeline_ledger
SELECT
    concat('old-', CAST(number AS varchar)),
    CAST(current_timestamp AS timestamp) - number * INTERVAL '30' MINUTE,
    kind,
    100, 100, 100, 0, 0, 100,
    1.5e0, 3.0e0, 6.0e0, 60.0e0, 90.0e0, 120.0e0
FROM UNNEST(sequence(1, {runs})) AS runs (number)
CROSS JOIN (VALUES 'INSERT', 'MODIFY', 'REMOVE') AS kinds (kind)
"""


class AirflowTables(Database):
    """The tables of this environment's Airflow."""

    def __init__(self) -> None:
        import_all_models()
        self.engine, self.statements = settings.get_engine(), []


def leave(database: str, sql: Callable[[str], object], put: Callable[[str, str], None]) -> None:
    """Leave the runs in all three places.

    Args:
        database: that of the ledger's table.
        sql: carries out a statement in Athena.
        put: writes a text to a key of the bucket.
    """
    tables = AirflowTables()  # setup's run has left a row for each DAG there
    tables.runs("batch", *["success"] * RUNS)
    sql(LEDGER_ROWS.format(database=database, runs=RUNS))

    def documents(number: int) -> None:
        at = datetime.now(UTC) - timedelta(minutes=30 * number)
        run = f"scheduled__{at:%Y-%m-%dT%H:%M:%S}+00:00"
        for name in ("account", "report"):
            put(f"{bucket_keys.BATCH_RUNS}{run}/{name}.json", json_line({"run_id": run}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(documents, range(RUNS, 0, -1)))  # the newest last, as they were stored
