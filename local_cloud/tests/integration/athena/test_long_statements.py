"""Statements with more values and conditions than fit on a page, as Athena takes them up to 262,144 bytes."""

from __future__ import annotations

import pytest
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration

TERMS = 2_000
TABLE = "CREATE TABLE held (k string, n int) LOCATION 's3://{0}/held/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
PARTITIONED = (
    "CREATE EXTERNAL TABLE days (k string) PARTITIONED BY (dt string) "
    "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{0}/days/'"
)


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module, with two rows in a table of Iceberg, and two in partitions."""
    found = Athena(cloud, "athenalong")
    found.rows(TABLE.format(found.bucket))
    found.rows("INSERT INTO held VALUES ('k1', 1), ('other', -9)")
    found.rows(PARTITIONED.format(found.bucket))
    for day in ("k1", "other"):
        found.s3.put_object(Bucket=found.bucket, Key=f"days/dt={day}/one.json", Body=b'{"k": "k1"}\n')
        found.rows(f"ALTER TABLE days ADD PARTITION (dt = '{day}')")
    return found


@pytest.mark.parametrize(
    ("table", "joined", "term"),
    [
        ("held", ", ", "'k{0}'"),
        ("held", " OR ", "k = 'k{0}'"),
        ("held", " OR ", "(k >= 'k{0}' AND k < 'k{0}!')"),
        ("held", " AND ", "k <> 'o{0}' AND k <> 'other'"),
        ("days", ", ", "'k{0}'"),
        ("days", " OR ", "dt = 'k{0}'"),
    ],
)
def test_a_condition_of_thousands_of_terms_is_asked(athena: Athena, table: str, joined: str, term: str) -> None:
    condition = joined.join(term.format(number) for number in range(TERMS))
    column = "k" if table == "held" else "dt"
    where = condition if "k <" in term or "=" in term else f"{column} IN ({condition})"
    assert athena.rows(f"SELECT {column} FROM {table} WHERE {where}") == [["k1"]]


def test_rows_of_thousands_of_keys_are_changed(athena: Athena) -> None:
    keys = ", ".join(f"'k{number}'" for number in range(TERMS))
    athena.rows(f"UPDATE held SET n = 5 WHERE k IN ({keys})")
    assert athena.rows("SELECT k, n FROM held ORDER BY k") == [["k1", "5"], ["other", "-9"]]


@pytest.mark.parametrize("joined", [" + ", " || "])
def test_a_statement_that_is_nested_too_deeply_is_refused_for_the_local_cloud_s_reason(
    athena: Athena, joined: str
) -> None:
    outcome = athena.run("SELECT " + joined.join(["k"] * 4 * TERMS) + " FROM held")
    assert outcome.state == "FAILED"
    assert (
        outcome.reason == "NOT_SUPPORTED: A statement nested this deeply is not supported by the local cloud's Athena."
    )
