"""What local_cloud/README.md says of tables, and no other test shows: it works, or is refused."""

from __future__ import annotations

import bz2
import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.athena.client import Athena, external

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables.objects import MIN_LINKED_BYTES, Objects
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenaclaims")


@pytest.mark.parametrize(
    "serde", ["org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe"]
)
def test_the_hive_json_serde_reads_lines(athena: Athena, serde: str) -> None:
    """AWS: Hive JSON SerDe.

    Source: https://docs.aws.amazon.com/athena/latest/ug/hive-json-serde.html
    """
    name = "by_" + serde.split(".")[3]
    athena.put(f"{name}/part.json", '{"A":1,"b":"x"}\n')
    athena.rows(external(athena, name, "a int, b string", name, serde))
    assert athena.rows(f"SELECT * FROM {name}") == [["1", "x"]]


def test_bzip2_is_unpacked_by_its_extension(athena: Athena) -> None:
    athena.s3.put_object(Bucket=athena.bucket, Key="z/part.json.bz2", Body=bz2.compress(b'{"a":7}\n'))
    athena.rows(external(athena, "z", "a int", "z"))
    assert athena.rows("SELECT a FROM z") == [["7"]]


def test_large_objects_are_linked_where_the_emulator_keeps_them(athena: Athena, tmp_path: Path) -> None:
    """If the emulator kept its files elsewhere, queries would be right but slow."""
    athena.put("linked/dt=1/part.json", '{"a":1}\n' * MIN_LINKED_BYTES)
    config = CloudConfig(0, "us-east-1", athena.cloud.home, enforce_iam=True)
    clients = Clients(athena.cloud.endpoint, "us-east-1")
    caller = Caller(clients, Catalog(clients))
    objects, query = Objects(caller, config.objects_dir), Query("q", "", "", "", [], "", "primary", None, caller)
    (item,) = objects.listed(f"s3://{athena.bucket}/linked/")
    assert len(list(objects.fetch(query, [(item, tmp_path / "part")], unpack=True))) == 1
    assert (tmp_path / "part").stat().st_nlink == 2


def projected(athena: Athena, name: str, first: dict[str, str]) -> str:
    properties = {
        "projection.enabled": "true", **first, "projection.n.type": "integer", "projection.n.range": "0,9",
    }  # fmt: skip
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    keys = "PARTITIONED BY (k string, n int)"
    return external(athena, name, "v int", "projected", rest=keys) + f" TBLPROPERTIES ({listed})"


def test_partitions_are_projected_by_enum_and_integer_or_injected(athena: Athena) -> None:
    """AWS: Supported types for partition projection.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html,
    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-dynamic-id-partitioning.html
    """
    athena.put("projected/k=a/n=3/part.json", '{"v":1}\n')
    athena.put("projected/k=b/n=7/part.json", '{"v":2}\n')
    athena.rows(projected(athena, "p1", {"projection.k.type": "enum", "projection.k.values": "a,b"}))
    assert athena.rows("SELECT v, k, n FROM p1 ORDER BY v") == [["1", "a", "3"], ["2", "b", "7"]]
    athena.rows(projected(athena, "p2", {"projection.k.type": "injected"}))
    assert athena.rows("SELECT v FROM p2 WHERE k = 'a'") == [["1"]]
    assert athena.rows("SELECT v, k FROM p2 WHERE k IN ('a', 'b', 'c') AND n > 3") == [["2", "b"]]
    for condition in ("n = 3", "k > 'a'", "k = 'a' AND k <> 'b' OR n = 3", "k IN (SELECT 'a')"):
        reason = athena.run(f"SELECT v FROM p2 WHERE {condition}").reason
        assert reason.startswith("CONSTRAINT_VIOLATION: For the injected projected partition column k, the WHERE"), (
            condition
        )


def test_tables_are_altered(athena: Athena) -> None:
    """AWS: ALTER TABLE ADD COLUMNS, SET TBLPROPERTIES, SET LOCATION; SHOW TBLPROPERTIES.

    Source: https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-columns.html
    """
    athena.put("before/dt=1/part.json", '{"a":1,"b":"x"}\n')
    athena.put("after/part.json", '{"a":2}\n{"a":3}\n')
    athena.rows(external(athena, "altered", "a int", "before", rest="PARTITIONED BY (dt string)"))
    athena.rows("MSCK REPAIR TABLE altered")
    assert athena.rows('SELECT * FROM "altered$partitions"') == [["1"]]
    athena.rows("ALTER TABLE altered ADD COLUMNS (b string)")
    athena.rows("ALTER TABLE altered SET TBLPROPERTIES ('owner' = 'sales')")
    assert athena.rows("SELECT a, b, dt FROM altered") == [["1", "x", "1"]]
    assert ["owner\tsales"] in athena.rows("SHOW TBLPROPERTIES altered")
    athena.rows(external(athena, "moved", "a int", "before"))
    athena.rows(f"ALTER TABLE moved SET LOCATION 's3://{athena.bucket}/after/'")
    assert athena.rows("SELECT a FROM moved ORDER BY a") == [["2"], ["3"]]


def test_a_column_is_added_once(athena: Athena) -> None:
    athena.rows(external(athena, "repeated_name", "a int", "repeated_name"))
    assert "Duplicate column name: a" in athena.run("ALTER TABLE repeated_name ADD COLUMNS (a string)").reason


def test_dates_precise_to_the_month_are_projected_once(athena: Athena) -> None:
    """AWS: Supported types for partition projection: the interval of such dates is a month.

    Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """
    athena.put("months/m=2025-01/part.json", '{"v":1}\n')
    properties = {
        "projection.enabled": "true", "projection.m.type": "date", "projection.m.format": "yyyy-MM", "projection.m.range": "2024-11,2025-02",
    }  # fmt: skip
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    keys = "PARTITIONED BY (m string)"
    athena.rows(external(athena, "months", "v int", "months", rest=keys) + f" TBLPROPERTIES ({listed})")
    assert athena.rows("SELECT v, m FROM months") == [["1", "2025-01"]]


def test_timestamps_finer_than_milliseconds_are_rounded_when_read(athena: Athena) -> None:
    """Trino: Hive connector, timestamp precision."""
    moments = pa.array([datetime(2020, 1, 1, 10, 0, 0, 123500)], pa.timestamp("us"))  # noqa: DTZ001
    body = io.BytesIO()
    pq.write_table(pa.table({"t": moments, "l": pa.array([moments.to_pylist()], pa.list_(moments.type))}), body)
    athena.s3.put_object(Bucket=athena.bucket, Key="micros/part.parquet", Body=body.getvalue())
    athena.rows(
        f"CREATE EXTERNAL TABLE micros (t timestamp, l array<timestamp>) STORED AS PARQUET LOCATION 's3://{athena.bucket}/micros/'"
    )
    moment = "2020-01-01 10:00:00.124"
    sql = f"SELECT t, l, t = TIMESTAMP '{moment}', l[1] = t FROM micros"
    assert athena.rows(sql) == [[moment, f"[{moment}]", "true", "true"]]


def test_the_default_partition_of_a_typed_key_is_null(athena: Athena) -> None:
    place = f"external_location = 's3://{athena.bucket}/typed-key/'"
    athena.rows(f"CREATE TABLE typed_key WITH ({place}, partitioned_by = ARRAY['k']) AS SELECT 1 AS a, 7 AS k")
    athena.rows("INSERT INTO typed_key VALUES (2, NULL)")
    assert athena.rows("SELECT a FROM typed_key WHERE k = 7") == [["1"]]
    assert athena.rows("SELECT a FROM typed_key WHERE k IS NULL") == [["2"]]
    assert athena.rows('SELECT k FROM "typed_key$partitions" ORDER BY k') == [["7"], [None]]


def test_a_view_shows_its_statement(athena: Athena) -> None:
    athena.rows("CREATE VIEW shown AS SELECT 1 AS one")
    assert athena.rows("SHOW CREATE VIEW shown") == [[f"CREATE VIEW {athena.database}.shown AS"], ["SELECT 1 one"]]
    athena.rows(
        "CREATE VIEW joined AS SELECT a.one FROM shown a JOIN shown b ON a.one = b.one JOIN shown c ON a.one = c.one"
    )
    _, *lines = (row[0] for row in athena.rows("SHOW CREATE VIEW joined"))
    assert lines[-1] == "INNER JOIN shown c ON (a.one = c.one))"
    assert athena.rows("\n".join(map(str, lines))) == [["1"]]


def test_lines_that_are_no_strict_json_objects_fail_the_query(athena: Athena) -> None:
    for name, line in {"loose": "{a:1}", "listed": "[1]"}.items():
        athena.json_table(name, "a int", line + "\n")
        assert athena.run(f"SELECT a FROM {name}").reason.startswith("HIVE_CURSOR_ERROR")
    for name, value in {"octal": "017", "hexadecimal": "0x1F"}.items():
        athena.json_table(name, "a int", f'{{"a":"{value}"}}\n')
        assert athena.run(f"SELECT a FROM {name}").reason.startswith("HIVE_BAD_DATA")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE EXTERNAL TABLE o (a int) STORED AS RCFILE LOCATION 's3://b/o/'", "NOT_SUPPORTED"),
        ("DESCRIBE EXTENDED described", "NOT_SUPPORTED"),
        ("DESCRIBE described a", "NOT_SUPPORTED"),
    ],
)
def test_definitions_that_cannot_be_kept_are_refused(athena: Athena, statement: str, said: str) -> None:
    if "described" in statement:
        athena.run("CREATE EXTERNAL TABLE IF NOT EXISTS described (a int) LOCATION 's3://b/described/'")
    assert said in athena.run(statement).reason
