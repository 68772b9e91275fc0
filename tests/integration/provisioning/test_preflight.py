"""Test the preflight with target ``aws`` on moto, where each bad input is one line, and on the local cloud, before and after setup.

moto cannot read a classifier, describes a work group that does not exist, and simulates no policies: ``LACKING`` and an answer in
IAM's form stand for that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.responses import IamResponse
from moto.servicequotas.responses import ServiceQuotasResponse
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.operators.plan import NoGoError
from sales_cdc.provisioning.preflight import account
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Level

from tests import shipped
from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun

pytestmark = pytest.mark.integration
LACKING = {
    "GetClassifier": ("EntityNotFoundException", "not there"),
    "GetWorkGroup": ("InvalidRequestException", "WorkGroup sales-cdc is not found."),
}
TOPOLOGY = Topology(Settings("aws", "us-east-1"), "123456789012")
UNDER_LAKE_FORMATION: dict[str, Any] = {"CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []}
STRANGERS_TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "orderid", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "orderid", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
REGION = {"region_name": "us-east-1"}
Run = Callable[..., tuple[int, str]]
Answer = Callable[..., None]
Refuse = Callable[..., None]


@pytest.fixture(scope="module")
def command() -> ModuleType:
    return shipped.load("include/scripts/preflight.py")


@pytest.fixture
def run(command: ModuleType, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; its exit code and what it printed."""

    def ran(*arguments: str) -> tuple[int, str]:
        code = command.main(list(arguments))
        return code, capsys.readouterr().out

    return ran


def simulation(**result: str) -> Callable[[Any], tuple[int, dict[str, str], str]]:
    """Answer SimulatePrincipalPolicy for every action alike."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in result.items())
    member = f"<member><EvalActionName>kinesis:CreateStream</EvalActionName>{inner}</member>"
    body = (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult>'
        f"<IsTruncated>false</IsTruncated><EvaluationResults>{member}</EvaluationResults></SimulatePrincipalPolicyResult>"
        "</SimulatePrincipalPolicyResponse>"
    )
    return lambda _: (200, {}, body)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, refuse: Refuse) -> Iterator[None]:
    """Start an account of moto, with the settings of a deployment to AWS and a user's keys."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it finds first: moto's here
    monkeypatch.delenv("SALES_CDC_LOCAL_ENDPOINT")
    monkeypatch.setenv("SALES_CDC_TARGET", "aws")
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": REGION}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    quotas = {"Quotas": [{"QuotaName": "Max task DPUs", "Value": 100.0}]}
    monkeypatch.setattr(ServiceQuotasResponse, "list_service_quotas", lambda _: json.dumps(quotas), raising=False)
    monkeypatch.setattr(IamResponse, "simulate_principal_policy", simulation(EvalDecision="allowed"), raising=False)
    for operation, answer in LACKING.items():
        refuse(operation, *answer)
    with mock_aws():
        yield


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Let AWS answer one operation as given, or refuse it."""

    def answered(operation: str, given: dict[str, Any] | ClientError) -> None:
        call = BaseClient._make_api_call

        def respond(client: Any, name: str, arguments: Any) -> Any:
            if name != operation:
                return call(client, name, arguments)
            if isinstance(given, ClientError):
                raise given
            return given

        monkeypatch.setattr(BaseClient, "_make_api_call", respond)

    return answered


@pytest.fixture
def refuse(answer: Answer) -> Refuse:
    """Let AWS refuse one operation."""

    def refused(operation: str, code: str, message: str) -> None:
        answer(operation, ClientError({"Error": {"Code": code, "Message": message}}, operation))

    return refused


def reasons(shown: str) -> list[str]:
    return [line.strip() for line in shown.partition("NO-GO")[2].splitlines()[1:]]


@pytest.fixture
def clients(aws: None) -> Iterator[ReadOnlyClients]:
    with ReadOnlyClients(Settings.from_environment(), "aws_default") as clients:
        yield clients


@pytest.mark.usefixtures("aws")
def test_an_empty_account_is_ready_and_nothing_is_made(run: Run) -> None:
    code, shown = run()
    assert reasons(shown) == []
    assert (code, shown.count("create   ")) == (0, 29)
    for line in (
        "us-east-1 offers all 15 services",
        "IAM alone decides",
        "may do all of 'operating'",
        "a month with 1,000,000",
    ):
        assert line in shown
    assert "unknown  quota: Lambda's concurrency could not be read" in shown
    assert "GO: nothing found stands in the way (29 resources to create, 1 unknown)." in shown
    assert not boto3.client("s3", **REGION).list_buckets()["Buckets"]
    assert not boto3.client("dynamodb", **REGION).list_tables()["TableNames"]


def test_without_credentials_it_says_so_and_asks_nothing_else(run: Run, aws: None) -> None:
    with pytest.MonkeyPatch.context() as patch:  # ends before moto does, whose credentials it would bring back
        patch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
        for name in [name for name in os.environ if name.startswith("AWS_") and not name.endswith("REGION")]:
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        code, shown = run()
    assert code == 1
    assert [line.partition(". ")[0] for line in reasons(shown)] == ["account: there are no AWS credentials"]


@pytest.mark.usefixtures("aws")
def test_an_expired_token_is_one_line(run: Run, refuse: Refuse) -> None:
    refuse("GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired")
    code, shown = run()
    (reason,) = reasons(shown)
    assert code == 1
    assert reason.startswith("account: the credentials were not accepted (ExpiredToken). Check the keys")


@pytest.mark.usefixtures("aws")
def test_each_bad_input_is_one_line(run: Run, refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    detail = "<AllowedByOrganizations>false</AllowedByOrganizations>"
    denied = simulation(EvalDecision="explicitDeny", OrganizationsDecisionDetail=detail)
    monkeypatch.setattr(IamResponse, "simulate_principal_policy", denied, raising=False)
    boto3.client("lakeformation", **REGION).put_data_lake_settings(DataLakeSettings=UNDER_LAKE_FORMATION)
    boto3.client("dynamodb", **REGION).create_table(TableName="sales-cdc-orders", **STRANGERS_TABLE)
    refuse("HeadBucket", "403", "Forbidden")
    refuse("DescribeStreamSummary", "AccessDeniedException", "explicit deny in a service control policy")
    code, shown = run("--operating", "arn:aws:iam::123456789012:role/daily")
    beginnings = [
        "Lake Formation: it decides on 'sales_cdc' and its tables: grant arn:aws:sts::123456789012:user/moto CREATE_DATABASE",
        "permissions: arn:aws:sts::123456789012:user/moto ('provisioning'): a service control policy denies kinesis:CreateStream.",
        "permissions: arn:aws:iam::123456789012:role/daily ('operating'): a service control policy denies kinesis:CreateStream.",
        "S3 bucket: 'sales-cdc-123456789012-us-east-1' is another account's bucket",
        "Kinesis stream: 'sales-cdc-changes' could not be read: denied (explicit deny in a service control policy).",
        "DynamoDB table: 'sales-cdc-orders' is somebody else's (its tags: none).",
    ]
    found = reasons(shown)
    assert (code, len(found)) == (1, len(beginnings))
    for line, beginning in zip(found, beginnings, strict=True):
        assert line.startswith(beginning)


@pytest.mark.usefixtures("aws")
def test_a_region_without_glue_is_one_line(run: Run, answer: Answer) -> None:
    offered = [{"Value": service} for service in account.SERVICES if service != "glue"]
    answer("GetParametersByPath", {"Parameters": offered})
    code, shown = run()
    assert code == 1
    assert reasons(shown) == ["region: us-east-1 does not offer glue, so there is no Glue 5.1. Choose another."]


def test_a_region_that_lacks_a_service_or_whose_glue_5_1_aws_has_not_announced_is_said(
    clients: ReadOnlyClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = account.region(clients, TOPOLOGY)
    assert [each.level for each in offered] == [Level.OK, Level.OK]
    monkeypatch.setattr(account, "SERVICES", ("s3", "no-such-service"))
    monkeypatch.setattr(account, "GLUE_ANNOUNCED", {})
    lacking, glue = account.region(clients, TOPOLOGY)
    assert (lacking.level, lacking.text) == (Level.STOP, "us-east-1 does not offer no-such-service. Choose another.")
    assert glue.level is Level.UNKNOWN
    assert "Glue 5.1: no operation shows it" in glue.text


@pytest.mark.usefixtures("aws")
def test_a_setup_that_only_plans_fails_with_every_reason_and_makes_nothing(refuse: Refuse) -> None:
    refuse("HeadBucket", "403", "Forbidden")
    with pytest.raises(NoGoError, match=r"NO-GO, for this reason:\n  S3 bucket: .* is another account's bucket"):
        DagRun("sales_cdc_setup.py", plan_only=True).run()
    assert not boto3.client("iam", **REGION).list_roles()["Roles"]


def test_on_the_local_cloud_the_plan_is_what_setup_does(
    run: Run, cloud: Cloud, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_CDC_PREFIX", prefix)
    monkeypatch.syspath_prepend(str(shipped.ROOT / "include/scripts"))
    ui = shipped.load("include/scripts/deployment_drift.py")
    assert ui.compared(Settings.from_environment()) == ([], False)
    assert ui.drift(Settings.from_environment()) == []
    code, shown = run()
    assert (code, shown.count("create   ")) == (0, 29)
    planned = DagRun("sales_cdc_setup.py", plan_only=True)
    planned.run()
    assert planned.outcomes.keys() == {"find_account"} == planned.dag.task_dict.keys() - planned.skipped
    setup = DagRun("sales_cdc_setup.py")
    setup.run("find_account", "roles", "lake", "delivery", "capture", "arrivals", "watch")
    assert sum(".provision_" in task for task in setup.outcomes) == 29
    code, shown = run()
    assert (code, shown.count(" is as defined")) == (0, 29)
    assert "GO: nothing found stands in the way" in shown
    assert ui.compared(Settings.from_environment()) == ([], True)
    cloud.client("lambda").update_function_configuration(FunctionName=f"{prefix}-transformer", Timeout=7)
    code, shown = run()
    assert f"change   Lambda function: '{prefix}-transformer' differs in Timeout" in shown
    after = cloud.client("lambda").get_function_configuration(FunctionName=f"{prefix}-transformer")
    assert (code, after["Timeout"]) == (0, 7)
    monkeypatch.setenv("SALES_CDC_EVENT_DRIVEN", "on")
    found = ui.drift(Settings.from_environment())
    assert f"  the Lambda function '{prefix}-transformer' differs in Timeout" in ui.sentences(found)
    assert f"  the EventBridge rule '{prefix}-arrivals' differs in State" in ui.sentences(found)
    assert ui.changeable(found)
    DagRun("sales_cdc_teardown.py", confirm=prefix).run()
