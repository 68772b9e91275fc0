"""Test that what passes on AWS is waited for, as long as AWS takes and no longer, and is never final or somebody else's.

The clock is injected: no test sleeps. The codes are AWS's; their sources are in ``Patience`` and the hooks.
"""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from botocore.stub import Stubber
from sales_cdc.aws.task_errors import ResourceError
from sales_cdc.provisioning.definitions import flow, lake
from sales_cdc.provisioning.operators import artifact, provision, remove
from sales_cdc.provisioning.packaging import Artifact, sha256
from sales_cdc.provisioning.patience import NotVisibleYetError, Patience, passes
from sales_cdc.provisioning.resources.stream import StreamHook

from tests.unit.provisioning.conftest import Clock
from tests.unit.topologies import topology

TAGS = topology().tags
LIST = topology().tag_list
ROLE = {
    "Path": "/", "RoleName": "r", "RoleId": "AROAEXAMPLEEXAMPLE", "CreateDate": 0,
    "Arn": "arn:aws:iam::123456789012:role/sales-cdc-pipe-eu-central-1",
}  # fmt: skip


def stubbed(operator: Any) -> Stubber:
    hook = operator.hook
    service = getattr(hook, "service", "s3")
    hook.conn = boto3.client(
        service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    stubber = Stubber(hook.conn)
    stubber.activate()
    return stubber


def provisioning(kind: type[provision.ProvisionOperator], definition: dict[str, Any]) -> tuple[Any, Stubber]:
    place = {"aws_conn_id": None, "region_name": "eu-central-1"}
    operator = kind(task_id="provision", definition=definition, owner_tags=TAGS, **place)
    return operator, stubbed(operator)


def refusal(code: str, message: str = "because") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateThing")


# Patience


def failing(errors: list[Exception]) -> Any:
    def call() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    return call


def test_pauses_grow_and_the_call_is_repeated_until_it_succeeds() -> None:
    clock = Clock()
    slow = failing([refusal("OperationAborted")] * 6)
    assert Patience(120, clock.sleep, clock).outlast(slow, passes) == "done"
    assert clock.now == 1 + 2 + 4 + 8 + 15 + 15


def test_patience_ends_and_the_last_error_is_raised() -> None:
    clock = Clock()
    with pytest.raises(ClientError, match="OperationAborted"):
        Patience(120, clock.sleep, clock).outlast(failing([refusal("OperationAborted")] * 99), passes)
    assert 90 < clock.now <= 120


def test_what_does_not_pass_is_raised_at_once() -> None:
    clock = Clock()
    with pytest.raises(ClientError, match="AccessDenied"):
        Patience(120, clock.sleep, clock).outlast(failing([refusal("AccessDenied")]), passes)
    assert clock.now == 0


@pytest.mark.parametrize(
    "error",
    [
        refusal("OperationAborted", "A conflicting conditional operation is currently in progress"),
        refusal("OperationAbortedException", "Multiple requests to update the same resource were in conflict."),
        refusal("AWS.SimpleQueueService.QueueDeletedRecently", "You must wait 60 seconds"),
        refusal("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
        refusal("InvalidArgumentException", "Firehose is unable to assume role arn:aws:iam::123456789012:role/x."),
        refusal("InvalidInputException", "Service is unable to assume provided role. Please verify role's TrustPolicy"),
        WaiterError("pipe_running", "failed", {"StateReason": "Unable to assume the execution role"}),
        NotVisibleYetError("late"),
    ],
    ids=lambda error: str(error)[:60],
)
def test_it_passes(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDeniedException", "not authorized to perform: iam:PassRole on resource: role x"),
        refusal("ValidationException"),
        refusal("NoSuchBucket"),
        WaiterError("pipe_running", "failed", {"StateReason": "no such stream"}),
    ],
    ids=lambda error: str(error)[:60],
)
def test_it_does_not_pass(error: Exception) -> None:
    assert not passes(error)


# What is new and late


def described(tags: list[dict[str, str]] | None) -> dict[str, Any]:
    return {"Role": {**ROLE, **({"Tags": tags} if tags else {})}}


def answer_role(stubber: Stubber, tags: list[dict[str, str]] | None) -> None:
    stubber.add_response("get_role", described(tags))
    stubber.add_client_error("get_role_policy", "NoSuchEntity")


def test_a_new_role_whose_tags_are_late_is_waited_for_and_not_called_foreign(clock: Clock) -> None:
    operator, stubber = provisioning(provision.ProvisionRoleOperator, flow.role(topology(), "pipe"))
    stubber.add_client_error("get_role", "NoSuchEntity")
    stubber.add_response("create_role", described(LIST))
    stubber.add_client_error("get_role", "NoSuchEntity")  # not visible yet
    stubber.add_client_error("get_role", "NoSuchEntity")
    stubber.add_client_error("create_role", "EntityAlreadyExists")
    answer_role(stubber, None)  # visible, without its tags
    answer_role(stubber, None)
    answer_role(stubber, LIST)
    answer_role(stubber, LIST)  # the update is refused once: known to some of IAM only
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operator.hook, "update", _once_refused(refusal("NoSuchEntity")))
        assert operator.execute({})["action"] == "created"
    assert 0 < clock.now <= 120


def _once_refused(error: ClientError) -> Any:
    errors = [error]

    def update(*_: Any) -> list[str]:
        if errors:
            raise errors.pop()
        return []

    return update


def test_tags_that_never_come_fail_the_try_and_not_the_run(clock: Clock) -> None:
    operator, stubber = provisioning(provision.ProvisionRoleOperator, flow.role(topology(), "pipe"))
    stubber.add_client_error("get_role", "NoSuchEntity")
    stubber.add_response("create_role", described(LIST))
    for _ in range(40):
        answer_role(stubber, None)
    with pytest.raises(ResourceError, match="made by this run, but its tags are"):
        operator.execute({})
    assert 90 < clock.now <= 120


def test_a_retry_waits_for_the_tags_of_what_an_earlier_try_may_have_made(clock: Clock) -> None:
    class Ti:
        try_number = 2

    operator, stubber = provisioning(provision.ProvisionRoleOperator, flow.role(topology(), "pipe"))
    for _ in range(40):
        answer_role(stubber, None)
    with pytest.raises(provision.ForeignResourceError, match="did not create it"):
        operator.execute({"ti": Ti()})
    assert clock.now > 90


def test_a_stranger_s_is_called_so_at_once_in_the_first_try(clock: Clock) -> None:
    operator, stubber = provisioning(provision.ProvisionRoleOperator, flow.role(topology(), "pipe"))
    answer_role(stubber, [{"Key": "owner", "Value": "them"}])
    with pytest.raises(provision.ForeignResourceError):
        operator.execute({})
    assert clock.now == 0


def test_what_has_no_tag_may_be_of_a_setup_beside_this_one_and_is_waited_for(clock: Clock) -> None:
    operator, stubber = provisioning(provision.ProvisionRoleOperator, flow.role(topology(), "pipe"))
    for tags in (None, None, LIST):
        answer_role(stubber, tags)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operator.hook, "update", lambda *_: [])
        assert operator.execute({})["action"] == "unchanged"
    assert clock.now == 1 + 2


def test_what_never_gets_a_tag_is_a_stranger_s(clock: Clock) -> None:
    operator, stubber = provisioning(provision.ProvisionRoleOperator, flow.role(topology(), "pipe"))
    for _ in range(40):
        answer_role(stubber, None)
    with pytest.raises(provision.ForeignResourceError, match="did not create it"):
        operator.execute({})
    assert 90 < clock.now <= 120


def test_a_bucket_whose_name_was_in_use_is_made_when_s3_frees_it(clock: Clock) -> None:
    definition = lake.bucket(topology())
    operator, stubber = provisioning(provision.ProvisionBucketOperator, definition)
    for _ in range(20):
        stubber.add_client_error("head_bucket", "404")
        stubber.add_client_error("create_bucket", "OperationAborted", "A conflicting conditional operation")
    stubber.add_client_error("head_bucket", "404")
    stubber.add_response("create_bucket", {})
    stubber.add_client_error("get_bucket_tagging", "NoSuchBucket")  # right after the create
    stubber.add_response("head_bucket", {})
    stubber.add_response("get_bucket_tagging", {"TagSet": LIST})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operator.hook, "update", lambda *_: [])
        assert operator.execute({})["name"] == definition["Bucket"]
    assert 240 < clock.now < 480


def test_a_bucket_s_settings_in_conflict_are_set_again(clock: Clock) -> None:
    operator, stubber = provisioning(provision.ProvisionBucketOperator, lake.bucket(topology()))
    for _ in range(2):
        stubber.add_response("head_bucket", {})
        stubber.add_response("get_bucket_tagging", {"TagSet": LIST})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operator.hook, "update", _once_refused(refusal("OperationAborted")))
        assert operator.execute({})["action"] == "unchanged"
    assert clock.now == 1


def test_an_artifact_waits_for_a_bucket_that_was_made_a_moment_ago(clock: Clock, monkeypatch: Any) -> None:
    monkeypatch.setattr(Artifact, "content", lambda _: b"code")
    code = Artifact(key="artifacts/x.zip", files={})
    operator = artifact.UploadArtifactOperator(task_id="u", artifact=code, bucket="b", aws_conn_id=None)
    stubber = stubbed(operator)
    stubber.add_client_error("head_object", "404")
    stubber.add_client_error("put_object", "NoSuchBucket")
    stubber.add_response("put_object", {})
    assert operator.execute({})["sha256"] == sha256(b"code")
    assert clock.now == 1


def test_a_log_group_that_another_request_changes_is_removed_later(clock: Clock) -> None:
    name = topology().delivery_log.name
    operator = remove.RemoveLogGroupOperator(task_id="r", resource=name, owner_tags=TAGS, aws_conn_id=None)
    stubber = stubbed(operator)
    group = {"logGroups": [{"logGroupName": name, "arn": topology().delivery_log.arn}]}
    for error in ("OperationAbortedException", None):
        stubber.add_response("describe_log_groups", group)
        stubber.add_response("list_tags_for_resource", {"tags": TAGS})
        if error:
            stubber.add_client_error("delete_log_group", error)
        else:
            stubber.add_response("delete_log_group", {})
    assert operator.execute({})["action"] == "removed"
    assert clock.now == 1


def test_attributes_of_a_queue_that_are_not_visible_yet_are_set_again(clock: Clock) -> None:
    definition = flow.arrivals_queue(topology())
    operator, stubber = provisioning(provision.ProvisionQueueOperator, definition)
    url = {"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/sales-cdc-arrivals"}
    stubber.add_client_error("get_queue_url", "AWS.SimpleQueueService.NonExistentQueue")
    stubber.add_client_error("create_queue", "AWS.SimpleQueueService.QueueDeletedRecently")
    stubber.add_client_error("get_queue_url", "AWS.SimpleQueueService.NonExistentQueue")
    stubber.add_response("create_queue", url)
    look: list[tuple[str, dict[str, Any]]] = [
        ("get_queue_url", url),
        ("get_queue_attributes", {"Attributes": {"QueueArn": topology().arrivals_queue.arn}}),  # none of ours
        ("list_queue_tags", {"Tags": TAGS}),
    ]
    for call, answer in [*look, ("set_queue_attributes", {}), *look]:
        stubber.add_response(call, answer)
    assert operator.execute({})["action"] == "created"
    stubber.assert_no_pending_responses()


# A stream that is CREATING


def test_a_stream_is_tagged_only_once_it_is_active() -> None:
    definition = flow.stream(topology())
    hook = StreamHook(aws_conn_id=None, region_name="eu-central-1")
    hook.conn = boto3.client("kinesis", region_name="eu-central-1", aws_access_key_id="t", aws_secret_access_key="t")
    summary = {
        "StreamName": "s", "StreamARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/s", "RetentionPeriodHours": 24,
        "StreamStatus": "ACTIVE", "StreamCreationTimestamp": 0, "EnhancedMonitoring": [], "OpenShardCount": 1,
    }  # fmt: skip
    with Stubber(hook.conn) as stubber:
        stubber.add_response("create_stream", {})
        stubber.add_response("describe_stream_summary", {"StreamDescriptionSummary": summary})
        stubber.add_response("list_tags_for_stream", {"Tags": [], "HasMoreTags": False})
        stubber.add_response("add_tags_to_stream", {})
        hook.create(definition)
        stubber.assert_no_pending_responses()
