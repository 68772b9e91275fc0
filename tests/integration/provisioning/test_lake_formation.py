"""Test on moto what the preflight says of Lake Formation: whom it decides on, which grants are there, which are missing.

moto keeps grants as they are given. It keeps no defaults with a database, and gives none to IAM's principals when one is made: the
tests do that, as AWS does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Level
from sales_cdc.provisioning.preflight.lake_formation import lake_formation

pytestmark = pytest.mark.integration
TOPOLOGY = Topology(Settings("aws", "us-east-1"), "123456789012")
CATALOG: dict[str, Any] = {"Catalog": {}}
DATABASE: dict[str, Any] = {"Database": {"Name": "sales_cdc"}}
TABLES: dict[str, Any] = {"Table": {"DatabaseName": "sales_cdc", "TableWildcard": {}}}
SETUP, DAILY = "arn:aws:iam::123456789012:role/setup", "arn:aws:iam::123456789012:role/daily"
CRAWLER, JOB = (TOPOLOGY.role(service).arn for service in ("crawler", "job"))
DEFAULTS = {"CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []}
ALL_GRANTS: list[tuple[str, dict[str, Any], list[str]]] = [
    *((role, DATABASE, ["CREATE_TABLE", "ALTER", "DESCRIBE"]) for role in (CRAWLER, JOB)),
    *((role, TABLES, ["ALL"]) for role in (CRAWLER, JOB)),
    (DAILY, DATABASE, ["CREATE_TABLE", "DESCRIBE"]),
    (DAILY, TABLES, ["SELECT", "DESCRIBE", "ALTER", "DROP"]),
]


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadOnlyClients]:
    """Start an account of moto in which Lake Formation decides on everything new."""
    monkeypatch.delenv("SALES_CDC_LOCAL_ENDPOINT")
    monkeypatch.setenv("SALES_CDC_TARGET", "aws")
    connection = {"conn_type": "aws", "login": "t", "password": "t", "extra": {"region_name": "us-east-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    with mock_aws(), ReadOnlyClients(Settings.from_environment(), "aws_default") as clients:
        client("lakeformation").put_data_lake_settings(DataLakeSettings=DEFAULTS)
        yield clients


def grant(principal: str, resource: dict[str, Any], permissions: list[str]) -> None:
    client("lakeformation").grant_permissions(
        Principal={"DataLakePrincipalIdentifier": principal}, Resource=resource, Permissions=permissions
    )


def said(clients: ReadOnlyClients, *, operating: str = DAILY) -> tuple[Level, str]:
    (finding,) = lake_formation(clients, TOPOLOGY, SETUP, operating)
    return finding.level, finding.text


def test_without_grants_setup_would_fail_and_every_missing_grant_is_named(clients: ReadOnlyClients) -> None:
    of_role = "CREATE_TABLE, ALTER, DESCRIBE on the database 'sales_cdc' and ALL on its tables"
    level, text = said(clients)
    assert level is Level.STOP
    assert text == (
        f"it decides on 'sales_cdc' and its tables: grant {SETUP} CREATE_DATABASE on the catalog (or make it an administrator), and after "
        f"setup grant sales-cdc-crawler-us-east-1 {of_role}; sales-cdc-job-us-east-1 {of_role}; daily CREATE_TABLE, DESCRIBE on the "
        "database 'sales_cdc' and SELECT, DESCRIBE, ALTER, DROP on its tables."
    )


def test_one_principal_for_all_dags_is_named_for_both(clients: ReadOnlyClients) -> None:
    level, text = said(clients, operating=SETUP)
    assert level is Level.STOP
    assert f"grant {SETUP} CREATE_DATABASE" in text
    assert "; setup CREATE_TABLE, DESCRIBE on the database" in text


@pytest.mark.parametrize("how", ["granted", "administrator"])
def test_who_may_make_a_database_can_run_setup_and_heeds_the_rest(clients: ReadOnlyClients, how: str) -> None:
    if how == "granted":
        grant(SETUP, CATALOG, ["CREATE_DATABASE"])
    else:
        admins = {"DataLakeAdmins": [{"DataLakePrincipalIdentifier": SETUP}]}
        client("lakeformation").put_data_lake_settings(DataLakeSettings={**DEFAULTS, **admins})
    level, text = said(clients)
    assert level is Level.HEED
    assert text.startswith("it decides on 'sales_cdc' and its tables: after setup grant sales-cdc-crawler-us-east-1 ")
    assert "CREATE_DATABASE" not in text


def test_only_what_is_missing_beside_the_grants_that_are_there_is_named(clients: ReadOnlyClients) -> None:
    client("glue").create_database(DatabaseInput={"Name": "sales_cdc"})
    for principal, resource, permissions in ALL_GRANTS:
        wanted = [each for each in permissions if (principal, each) != (DAILY, "DROP")]
        grant(principal, resource, wanted)
    assert said(clients) == (
        Level.HEED,
        "it decides on 'sales_cdc' and its tables: grant daily DROP on its tables.",
    )
    grant(DAILY, TABLES, ["DROP"])
    assert said(clients) == (Level.OK, "it decides on 'sales_cdc' and its tables, and every grant is there")


def test_a_database_that_was_left_to_iam_stays_so_when_the_account_s_defaults_change(clients: ReadOnlyClients) -> None:
    left = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
    client("glue").create_database(DatabaseInput={"Name": "sales_cdc"})
    with pytest.MonkeyPatch.context() as patched:
        call = BaseClient._make_api_call

        def with_defaults(one: Any, name: str, arguments: Any) -> Any:
            answer = call(one, name, arguments)
            if name == "GetDatabase":
                answer["Database"]["CreateTableDefaultPermissions"] = left
            return answer

        patched.setattr(BaseClient, "_make_api_call", with_defaults)
        assert said(clients)[0] is Level.HEED, "grants on the database itself are none, not even to IAM's principals"
        grant("IAM_ALLOWED_PRINCIPALS", DATABASE, ["ALL"])
        assert said(clients) == (Level.OK, "IAM alone decides on the pipeline's database and tables")


def test_grants_that_may_not_be_read_are_unknown_and_the_defaults_decide(
    clients: ReadOnlyClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = BaseClient._make_api_call

    def refuse(one: Any, name: str, arguments: Any) -> Any:
        if name == "ListPermissions":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, name)
        return call(one, name, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    unknown, finding = lake_formation(clients, TOPOLOGY, SETUP, DAILY)
    assert (unknown.level, unknown.text) == (
        Level.UNKNOWN,
        "The grants that are there could not be read: denied (not you).",
    )
    assert finding.level is Level.STOP
