"""The bytes that a query scans: of columnar files, those of the columns that it needs."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenascans")


def parquet_of(athena: Athena, prefix: str) -> pq.FileMetaData:
    """The footer of the only Parquet object under a prefix."""
    (found,) = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix)["Contents"]
    body = athena.s3.get_object(Bucket=athena.bucket, Key=found["Key"])["Body"].read()
    return pq.read_metadata(io.BytesIO(body))


def chunks(footer: pq.FileMetaData, *columns: int) -> int:
    return sum(
        footer.row_group(group).column(column).total_compressed_size
        for group in range(footer.num_row_groups)
        for column in columns
    )


def scanned(athena: Athena, sql: str) -> int:
    outcome = athena.run(sql)
    assert outcome.state == "SUCCEEDED", outcome.reason
    return int(outcome.execution["Statistics"]["DataScannedInBytes"])


NUMBERS = "SELECT x, x * 2 AS y, CAST(ROW(x, 'n') AS ROW(a BIGINT, b VARCHAR)) AS r, CAST(x % 3 AS VARCHAR) AS k FROM UNNEST(sequence(1, 1000)) t(x)"


@pytest.fixture(scope="module")
def columnar(athena: Athena) -> pq.FileMetaData:
    """The footer of table ``columnar``; its chunks: x, y, r.a, r.b, k."""
    location = f"external_location = 's3://{athena.bucket}/columnar/'"
    athena.rows(f"CREATE TABLE columnar WITH (format = 'PARQUET', {location}) AS {NUMBERS}")
    return parquet_of(athena, "columnar/")


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT count(*) FROM columnar", ()),
        ("SELECT count(*) FROM columnar WHERE y > 10", (1,)),
        ("SELECT x FROM columnar LIMIT 1", (0,)),
        ("SELECT max(x) FROM columnar", (0,)),
        ("SELECT sum(x) FROM columnar WHERE y > 10", (0, 1)),
        ("SELECT r.a FROM columnar", (2, 3)),
        ("SELECT q.x FROM (SELECT *, count(*) OVER (PARTITION BY k) AS n FROM columnar) q ORDER BY q.y", (0, 1)),
        ("SELECT q.n FROM (SELECT *, count(*) OVER (PARTITION BY k) AS n FROM columnar) q", (4,)),
        ("SELECT a.x FROM columnar a JOIN (VALUES 'z') b(k) ON a.k = b.k", (0, 4)),
        ("SELECT x FROM columnar a WHERE EXISTS (SELECT 1 FROM (VALUES 1) v(n) WHERE v.n = a.y)", (0, 1)),
        ("SELECT * FROM columnar", (0, 1, 2, 3, 4)),
    ],
)
def test_of_parquet_the_footer_and_the_columns_that_a_query_needs_are_scanned(
    athena: Athena, columnar: pq.FileMetaData, sql: str, read: tuple[int, ...]
) -> None:
    """AWS: Top 10 Performance Tuning Tips for Amazon Athena: columnar formats let Athena read only the needed columns.

    Source: https://aws.amazon.com/blogs/big-data/top-10-performance-tuning-tips-for-amazon-athena/
    """
    assert scanned(athena, sql) == columnar.serialized_size + 8 + chunks(columnar, *read)


def test_every_reading_of_a_parquet_table_counts(athena: Athena, columnar: pq.FileMetaData) -> None:
    sql = "SELECT a.x, b.k FROM columnar a JOIN columnar b ON a.x = b.y"
    assert scanned(athena, sql) == 2 * (columnar.serialized_size + 8) + chunks(columnar, 0, 1, 4)


def test_of_icebergs_files_the_columns_that_a_query_needs_are_scanned(athena: Athena) -> None:
    place = f"is_external = false, location = 's3://{athena.bucket}/wide/'"
    athena.rows(f"CREATE TABLE wide WITH (table_type = 'ICEBERG', {place}) AS {NUMBERS}")
    footer = parquet_of(athena, "wide/data/")
    ((size,),) = athena.rows('SELECT file_size_in_bytes FROM "wide$files"')
    around = int(size or 0) - chunks(footer, 0, 1, 2, 3, 4)
    assert scanned(athena, "SELECT count(*) FROM wide") == around
    assert scanned(athena, "SELECT sum(x) FROM wide WHERE k = '1'") == around + chunks(footer, 0, 4)
    assert scanned(athena, "SELECT r.b FROM wide") == around + chunks(footer, 2, 3)
    assert scanned(athena, "SELECT * FROM wide") == int(size or 0)
    assert athena.rows("SELECT k, count(*), sum(r.a) FROM wide WHERE y > 1990 GROUP BY k ORDER BY k") == [
        ["0", "2", "1995"], ["1", "2", "1997"], ["2", "1", "998"],
    ]  # fmt: skip


@pytest.fixture(scope="module")
def days(athena: Athena) -> dict[int, int]:
    """The bytes of the data files of Iceberg table ``days``, one for each of four days, by day."""
    place = f"LOCATION 's3://{athena.bucket}/days/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    athena.rows(f"CREATE TABLE days (k string, n bigint, at timestamp) {place}")
    sizes: dict[int, int] = {}
    for day in (1, 2, 3, 4):
        rows = f"('k{day}', {10 * day}, TIMESTAMP '2026-01-0{day} 10:00:00'), ('m{day}', NULL, TIMESTAMP '2026-01-0{day} 11:00:00')"
        athena.rows(f"INSERT INTO days VALUES {rows}")
        files = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="days/data/")["Contents"]
        sizes[day] = sum(file["Size"] for file in files) - sum(sizes.values())
    return sizes


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ("at >= TIMESTAMP '2026-01-03 00:00:00'", {3, 4}),
        ("at < TIMESTAMP '2026-01-02 00:00:00' OR at >= TIMESTAMP '2026-01-04 00:00:00' AND at < TIMESTAMP '2026-01-05 00:00:00'", {1, 4}),
        ("TIMESTAMP '2026-01-02 00:00:00' > at", {1}),
        ("at BETWEEN TIMESTAMP '2026-01-02 00:00:00' AND TIMESTAMP '2026-01-03 12:00:00'", {2, 3}),
        ("k IN ('k1', 'm4')", {1, 4}),
        ("k = 'k1' AND n > 0", {1}),
        ("n >= 30", {3, 4}),
        ("at >= TIMESTAMP '2026-01-09 00:00:00'", set()),
    ],
)  # fmt: skip
def test_of_icebergs_files_those_that_cannot_hold_a_row_are_not_scanned(
    athena: Athena, days: dict[int, int], condition: str, read: set[int]
) -> None:
    """Trino leaves out files by their partition and by the least and greatest values in the manifests.

    Source: https://docs.aws.amazon.com/prescriptive-guidance/latest/apache-iceberg-on-aws/best-practices-read.html
    """
    assert scanned(athena, f"SELECT * FROM days WHERE {condition}") == sum(days[day] for day in read)
    same_rows(athena, condition)


@pytest.mark.parametrize(
    "condition",
    ["n >= 30 OR k = 'k1'", "n + 0 >= 30", "n IS NULL", "NOT (at >= TIMESTAMP '2026-01-03 00:00:00')", "n > 20.5 OR n IS NULL", "coalesce(n, 99) > 30"],
)  # fmt: skip
def test_no_row_is_left_out_with_a_file(athena: Athena, days: dict[int, int], condition: str) -> None:
    same_rows(athena, condition)


def same_rows(athena: Athena, condition: str) -> None:
    """Compare with a query whose LIMIT keeps the condition from the table."""
    kept = athena.rows(f"SELECT k, n, at FROM (SELECT * FROM days LIMIT 99) q WHERE {condition} ORDER BY k")
    assert athena.rows(f"SELECT k, n, at FROM days WHERE {condition} ORDER BY k") == kept


def test_a_condition_on_one_side_of_a_join_leaves_out_files_of_that_side_alone(
    athena: Athena, days: dict[int, int]
) -> None:
    late = "SELECT k, n FROM days WHERE at >= TIMESTAMP '2026-01-04 00:00:00'"
    rows = athena.rows(f"SELECT a.k, b.n FROM days a LEFT JOIN ({late}) b ON a.k = b.k ORDER BY a.k")
    assert [row[1] for row in rows] == [None, None, None, "40", None, None, None, None]
    joined = "SELECT a.k, a.n, a.at, b.k, b.n, b.at FROM days a JOIN days b ON a.k = b.k WHERE b.k = 'k1'"
    assert scanned(athena, joined) == sum(days.values()) + days[1]


@pytest.fixture(scope="module")
def an_hour(athena: Athena) -> int:
    """The bytes of one of the six hours of table ``hours``, which all have the same rows."""
    location = f"external_location = 's3://{athena.bucket}/hours/'"
    athena.rows(
        f"CREATE TABLE hours WITH (format = 'JSON', {location}, partitioned_by = ARRAY['dt', 'hr']) AS "
        "SELECT x, dt, hr FROM UNNEST(sequence(1, 9)) t(x), (VALUES '01', '02', '03') d(dt), (VALUES '09', '10') h(hr)"
    )
    return scanned(athena, "SELECT * FROM hours WHERE dt = '01' AND hr = '09'")


@pytest.mark.parametrize(
    ("condition", "read", "rows"),
    [
        ("x > 5 AND false", 0, 0),
        ("false", 0, 0),
        ("dt > '03'", 0, 0),
        ("dt > '02' OR (dt = '02' AND hr >= '10')", 3, 27),
        ("dt > '02' OR false", None, 18),
        ("(dt = '01' AND hr IN ('09')) OR dt IN ('02')", 3, 27),
        ("true", 6, 54),
    ],
)
def test_of_partitions_those_that_a_condition_can_be_true_of_are_scanned(
    athena: Athena, an_hour: int, condition: str, read: int | None, rows: int
) -> None:
    """As on Trino, which plans an empty list of values for ``WHERE … AND false``; how much it reads for ``OR false`` is not held."""
    assert athena.rows(f"SELECT count(*) FROM hours WHERE {condition}") == [[str(rows)]]
    if read is not None:
        assert scanned(athena, f"SELECT * FROM hours WHERE {condition}") == read * an_hour
