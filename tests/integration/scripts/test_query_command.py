"""``make query``: what it prints of rows, of statements that have none, and of those that Athena refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tests import shipped
from tests.conftest import Cloud

pytestmark = pytest.mark.integration
SCRIPTS = str(shipped.ROOT / "include" / "scripts")

Ask = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def command() -> Iterator[ModuleType]:
    """The script as a module; its neighbours are found as when it is run."""
    sys.path.insert(0, SCRIPTS)
    yield shipped.load("include/scripts/query.py")
    sys.path.remove(SCRIPTS)


@pytest.fixture
def lake(cloud: Cloud, prefix: str) -> Cloud:
    """A work group and a database as setup names them, without tables."""
    cloud.client("s3").create_bucket(Bucket=prefix)
    cloud.client("glue").create_database(DatabaseInput={"Name": prefix})
    cloud.client("athena").create_work_group(
        Name=prefix, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{prefix}/results/"}}
    )
    return cloud


@pytest.fixture
def ask(
    command: ModuleType, lake: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    """Run the command in a deployment of that prefix, and let it write; its exit code, and all that it printed as one line."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("WRITE", "1")

    def asked(sql: str, of: str = prefix) -> tuple[int, str]:
        monkeypatch.setenv("SALES_CDC_PREFIX", of)
        code = command.main([sql])
        shown = capsys.readouterr()
        return code, " ".join((shown.out + shown.err).split())

    return asked


@pytest.fixture
def orders(ask: Ask, prefix: str) -> None:
    """An Iceberg table of two orders and a view of it."""
    where = f"LOCATION 's3://{prefix}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    assert ask(f"CREATE TABLE orders_current (orderid string, quantity int) {where}") == (0, "Done.")
    assert ask("INSERT INTO orders_current VALUES ('a', 1), ('b', 2)") == (0, "Done: 2 rows changed.")
    assert ask("CREATE VIEW orders AS SELECT * FROM orders_current") == (0, "Done.")


def test_rows_come_with_their_count_and_what_was_scanned(ask: Ask, orders: None) -> None:
    code, shown = ask("SELECT orderid FROM orders WHERE quantity = 1")
    assert code == 0
    assert "1 row," in shown
    assert "bytes scanned" in shown


def test_columns_are_described_a_line_each(ask: Ask, orders: None) -> None:
    code, shown = ask("DESCRIBE orders_current")
    assert code == 0
    assert "col_name data_type" in shown
    assert "quantity int" in shown
    assert "row 1" not in shown


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE orders_current SET quantity = 7 WHERE orderid = 'a'", "Done: 1 row changed."),
        ("UPDATE orders_current SET quantity = 7 WHERE orderid = 'nobody'", "Done: 0 rows changed."),
        ("DELETE FROM orders_current", "Done: 2 rows changed."),
        ("DROP VIEW orders", "Done."),
        (
            "MERGE INTO orders_current USING orders ON orders_current.orderid = orders.orderid WHEN MATCHED THEN DELETE",
            "Done: 2 rows changed.",
        ),
    ],
)
def test_a_statement_without_rows_says_that_it_was_done(ask: Ask, orders: None, statement: str, told: str) -> None:
    assert ask(statement) == (0, told)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE orders SET quantity = 7", ["Updating through views is not supported", "orders_current", "DynamoDB"]),
        ("DELETE FROM orders", ["Deleting from views is not supported"]),
        ("INSERT INTO orders VALUES ('c', 3)", ["Inserting into views is not supported"]),
        ("SELECT * FROM nowhere", ["TABLE_NOT_FOUND", "nowhere", 'make query SQL="SHOW TABLES"']),
        ("SELECT price FROM orders", ["COLUMN_NOT_FOUND", "price", "DESCRIBE"]),
        ("SELECT * FROM orders WHERE orderid = 5", ["TYPE_MISMATCH", "DESCRIBE raw_orders", "docs/operations.md"]),
        ("SELECT FROM WHERE", ["did not accept", "line 1:"]),
        ("SHUTDOWN", ["did not accept", "mismatched input 'SHUTDOWN'", "Expecting"]),
    ],
)
def test_a_refusal_says_what_where_why_and_what_to_do(
    ask: Ask, orders: None, cloud: Cloud, prefix: str, statement: str, told: list[str]
) -> None:
    code, shown = ask(statement)
    assert code == 1
    for text in [f"Athena at {cloud.endpoint}", f"work group '{prefix}'", *told]:
        assert text in shown
    assert "InvalidRequestException" not in shown
    assert "StartQueryExecution" not in shown


@pytest.mark.parametrize("write", ["", "0", "yes"])
def test_a_statement_that_changes_something_needs_write_1(
    ask: Ask, orders: None, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    monkeypatch.setenv("WRITE", write)
    code, shown = ask("DROP TABLE orders_current")
    assert code == 1
    assert "DROP changes what Athena holds, and make query only reads" in shown
    assert "WRITE=1" in shown
    code, shown = ask("SELECT count(*) AS orders FROM orders_current")
    assert (code, "1 row," in shown) == (0, True)


def test_a_deployment_that_is_not_there_names_the_setup(ask: Ask) -> None:
    code, shown = ask("SELECT 1", of="not-here")
    assert code == 1
    assert "The pipeline is not set up here yet" in shown
    assert "sales_cdc_setup" in shown


def test_a_cloud_that_does_not_run_is_named_with_its_remedy(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_CDC_LOCAL_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("SALES_CDC_LOCAL_PORT", "9")
    code, shown = ask("SELECT 1")
    assert code == 1
    assert "Nothing answers at http://127.0.0.1:9" in shown
    assert "make cloud" in shown
