"""Work groups, through boto3."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from tests.integration.athena.client import FINAL, Athena

pytestmark = pytest.mark.integration


@pytest.fixture
def group(athena: Athena) -> Iterator[str]:
    name = f"{athena.database}-group"
    configuration = {
        "ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/enforced/"},
        "BytesScannedCutoffPerQuery": 10_000_000,
    }
    athena.client.create_work_group(Name=name, Configuration=configuration)
    yield name
    athena.client.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_an_enforced_work_group_overrides_the_clients_location(athena: Athena, group: str) -> None:
    """AWS: Override client-side settings."""
    outcome = athena.run("SELECT 1", WorkGroup=group)
    assert outcome.execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/enforced/")


def test_a_query_over_the_cutoff_is_cancelled(athena: Athena, group: str) -> None:
    """AWS: Configure per-query and per-workgroup data usage controls.

    Source: https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
    """
    athena.json_table("large", "a string", ('{"a":"' + "x" * 1_000_000 + '"}\n') * 11)
    outcome = athena.run("SELECT count(*) FROM large", WorkGroup=group)
    assert outcome.state == "CANCELLED"
    assert outcome.reason == "Bytes scanned limit was exceeded. Limit: 10000000 bytes"


def test_a_disabled_work_group_runs_nothing(athena: Athena, group: str) -> None:
    athena.client.update_work_group(WorkGroup=group, State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        athena.start("SELECT 1", WorkGroup=group)


def test_a_query_without_location_is_refused(athena: Athena) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        athena.client.start_query_execution(QueryString="SELECT 1")


def test_a_work_group_may_keep_its_results_itself(athena: Athena) -> None:
    """AWS: Managed query results; awswrangler's and PyAthena's own tests run on them.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/managed-results.html,
    https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py (``test_read_sql_query_managed_results``),
    https://github.com/pyathena-dev/PyAthena/blob/master/docs/usage.md (what is refused)
    """
    name, managed = f"{athena.database}-managed", {"ManagedQueryResultsConfiguration": {"Enabled": True}}
    athena.client.create_work_group(Name=name, Configuration=managed)
    started = athena.client.start_query_execution(QueryString="SELECT 1 AS one", WorkGroup=name)["QueryExecutionId"]
    deadline = time.monotonic() + 60
    while (found := athena.client.get_query_execution(QueryExecutionId=started)["QueryExecution"])["Status"][
        "State"
    ] not in FINAL:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found["Status"]["State"] == "SUCCEEDED"
    assert "ResultConfiguration" not in found
    assert found["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    rows = athena.client.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    assert [row["Data"] for row in rows] == [[{"VarCharValue": "one"}], [{"VarCharValue": "1"}]]
    with pytest.raises(ClientError, match="cannot be set together"):
        athena.start("SELECT 1", WorkGroup=name)
    both = {**managed, "ResultConfiguration": {"OutputLocation": athena.output}}
    with pytest.raises(ClientError, match="cannot be set together"):
        athena.client.create_work_group(Name=f"{name}-2", Configuration=both)
    off = {"ManagedQueryResultsConfigurationUpdates": {"Enabled": False}}
    athena.client.update_work_group(WorkGroup=name, ConfigurationUpdates=off)
    assert athena.run("SELECT 1", WorkGroup=name).state == "SUCCEEDED"
    athena.client.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
