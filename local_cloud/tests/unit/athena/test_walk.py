"""docs/how-a-statement-becomes-an-answer.md: the files that it names exist, and its example compiles as it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.sql.dialect import compile_query
from local_cloud.athena.sql.model import Session
from local_cloud.athena.sql.parsing.grammar import parse_query

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "how-a-statement-becomes-an-answer.md").read_text()
STATEMENT = "SELECT dt, avg(price) AS mean FROM orders WHERE dt >= '2026-11-30' GROUP BY dt"
ORDERS = {
    "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "price", "Type": "decimal(12,2)"}]},
    "PartitionKeys": [{"Name": "dt", "Type": "string"}],
}


class Catalog:
    def find_table(self, database: str, name: str) -> GlueTable:
        return GlueTable(database, name, ORDERS)


def test_every_file_that_the_page_names_exists() -> None:
    named = {name for name in re.findall(r"`([\w./]+(?:\.py|/))`", PAGE) if "/" in name or name.endswith(".py")}
    rooms = [PROJECT / "src" / "local_cloud" / "athena", PROJECT]
    rooms.append(rooms[0] / "sql" / "functions")
    assert len(named) > 30
    assert [name for name in sorted(named) if not any((room / name).exists() for room in rooms)] == []


def test_the_example_compiles_to_the_sql_that_the_page_shows() -> None:
    catalog: Any = Catalog()
    session = Session(STATEMENT, catalog, "shop", datetime.now(UTC))
    compiled = compile_query(session, parse_query(STATEMENT))
    page = " ".join(PAGE.split())
    assert STATEMENT in page
    assert compiled.sql in page
    assert f"`{session.scans[0].conditions[0].strip('()')}`" in page
    assert [f"{name} {kind}" for name, kind in compiled.columns] == ["dt varchar", "mean decimal(12,2)"]
