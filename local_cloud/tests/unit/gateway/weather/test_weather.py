"""Each kind of weather comes, is that of AWS's models, and passes; without the fault there is none."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from tests.unit.gateway.weather.sky import SECONDS, Sky

from local_cloud.gateway.faults import FaultPlan
from local_cloud.gateway.weather.ages import SHORT, Ages
from local_cloud.gateway.weather.refusals import LOG_GROUP_CHANGES, SLOW
from local_cloud.gateway.weather.views import TAGS

PLACE = "us-east-1:000000000000"
ROLE = "arn:aws:iam::000000000000:role/orders"
FUNCTION = "/2015-03-31/functions"
MODELS = botocore.session.Session()


def code(answer: tuple[int, Any]) -> str:
    return str(answer[1].get("__type", "")).rpartition("#")[2]


@pytest.fixture
def sky() -> Sky:
    return Sky()


def test_without_the_fault_nothing_is_new() -> None:
    sky = Sky(seconds=0)
    sky.form("iam", "CreateRole", RoleName="orders")
    sky.call("kinesis", "CreateStream", StreamName="changes")
    assert sky.form("sts", "AssumeRole", RoleArn=ROLE)[0] == 200
    assert sky.call("kinesis", "AddTagsToStream", StreamName="changes")[0] == 200
    assert sky.faults.describe()["done"] == {}


def test_a_new_role_cannot_be_assumed_yet(sky: Sky) -> None:
    """Firehose, Glue and Pipes of the local cloud assume their roles so; each words the refusal itself."""
    sky.form("iam", "CreateRole", RoleName="orders")
    status, refused = sky.form("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="firehose")
    assert (status, "<Code>AccessDenied</Code>" in refused, ROLE in refused) == (403, True, True)
    sky.wait()
    assert sky.form("sts", "AssumeRole", RoleArn=ROLE)[0] == 200
    assert sky.form("sts", "AssumeRole", RoleArn=f"{ROLE}-old")[0] == 200


def test_a_new_role_is_not_found_for_a_moment(sky: Sky) -> None:
    """Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency."""
    sky.form("iam", "CreateRole", RoleName="orders")
    for operation in ("GetRole", "PutRolePolicy"):
        status, refused = sky.form("iam", operation, RoleName="orders", PolicyName="permissions")
        assert (status, "<Code>NoSuchEntity</Code>" in refused) == (404, True)
        assert "NoSuchEntityException" in {
            shape.name for shape in MODELS.get_service_model("iam").operation_model(operation).error_shapes
        }
    sky.wait(SHORT * SECONDS)
    assert sky.form("iam", "GetRole", RoleName="orders")[0] == 200


@pytest.mark.parametrize(("method", "path"), [("POST", FUNCTION), ("PUT", f"{FUNCTION}/f/configuration")])
def test_lambda_refuses_a_new_role_in_its_own_words(sky: Sky, method: str, path: str) -> None:
    sky.form("iam", "CreateRole", RoleName="orders")
    body = b'{"FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/orders"}'
    status, refused = sky.send("lambda", method, path, body=body)
    assert status == 400
    assert refused["__type"] == "InvalidParameterValueException"
    assert refused["message"] == "The role defined for the function cannot be assumed by Lambda."
    sky.wait()
    assert sky.send("lambda", method, path, body=body)[0] == 200


@pytest.mark.parametrize(
    ("service", "creates", "parameters", "shows", "named", "tags"),
    [
        ("kinesis", "CreateStream", {"StreamName": "n"}, "ListTagsForStream", {"StreamName": "n"}, [{"Key": "a"}]),
        ("firehose", "CreateDeliveryStream", {"DeliveryStreamName": "n"}, "ListTagsForDeliveryStream", {"DeliveryStreamName": "n"}, [{"Key": "a"}]),
        ("dynamodb", "CreateTable", {"TableName": "n"}, "ListTagsOfResource", {"ResourceArn": f"arn:aws:dynamodb:{PLACE}:table/n"}, [{"Key": "a"}]),
        ("events", "PutRule", {"Name": "n"}, "ListTagsForResource", {"ResourceARN": f"arn:aws:events:{PLACE}:rule/n"}, [{"Key": "a"}]),
        ("glue", "CreateCrawler", {"Name": "n"}, "GetTags", {"ResourceArn": f"arn:aws:glue:{PLACE}:crawler/n"}, {"a": "b"}),
        ("glue", "CreateJob", {"Name": "n"}, "GetTags", {"ResourceArn": f"arn:aws:glue:{PLACE}:job/n"}, {"a": "b"}),
        ("glue", "CreateDatabase", {"DatabaseInput": {"Name": "n"}}, "GetTags", {"ResourceArn": f"arn:aws:glue:{PLACE}:database/n"}, {"a": "b"}),
        ("logs", "CreateLogGroup", {"logGroupName": "n"}, "ListTagsForResource", {"resourceArn": f"arn:aws:logs:{PLACE}:log-group:n"}, {"a": "b"}),
        ("athena", "CreateWorkGroup", {"Name": "n"}, "ListTagsForResource", {"ResourceARN": f"arn:aws:athena:{PLACE}:workgroup/n"}, [{"Key": "a"}]),
    ],
)  # fmt: skip
def test_tags_are_late(
    sky: Sky, service: str, creates: str, parameters: Any, shows: str, named: Any, tags: Any
) -> None:
    field = TAGS[service][shows]
    sky.answers[shows] = {field: tags}
    sky.call(service, creates, **parameters)
    assert sky.call(service, shows, **named)[1][field] == type(tags)()
    sky.wait()
    assert sky.call(service, shows, **named)[1][field] == tags


def test_tags_of_functions_and_pipes_are_late(sky: Sky) -> None:
    sky.send("lambda", "POST", FUNCTION, body=b'{"FunctionName": "f"}')
    sky.send("pipes", "POST", "/v1/pipes/p")
    sky.answers = {
        f"GET {FUNCTION}/f": {"Tags": {"a": "b"}, "Configuration": {}},
        "GET /v1/pipes/p": {"Tags": {"a": "b"}},
    }
    assert sky.send("lambda", "GET", f"{FUNCTION}/f")[1]["Tags"] == {}
    assert sky.send("pipes", "GET", "/v1/pipes/p")[1]["Tags"] == {}
    sky.wait()
    assert sky.send("lambda", "GET", f"{FUNCTION}/f")[1]["Tags"] == {"a": "b"}
    assert sky.send("pipes", "GET", "/v1/pipes/p")[1]["Tags"] == {"a": "b"}


def test_a_rule_that_is_put_again_is_not_new_and_one_that_is_made_again_is(sky: Sky) -> None:
    named = {"ResourceARN": f"arn:aws:events:{PLACE}:rule/n"}
    sky.answers["ListTagsForResource"] = {"Tags": [{"Key": "a"}]}
    sky.call("events", "PutRule", Name="n")
    sky.wait()
    sky.call("events", "PutRule", Name="n")
    assert sky.call("events", "ListTagsForResource", **named)[1]["Tags"]
    sky.call("events", "DeleteRule", Name="n")
    sky.call("events", "PutRule", Name="n")
    assert sky.call("events", "ListTagsForResource", **named)[1]["Tags"] == []


def test_a_new_queue_is_not_found_yet_and_a_deleted_one_cannot_be_made_again_yet(sky: Sky) -> None:
    sky.call("sqs", "CreateQueue", QueueName="q")
    url = {"QueueUrl": "http://127.0.0.1/000000000000/q"}
    for operation, named in (("GetQueueUrl", {"QueueName": "q"}), ("GetQueueAttributes", url), ("SendMessage", url)):
        assert code(sky.call("sqs", operation, **named)) == "QueueDoesNotExist"
    sky.wait()
    assert sky.call("sqs", "GetQueueUrl", QueueName="q")[0] == 200
    sky.call("sqs", "DeleteQueue", **url)
    assert code(sky.call("sqs", "CreateQueue", QueueName="q")) == "QueueDeletedRecently"
    sky.wait()
    assert sky.call("sqs", "CreateQueue", QueueName="q")[0] == 200


def test_attributes_of_a_queue_are_late(sky: Sky) -> None:
    queue = {"QueueUrl": "http://127.0.0.1/000000000000/q"}
    sky.answers["GetQueueAttributes"] = {"Attributes": {"VisibilityTimeout": "30"}}
    sky.call("sqs", "SetQueueAttributes", **queue, Attributes={"VisibilityTimeout": "60", "Policy": "{}"})
    now = {"VisibilityTimeout": "60", "Policy": "{}"}
    sky.answers["GetQueueAttributes"] = {"Attributes": now}
    sky.call("sqs", "SetQueueAttributes", **queue, Attributes={"VisibilityTimeout": "60"})
    assert sky.call("sqs", "GetQueueAttributes", **queue)[1]["Attributes"] == {"VisibilityTimeout": "30"}
    sky.wait()
    assert sky.call("sqs", "GetQueueAttributes", **queue)[1]["Attributes"] == now


def test_a_new_bucket_is_not_found_yet_and_a_deleted_one_cannot_be_made_again_yet(sky: Sky) -> None:
    sky.send("s3", "PUT", "/lake")
    for method, path in (("GET", "/lake"), ("PUT", "/lake/raw/1.json"), ("PUT", "/lake"), ("HEAD", "/lake")):
        status, refused = sky.send(
            "s3", method, path, **({"tagging": ""} if path == "/lake" and method == "PUT" else {})
        )
        assert (status, "NoSuchBucket" in refused or method == "HEAD") == (404, True)
    assert sky.send("s3", "PUT", "/other/raw/1.json")[0] == 200
    sky.wait()
    assert sky.send("s3", "GET", "/lake")[0] == 200
    sky.send("s3", "DELETE", "/lake")
    status, refused = sky.send("s3", "PUT", "/lake")
    assert (status, "<Code>OperationAborted</Code>" in refused) == (409, True)
    sky.wait()
    assert sky.send("s3", "PUT", "/lake")[0] == 200


def test_settings_of_a_bucket_in_a_row_abort(sky: Sky) -> None:
    for setting in ("tagging", "versioning"):
        sky.wait(SHORT * SECONDS)
        assert sky.send("s3", "PUT", "/lake", **{setting: ""})[0] == 200
        assert sky.send("s3", "PUT", "/lake", encryption="")[0] == 409
        assert sky.send("s3", "PUT", "/lake/a.json")[0] == 200
        assert sky.send("s3", "GET", "/lake", **{setting: ""})[0] == 200


def test_changes_of_a_log_group_in_a_row_abort(sky: Sky) -> None:
    sky.call("logs", "CreateLogGroup", logGroupName="g")
    assert code(sky.call("logs", "PutRetentionPolicy", logGroupName="g")) == "OperationAbortedException"
    assert sky.call("logs", "PutLogEvents", logGroupName="g", logStreamName="s")[0] == 200
    sky.wait(SHORT * SECONDS)
    assert sky.call("logs", "PutRetentionPolicy", logGroupName="g")[0] == 200


@pytest.mark.parametrize(
    ("service", "named", "shows", "refused"),
    [
        ("kinesis", {"StreamName": "n"}, "DescribeStreamSummary", "AddTagsToStream"),
        ("dynamodb", {"TableName": "n"}, "DescribeTable", "UpdateTable"),
        ("firehose", {"DeliveryStreamName": "n"}, "DescribeDeliveryStream", "TagDeliveryStream"),
    ],
)
def test_what_is_created_stays_so_and_cannot_be_tagged_or_changed_yet(
    sky: Sky, service: str, named: Any, shows: str, refused: str
) -> None:
    slow = SLOW[service]
    (field,), (place,) = slow.state, slow.shows[shows]
    sky.answers[shows] = {place: {field: "ACTIVE", "ARN": "arn"}}
    sky.call(service, slow.creates, **named)
    assert sky.call(service, shows, **named)[1] == {place: {field: "CREATING", "ARN": "arn"}}
    assert code(sky.call(service, refused, **named)) == "ResourceInUseException"
    sky.wait()
    assert sky.call(service, shows, **named)[1] == {place: {field: "ACTIVE", "ARN": "arn"}}
    assert sky.call(service, refused, **named)[0] == 200


def test_a_new_function_is_pending_and_a_new_pipe_is_creating(sky: Sky) -> None:
    assert sky.send("lambda", "POST", FUNCTION, body=b'{"FunctionName": "f"}')[1]["State"] == "Pending"
    assert sky.send("lambda", "GET", f"{FUNCTION}/f/configuration")[1]["StateReasonCode"] == "Creating"
    sky.answers[f"GET {FUNCTION}/f"] = {"Configuration": {"State": "Active"}}
    assert sky.send("lambda", "GET", f"{FUNCTION}/f")[1]["Configuration"]["State"] == "Pending"
    assert sky.send("lambda", "POST", f"{FUNCTION}/f/invocations")[0] == 409
    sky.send("pipes", "POST", "/v1/pipes/p")
    assert sky.send("pipes", "GET", "/v1/pipes/p")[1]["CurrentState"] == "CREATING"
    assert code(sky.send("pipes", "POST", "/v1/pipes/p/stop")) == "ConflictException"
    sky.wait()
    assert sky.send("lambda", "GET", f"{FUNCTION}/f")[1]["Configuration"]["State"] == "Active"
    assert sky.send("lambda", "POST", f"{FUNCTION}/f/invocations")[0] == 200
    assert sky.send("pipes", "POST", "/v1/pipes/p/stop")[0] == 200


@pytest.mark.parametrize("service", SLOW)
def test_every_refusal_is_an_error_that_botocores_model_has_for_the_operation(service: str) -> None:
    model = MODELS.get_service_model(service)
    for operation, refused in SLOW[service].refused.items():
        name = {"InvokeFunction": "Invoke"}.get(operation, operation)
        errors = {shape.name for shape in model.operation_model(name).error_shapes}
        assert refused in errors, operation


def test_log_groups_abort_where_botocores_model_says_so() -> None:
    model = MODELS.get_service_model("logs")
    for operation in LOG_GROUP_CHANGES:
        errors = {shape.name for shape in model.operation_model(operation).error_shapes}
        assert "OperationAbortedException" in errors, operation


def test_the_same_seed_takes_the_same_time_and_another_one_does_not() -> None:
    def seconds(seed: int) -> list[float]:
        faults = Sky(seed).faults
        return [Ages(faults).seconds("role", name) for name in ("a", "b", "c")]

    assert seconds(1) == seconds(1)
    assert seconds(1) != seconds(2)
    assert all(SECONDS / 2 <= each <= SECONDS for each in seconds(3))


def test_a_new_plan_ends_the_weather_and_its_counts() -> None:
    sky = Sky()
    sky.form("iam", "CreateRole", RoleName="orders")
    sky.form("sts", "AssumeRole", RoleArn=ROLE)
    assert sky.faults.describe()["done"] == {"eventual_consistency: role": 1}
    sky.faults.set(FaultPlan(eventual_consistency=SECONDS))
    assert sky.form("sts", "AssumeRole", RoleArn=ROLE)[0] == 200
