"""MERGE INTO, OPTIMIZE and VACUUM of Iceberg tables.

Sources: https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html,
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

from __future__ import annotations

import pytest
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenamerge")


def stock(athena: Athena, name: str, properties: str = "") -> None:
    athena.rows(
        f"CREATE TABLE {name} (id int, item string, price decimal(10,2)) LOCATION 's3://{athena.bucket}/{name}/' "
        f"TBLPROPERTIES ('table_type' = 'ICEBERG'{properties})"
    )
    athena.rows(f"INSERT INTO {name} VALUES (1, 'tea', 2.50), (2, 'jam', 3.00), (3, 'pie', 4.00)")


def test_merge_updates_deletes_and_inserts(athena: Athena) -> None:
    stock(athena, "stock")
    outcome = athena.run(
        "MERGE INTO stock t USING (VALUES (1, 'tea', DECIMAL '2.75'), (2, 'gone', NULL), (4, 'CASE', 9.00)) s(id, item, price) "
        "ON t.id = s.id "
        "WHEN MATCHED AND s.item = 'gone' THEN DELETE "
        'WHEN MATCHED THEN UPDATE SET"price" = s.price, item = CASE WHEN s.price > 2 THEN upper(s.item) ELSE t.item END '
        "WHEN NOT MATCHED AND s.id > 3 THEN INSERT (id, item) VALUES (s.id, concat(s.item, ', new'))"
    )
    assert outcome.state == "SUCCEEDED", outcome.reason
    assert athena.rows("SELECT * FROM stock ORDER BY id") == [
        ["1", "TEA", "2.75"],
        ["3", "pie", "4.00"],
        ["4", "CASE, new", None],
    ]
    assert outcome.execution["SubstatementType"] == "MERGE"


def test_merge_refuses_two_sources_for_one_row(athena: Athena) -> None:
    stock(athena, "twice")
    merge = "MERGE INTO twice USING (VALUES (1, 'a'), (1, 'b')) s(id, item) ON twice.id = s.id "
    outcome = athena.run(merge + "WHEN MATCHED THEN UPDATE SET item = s.item")
    assert outcome.reason.startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES")
    assert athena.run(merge + "WHEN MATCHED AND s.item = 'b' THEN UPDATE SET item = s.item").state == "SUCCEEDED"
    assert athena.rows("SELECT item FROM twice ORDER BY id") == [["b"], ["jam"], ["pie"]]
    for clause in ("WHEN MATCHED AND twice.id > 5 THEN DELETE", "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"):
        assert athena.run(merge + clause).reason.startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES")


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("WHEN MATCHED THEN UPDATE SET nope = 1", "COLUMN_NOT_FOUND: line 1:1: Merge column name does not exist in target table: nope"),
        ("WHEN NOT MATCHED THEN INSERT (nope) VALUES (1)", "COLUMN_NOT_FOUND: line 1:1: Merge column name does not exist in target table: nope"),
        ("WHEN MATCHED THEN UPDATE SET item = 'a', item = 'b'", "DUPLICATE_COLUMN_NAME: line 1:1: Merge column name is specified more than once: item"),
        ("WHEN NOT MATCHED THEN INSERT (id, id) VALUES (1, 2)", "DUPLICATE_COLUMN_NAME: line 1:1: Merge column name is specified more than once: id"),
        ("WHEN MATCHED THEN UPDATE SET id = 'x'", "TYPE_MISMATCH: line 1:1: MERGE table column types don't match for MERGE case 0, SET expressions: Table: ['integer'], Expressions: ['varchar(1)']"),
        ("WHEN MATCHED THEN UPDATE SET refused.item = 'q'", "SYNTAX_ERROR"),
        ("WHEN NOT MATCHED THEN INSERT (refused.id) VALUES (s.k)", "SYNTAX_ERROR"),
    ],
)  # fmt: skip
def test_a_merge_that_trino_refuses_changes_nothing(athena: Athena, clause: str, said: str) -> None:
    """As a real Trino 476 answered the same statements."""
    if ["refused"] not in athena.rows("SHOW TABLES"):
        stock(athena, "refused")
    outcome = athena.run(f"MERGE INTO refused USING (VALUES 1, 9) s(k) ON refused.id = s.k {clause}")
    assert outcome.reason.startswith(said)
    assert athena.rows("SELECT count(*), sum(id), max(item) FROM refused") == [["3", "6", "tea"]]


def test_optimize_keeps_the_rows_in_fewer_files(athena: Athena) -> None:
    stock(athena, "packed")
    athena.rows("INSERT INTO packed VALUES (4, 'oil', 5.00)")
    athena.rows("OPTIMIZE packed REWRITE DATA USING BIN_PACK")
    assert athena.rows('SELECT count(*) FROM "packed$files"') == [["1"]]
    operations = athena.rows('SELECT operation FROM "packed$snapshots" ORDER BY committed_at')
    assert operations == [["append"], ["append"], ["replace"]]
    assert athena.rows("SELECT count(*) FROM packed") == [["4"]]


def test_optimize_rewrites_the_files_that_hold_rows_of_the_partitions_alone(athena: Athena) -> None:
    """As AWS's page says: columns of partitions alone, and of each file that holds such a row every row."""
    athena.rows(
        f"CREATE TABLE parted (id int, kind string) PARTITIONED BY (kind) LOCATION 's3://{athena.bucket}/parted/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    for number, kind in enumerate(("a", "a", "b", "b"), 1):
        athena.rows(f"INSERT INTO parted VALUES ({number}, '{kind}')")
    athena.rows("OPTIMIZE parted REWRITE DATA USING BIN_PACK WHERE kind = 'a'")
    assert athena.rows('SELECT partition.kind, file_count FROM "parted$partitions" ORDER BY 1') == [
        ["a", "1"],
        ["b", "2"],
    ]
    assert athena.rows("SELECT id, kind FROM parted ORDER BY id") == [["1", "a"], ["2", "a"], ["3", "b"], ["4", "b"]]
    refused = athena.run("OPTIMIZE parted REWRITE DATA USING BIN_PACK WHERE kind = 'a' AND id = 1")
    assert refused.reason.startswith("NOT_SUPPORTED: line 1:1: OPTIMIZE can be limited by columns of partitions alone")
    assert athena.run("OPTIMIZE parted REWRITE DATA USING BIN_PACK WHERE kind =").state == "FAILED"


@pytest.mark.parametrize(
    ("name", "change", "operation"),
    [
        ("updated", "UPDATE {} SET item = 'new' WHERE id = 1", "overwrite"),
        ("deleted", "DELETE FROM {} WHERE id = 1", "delete"),
        ("emptied", "DELETE FROM {}", "delete"),
        ("merged", "MERGE INTO {} t USING (VALUES 1, 4) s(k) ON t.id = s.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.k)", "overwrite"),
        ("merged_new", "MERGE INTO {} t USING (VALUES 1, 4) s(k) ON t.id = s.k WHEN MATCHED AND t.id > 1 THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.k)", "overwrite"),
        ("merged_old", "MERGE INTO {} t USING (VALUES 1, 4) s(k) ON t.id = s.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED AND s.k > 4 THEN INSERT (id) VALUES (s.k)", "delete"),
        ("merged_same", "MERGE INTO {} t USING (VALUES 1, 4) s(k) ON t.id = s.k WHEN MATCHED THEN UPDATE SET item = 'x'", "overwrite"),
    ],
)  # fmt: skip
def test_a_change_is_one_snapshot(athena: Athena, name: str, change: str, operation: str) -> None:
    """As a real Trino 476 names it."""
    stock(athena, name)
    athena.rows(change.format(name))
    found = athena.rows(f'SELECT operation FROM "{name}$snapshots" ORDER BY committed_at')
    assert found == [["append"], [operation]]


def test_a_merge_that_only_inserts_keeps_the_files(athena: Athena) -> None:
    stock(athena, "kept")
    before = athena.rows('SELECT file_path FROM "kept$files"')
    athena.rows(
        "MERGE INTO kept t USING (VALUES 3, 4, 5) s(k) ON t.id = s.k WHEN NOT MATCHED THEN INSERT (id) VALUES (s.k)"
    )
    after = athena.rows('SELECT file_path FROM "kept$files"')
    assert before[0] in after
    assert len(after) == 2
    assert athena.rows("SELECT id, item FROM kept ORDER BY id") == [
        ["1", "tea"],
        ["2", "jam"],
        ["3", "pie"],
        ["4", None],
        ["5", None],
    ]


def test_vacuum_expires_snapshots_by_the_tables_properties(athena: Athena) -> None:
    stock(athena, "young")
    athena.rows("DELETE FROM young WHERE id = 1")
    athena.rows("VACUUM young")
    assert len(athena.rows('SELECT * FROM "young$snapshots"')) > 1
    stock(athena, "old", ", 'vacuum_max_snapshot_age_seconds' = '0'")
    athena.rows("DELETE FROM old WHERE id = 1")
    athena.rows("VACUUM old")
    assert len(athena.rows('SELECT * FROM "old$snapshots"')) == 1
    assert athena.rows("SELECT id FROM old ORDER BY id") == [["2"], ["3"]]
