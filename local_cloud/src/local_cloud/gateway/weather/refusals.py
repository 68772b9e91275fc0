"""What AWS refuses while something is new, in each service's own words.

Sources: the errors and documentation of the operations in botocore's models; for roles and buckets, what Terraform's provider
retries: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lambda/function.go,
https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/iam/role.go,
https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/glue/crawler.go,
https://github.com/hashicorp/terraform/pull/4407 (Firehose), https://github.com/aws/aws-cli/issues/2593 (a bucket that was deleted),
https://github.com/ansible/ansible/pull/67811 (settings of a bucket). The local cloud's Firehose, Glue and Pipes word the refusal of
``sts:AssumeRole`` themselves, as they do for a role that does not trust them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

from local_cloud.gateway.weather.ages import SHORT, Ages
from local_cloud.gateway.weather.calls import Call
from local_cloud.wire import Answer


class Refusal(NamedTuple):
    """An error in a service's words."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True, slots=True)
class Slow:
    """A kind of resource that takes its time until it can be used.

    Attributes:
        creates: the operation that makes it.
        state: what its state is until then, and what AWS says beside.
        shows: where the answers of operations have the state.
        refused: the operations that are refused until then, with the code of the error.
        status: the HTTP status of these errors.
    """

    creates: str
    state: Mapping[str, str]
    shows: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]
    status: int = 400


_KINESIS = Slow(
    "CreateStream",
    {"StreamStatus": "CREATING"},
    {"DescribeStream": ("StreamDescription",), "DescribeStreamSummary": ("StreamDescriptionSummary",)},
    {
        **dict.fromkeys(
            (
                "AddTagsToStream",
                "RemoveTagsFromStream",
                "StartStreamEncryption",
                "UpdateStreamMode",
                "UpdateShardCount",
            ),
            "ResourceInUseException",
        ),
        **dict.fromkeys(("PutRecord", "PutRecords", "GetShardIterator"), "ResourceNotFoundException"),
    },
)
_DYNAMODB = Slow(
    "CreateTable",
    {"TableStatus": "CREATING"},
    {"CreateTable": ("TableDescription",), "DescribeTable": ("Table",)},
    {
        **dict.fromkeys(("UpdateTable", "DeleteTable", "TagResource", "UpdateTimeToLive"), "ResourceInUseException"),
        "UpdateContinuousBackups": "ContinuousBackupsUnavailableException",
        **dict.fromkeys(
            ("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchWriteItem", "TransactWriteItems"),
            "ResourceNotFoundException",
        ),
    },
)
_FIREHOSE = Slow(
    "CreateDeliveryStream",
    {"DeliveryStreamStatus": "CREATING"},
    {"DescribeDeliveryStream": ("DeliveryStreamDescription",)},
    {
        **dict.fromkeys(
            ("TagDeliveryStream", "UntagDeliveryStream", "UpdateDestination", "DeleteDeliveryStream"),
            "ResourceInUseException",
        ),
        **dict.fromkeys(("PutRecord", "PutRecordBatch"), "ResourceNotFoundException"),
    },
)
_LAMBDA = Slow(
    "CreateFunction",
    {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"},
    {"CreateFunction": (), "GetFunctionConfiguration": (), "GetFunction": ("Configuration",)},
    dict.fromkeys(("UpdateFunctionCode", "UpdateFunctionConfiguration", "InvokeFunction"), "ResourceConflictException"),
    409,
)
_PIPES = Slow(
    "CreatePipe",
    {"CurrentState": "CREATING"},
    {"DescribePipe": ()},
    dict.fromkeys(("UpdatePipe", "StartPipe", "StopPipe", "DeletePipe"), "ConflictException"),
    409,
)
SLOW: Mapping[str, Slow] = {
    "kinesis": _KINESIS, "dynamodb": _DYNAMODB, "firehose": _FIREHOSE, "lambda": _LAMBDA, "pipes": _PIPES
}  # fmt: skip
LOG_GROUP_CHANGES = frozenset(
    {"CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "AssociateKmsKey"}
)
GIVES_ROLE = frozenset({"CreateFunction", "UpdateFunctionConfiguration"})
ROLE_OF_FUNCTION = Refusal(
    "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
)
ABORTED_BUCKET = Refusal(
    "OperationAborted",
    "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    409,
)
ABORTED_LOG_GROUP = Refusal(
    "OperationAbortedException", "Multiple concurrent requests to update the same resource were in conflict."
)
NO_ROLE = Refusal("NoSuchEntity", "The role cannot be found.", 404)
NO_BUCKET = Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
NO_QUEUE = Refusal("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
DELETED_QUEUE = Refusal(
    "com.amazonaws.sqs#QueueDeletedRecently",
    "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
)
_QUERY_ERRORS = {
    NO_QUEUE.code: "AWS.SimpleQueueService.NonExistentQueue;Sender",
    DELETED_QUEUE.code: "AWS.SimpleQueueService.QueueDeletedRecently;Sender",
}


def refusal_of(call: Call, ages: Ages) -> Answer | None:
    """Return the refusal of a call while what it is about is new; None when it may pass."""
    for kind, rule in _RULES.get(call.service, []):
        if (refusal := rule(call, ages)) is not None:
            ages.count(kind)
            return answer(call, refusal)
    return None


def role_name(arn: str) -> str:
    """Return the name of a role, given as an ARN or by its name."""
    return arn.rpartition("/")[2]


def _new_role(call: Call, ages: Ages) -> Refusal | None:
    if call.service == "lambda":
        role = str(call.parameters.get("Role", ""))
        return ROLE_OF_FUNCTION if call.operation in GIVES_ROLE and ages.is_new("role", role_name(role)) else None
    if call.operation == "AssumeRole" and ages.is_new("role", role_name(call.name)):
        return Refusal(
            "AccessDenied", f"User is not authorized to perform: sts:AssumeRole on resource: {call.name}", 403
        )
    return None


def _unseen_role(call: Call, ages: Ages) -> Refusal | None:
    is_about_one = "Role" in call.operation and call.operation not in {"CreateRole", "ListRoles"}
    return NO_ROLE if is_about_one and ages.is_new("role", role_name(call.name), SHORT) else None


def _new_bucket(call: Call, ages: Ages) -> Refusal | None:
    if call.operation == "CreateBucket":
        return ABORTED_BUCKET if ages.is_new("deleted bucket", call.name) else None
    return NO_BUCKET if ages.is_new("bucket", call.name) else None


def changes_bucket(call: Call) -> bool:
    """Tell whether the call changes a setting of a bucket."""
    is_whole = call.operation in {"CreateBucket", "DeleteBucket"}
    return call.request.method in {"PUT", "DELETE"} and not call.is_about_an_object and not is_whole


def _busy_bucket(call: Call, ages: Ages) -> Refusal | None:
    return ABORTED_BUCKET if changes_bucket(call) and ages.is_new("bucket's setting", call.name, SHORT) else None


def _busy_log_group(call: Call, ages: Ages) -> Refusal | None:
    if call.operation in LOG_GROUP_CHANGES and ages.is_new("log group's setting", call.name, SHORT):
        return ABORTED_LOG_GROUP
    return None


def _new_queue(call: Call, ages: Ages) -> Refusal | None:
    if call.operation == "CreateQueue":
        return DELETED_QUEUE if ages.is_new("deleted queue", call.name) else None
    return NO_QUEUE if ages.is_new("queue", call.name) else None


def _creating(call: Call, ages: Ages) -> Refusal | None:
    slow = SLOW[call.service]
    code = slow.refused.get(call.operation)
    if code is None or not ages.is_new("creating", call.name):
        return None
    state = next(iter(slow.state.values()))
    return Refusal(code, f"The operation cannot be performed now: {call.name} is {state}.", slow.status)


Rule = Callable[[Call, Ages], Refusal | None]
_RULES: Mapping[str, list[tuple[str, Rule]]] = {
    "iam": [("unseen role", _unseen_role)],
    "sts": [("role", _new_role)],
    "lambda": [("role", _new_role), ("creating", _creating)],
    "s3": [("bucket", _new_bucket), ("bucket's setting", _busy_bucket)],
    "logs": [("log group's setting", _busy_log_group)],
    "sqs": [("queue", _new_queue)],
    **{service: [("creating", _creating)] for service in ("kinesis", "dynamodb", "firehose", "pipes")},
}


def answer(call: Call, refusal: Refusal) -> Answer:
    """Return the error as the service's protocol has it."""
    code, message, status = refusal
    if call.service in {"s3", "sts", "iam"}:
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        text = error if call.service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
        body = b"" if call.request.method == "HEAD" else text.encode()
        return status, {"Content-Type": "application/xml"}, body
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    if code in _QUERY_ERRORS:
        headers["x-amzn-query-error"] = _QUERY_ERRORS[code]
    document = {"__type": code, "message": message, "Message": message}
    return status, headers, json.dumps(document).encode()
