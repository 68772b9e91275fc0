"""ALTER TABLE, DESCRIBE, partitions and paths, of Iceberg tables and of others.

What AWS refuses and how DESCRIBE looks was measured against Athena: https://github.com/aoyagikouhei/athena-local/tree/main/docs
"""

from __future__ import annotations

import pytest
from tests.integration.athena.client import Athena, external

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenaaltered")


def iceberg(athena: Athena, name: str, columns: str, rest: str = "") -> None:
    place = f"LOCATION 's3://{athena.bucket}/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    athena.rows(f"CREATE TABLE {name} ({columns}) {rest} {place}")


def test_the_schema_of_an_iceberg_table_evolves(athena: Athena) -> None:
    """AWS: Evolve Iceberg table schema.

    Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
    """
    iceberg(athena, "evolved", "id int, price float, note string, gone string")
    athena.rows("INSERT INTO evolved VALUES (1, REAL '1.5', 'a', 'x')")
    athena.rows("ALTER TABLE evolved CHANGE COLUMN id number bigint COMMENT 'its number'")
    athena.rows("ALTER TABLE evolved CHANGE price price double AFTER note")
    athena.rows("ALTER TABLE evolved CHANGE COLUMN note note string FIRST")
    athena.rows("ALTER TABLE evolved DROP COLUMN gone")
    athena.rows("ALTER TABLE evolved ADD COLUMNS (more array<int> COMMENT 'later')")
    athena.rows("INSERT INTO evolved VALUES ('b', 5000000000, DOUBLE '2.5', ARRAY[1])")
    outcome = athena.run("SELECT * FROM evolved ORDER BY note")
    assert outcome.names == ["note", "number", "price", "more"]
    assert outcome.rows == [["a", "1", "1.5", None], ["b", "5000000000", "2.5", "[1]"]]
    described = [row[0] for row in athena.rows("DESCRIBE evolved")]
    assert described[2:6] == [
        "note\tstring\t",
        "number\tbigint\tits number",
        "price\tdouble\t",
        "more\tarray<int>\tlater",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("CHANGE COLUMN id id string", "Failed to change column id"),
        ("CHANGE COLUMN id note int", "Column 'note' already exists"),
        ("CHANGE COLUMN none none int", "Column 'none' does not exist"),
        ("DROP COLUMN none", "Column 'none' does not exist"),
        ("ADD COLUMNS (note int)", "Column 'note' already exists"),
        ("REPLACE COLUMNS (a int)", "Query type not supported by Athena Iceberg at this time"),
        ("ADD PARTITION (id = 1)", "Query type not supported by Athena Iceberg at this time"),
        ("DROP PARTITION (id = 1)", "Query type not supported by Athena Iceberg at this time"),
        ("SET LOCATION 's3://a/b/'", "Query type not supported by Athena Iceberg at this time"),
    ],
)
def test_a_change_that_iceberg_has_not_is_refused(athena: Athena, change: str, reason: str) -> None:
    if not athena.glue.get_tables(DatabaseName=athena.database, Expression="kept")["TableList"]:
        iceberg(athena, "kept", "id int, note string")
    assert reason in athena.run(f"ALTER TABLE kept {change}").reason


def test_an_iceberg_table_is_renamed_with_its_rows_and_properties(athena: Athena) -> None:
    """AWS: Manage Iceberg tables. Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-managing-tables.html."""
    iceberg(athena, "earlier", "id int")
    athena.rows("INSERT INTO earlier VALUES 7")
    athena.rows("ALTER TABLE earlier SET TBLPROPERTIES ('vacuum_min_snapshots_to_keep' = '3', 'format' = 'parquet')")
    athena.rows("ALTER TABLE earlier UNSET TBLPROPERTIES ('format')")
    athena.rows(f"ALTER TABLE earlier RENAME TO {athena.database}.later")
    assert athena.rows("SELECT id FROM later") == [["7"]]
    assert "does not exist" in athena.run("SELECT id FROM earlier").reason
    properties = [row[0] for row in athena.rows("SHOW TBLPROPERTIES later")]
    assert "vacuum_min_snapshots_to_keep\t3" in properties
    assert "format\tparquet" not in properties
    athena.rows("DROP TABLE later")


def test_the_columns_of_other_tables_change(athena: Athena) -> None:
    """AWS: ALTER TABLE CHANGE COLUMN, REPLACE COLUMNS.

    Source: https://docs.aws.amazon.com/athena/latest/ug/alter-table-replace-columns.html
    """
    athena.put("changed/part.json", '{"a":1,"b":2,"c":3}\n')
    athena.rows(external(athena, "changed", "a int, b int", "changed"))
    athena.rows("ALTER TABLE changed CHANGE COLUMN b c bigint COMMENT 'third' FIRST")
    assert athena.run("SELECT * FROM changed").rows == [["3", "1"]]
    assert athena.rows("DESCRIBE changed")[0] == [f"{'c':<20}\t{'bigint':<20}\t{'third':<20}"]
    athena.rows("ALTER TABLE changed REPLACE COLUMNS (b string)")
    assert athena.rows("SELECT * FROM changed") == [["2"]]
    assert "Table cannot be renamed" in athena.run("ALTER TABLE changed RENAME TO other").reason


def test_a_partition_is_renamed_and_moved(athena: Athena) -> None:
    """AWS: ALTER TABLE RENAME PARTITION, SET LOCATION.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/alter-table-rename-partition.html,
    https://docs.aws.amazon.com/athena/latest/ug/alter-table-set-location.html
    """
    athena.put("days/dt=1/part.json", '{"a":1}\n')
    athena.put("elsewhere/part.json", '{"a":2}\n')
    athena.rows(external(athena, "days", "a int", "days", rest="PARTITIONED BY (dt string)"))
    athena.rows("ALTER TABLE days ADD PARTITION (dt = '1')")
    athena.rows("ALTER TABLE days PARTITION (dt = '1') RENAME TO PARTITION (dt = '2')")
    assert athena.rows("SELECT a, dt FROM days") == [["1", "2"]]
    athena.rows(f"ALTER TABLE days PARTITION (dt = '2') SET LOCATION 's3://{athena.bucket}/elsewhere/'")
    assert athena.rows("SELECT a, dt FROM days") == [["2", "2"]]
    assert athena.rows("SHOW PARTITIONS days") == [["dt=2"]]


def test_describe_shows_partitioning_and_columns_of_views(athena: Athena) -> None:
    iceberg(
        athena,
        "spec",
        "n int, s string, d decimal(10,2), m map<string,int>",
        "PARTITIONED BY (s, bucket(4, n), truncate(3, s))",
    )
    assert [row[0] for row in athena.rows("DESCRIBE spec")] == [
        "# Table schema:\t\t",
        "# col_name\tdata_type\tcomment",
        "n\tint\t",
        "s\tstring\t",
        "d\tdecimal(10, 2)\t",
        "m\tmap<string, int>\t",
        "\t\t",
        "# Partition spec:\t\t",
        "# field_name\tfield_transform\tcolumn_name",
        "s\tidentity\ts",
        "n_bucket\tbucket[4]\tn",
        "s_trunc\ttruncate[3]\ts",
    ]
    assert athena.rows("SHOW COLUMNS IN spec") == [["n"], ["s"], ["d"], ["m"]]
    athena.rows("CREATE VIEW seen AS SELECT n, CAST(s AS varchar(1)) AS s FROM spec")
    assert athena.rows("DESCRIBE seen") == [["n\tinteger"], ["s\tvarchar(1)"]]


def test_iceberg_rows_tell_their_file(athena: Athena) -> None:
    iceberg(athena, "paths", "id int, k string", "PARTITIONED BY (k)")
    athena.rows("INSERT INTO paths VALUES (1, 'a'), (2, 'b')")
    listed = athena.rows('SELECT file_path FROM "paths$files" ORDER BY 1')
    assert athena.rows('SELECT DISTINCT "$path" FROM paths ORDER BY 1') == listed
    athena.rows("ALTER TABLE paths CHANGE COLUMN id number int")  # now the files are not read as they are
    assert athena.rows("SELECT number FROM paths WHERE \"$path\" LIKE '%k=b%'") == [["2"]]


def test_a_query_is_explained_without_being_run(athena: Athena) -> None:
    """Athena's rows and type; the plan is the local cloud's, and says so."""
    athena.json_table("plain", "a int, b string", '{"a":1,"b":"x"}\n')
    outcome = athena.run("EXPLAIN SELECT b FROM plain WHERE a > 1")
    assert (outcome.names, outcome.types) == (["Query Plan"], ["varchar"])
    assert outcome.rows[0] == ["Query Plan"]
    assert str(outcome.rows[1][0]).startswith("This is the plan of the local cloud")
    assert f"scan_0 = awsdatacatalog.{athena.database}.plain [c0 = a, c1 = b]" in [row[0] for row in outcome.rows]
    assert outcome.execution["Statistics"]["DataScannedInBytes"] == 0
    assert athena.rows("EXPLAIN (TYPE VALIDATE) SELECT b FROM plain") == [["Valid"], ["true"], [""]]
    assert athena.run("EXPLAIN SELECT none FROM plain").reason.startswith("COLUMN_NOT_FOUND")


def test_every_account_has_the_database_default(athena: Athena) -> None:
    assert ["default"] in athena.rows("SHOW DATABASES")
    place = f"LOCATION 's3://{athena.bucket}/in-default/'"
    athena.rows(f"CREATE EXTERNAL TABLE default.athena_altered (a int) {place}")
    assert athena.rows("SELECT a FROM athena_altered", QueryExecutionContext={"Database": "default"}) == []
    athena.rows("DROP TABLE default.athena_altered")


@pytest.mark.parametrize("kind", ["ICEBERG", ""])
def test_names_of_any_letters_are_written_between_quotes(athena: Athena, kind: str) -> None:
    """As dbt-athena writes them: in backquotes in DDL, in double quotes elsewhere."""
    name = f"odd_{kind or 'hive'}".lower()
    properties = f"TBLPROPERTIES ('table_type' = '{kind}')" if kind else ""
    created = "CREATE TABLE" if kind else "CREATE EXTERNAL TABLE"
    athena.rows(f"{created} `{name}` (id int) LOCATION 's3://{athena.bucket}/{name}/' {properties}")
    athena.rows(f"ALTER TABLE `{name}` ADD COLUMNS (`select` string, `with-dash` string)")
    athena.rows(f'INSERT INTO "{athena.database}"."{name}" ("id", "select", "with-dash") (SELECT 1, \'a\', \'b\')')
    assert athena.rows(f'SELECT "select", "with-dash" FROM {name}') == [["a", "b"]]
    if kind:
        athena.rows(f'UPDATE "{name}" SET "with-dash" = \'c\', "select" = "with-dash" WHERE "with-dash" = \'b\'')
        athena.rows(f'DELETE FROM "{name}" WHERE "with-dash" <> \'c\'')
        assert athena.rows(f'SELECT "select", "with-dash" FROM "{name}"') == [["b", "c"]]
