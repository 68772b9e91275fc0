"""Correct the resources against which MiniStack checks permissions, and the messages of its denials.

In brackets: what MiniStack would check. The resources are those of the services' pages under
https://docs.aws.amazon.com/service-authorization/latest/reference/ (``list_amazondynamodb.html`` and so on).

* A call on a DynamoDB stream is checked against the stream's ARN (``*``, which only ``*`` allows).
* A call on a Kinesis stream in CBOR is checked against the stream (it fails).
* ListStreams of DynamoDB and UpdateStreamMode of Kinesis have no resource (``*``, the stream).
* A call on a table's exports is checked against the export or, when it has none yet, the table (``*``).
* A denied transaction in one table names that table.
* A call on the tags of a pipe is checked against the pipe (``*``).
* A Glue call on the catalog is checked against the catalog first (its database, or a table), and against each further resource
  by ``further_checks.py``. A call that names its crawler or job as ``Name`` is checked against that (a table); a classifier, a
  security configuration, a crawler's schedule and a list of crawlers or jobs have no resource (a table, the catalog). CreateCrawler is checked against the crawler, as AWS's denials show
  ("glue:CreateCrawler on resource: arn:aws:glue:…:crawler/…"), though the reference lists no resource for it.
* A key of S3 keeps its slashes: a folder marker ``raw/orders/`` is checked as that (``raw/orders``, which ``raw/orders/*`` does
  not allow).
* An Athena call that names a work group as ``Name``, or a query, is checked against that work group (``*``).
* The creation of a Lambda function is checked against its name, a call with an ARN against that ARN (``*``).
* A rule on the default event bus has no bus in its ARN.
* A call on an alarm is checked against that alarm, DescribeAlarms against all alarms (``*``).
* Metrics are put under the condition of their namespace (``cloudwatch:namespace``; none).
* A call on a batch of messages of SQS needs the action of one (DeleteMessageBatch and its like, which are no actions of IAM).
* A call on the tags of an SNS topic is checked against that topic (``*``).
* A call that names a log stream is checked against that stream (the log group).
* A call over the loopback counts as one over TLS (``aws:SecureTransport``): no one else can listen there, so a bucket policy
  that refuses plain HTTP works unchanged.
* A denial names the resource. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from local_cloud.cbor import json_body
from local_cloud.emulator.alarm_resources import alarm_arn, metric_context, parameters
from local_cloud.emulator.catalog_resources import catalog_resources
from local_cloud.emulator.seams import require
from local_cloud.wire import json_object

ResourceArn = Callable[..., str]
WorkGroupOf = Callable[[str], str | None]
_WITHOUT_RESOURCE = (
    "Classifier", "Classifiers", "SecurityConfiguration", "SecurityConfigurations", "CrawlerMetrics", "CrawlerSchedule",
    "GetCrawlers", "ListCrawlers", "GetJobs", "ListJobs",
)  # fmt: skip


def patch_permission_checks(emulator: Any, iam_actions: Any, work_group_of: WorkGroupOf) -> None:
    """Correct the checks in MiniStack's modules.

    Args:
        emulator: ``ministack.app``.
        iam_actions: ``ministack.core.iam_actions``.
        work_group_of: returns the work group of an Athena query by the query's id; None when it is not known.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(emulator, "pin_request_origin")
    require(
        iam_actions, "extract_resource_arn", "access_denied_response", "identity_denial_message", "request_tag_context",
        "extract_iam_action",
    )  # fmt: skip
    pin = emulator.pin_request_origin
    emulator.pin_request_origin = lambda source_ip, _: pin(source_ip, True)
    iam_actions.extract_iam_action = of_one_message(iam_actions.extract_iam_action)
    iam_actions.extract_resource_arn = with_resources(iam_actions.extract_resource_arn, work_group_of)
    tags = iam_actions.request_tag_context
    iam_actions.request_tag_context = lambda service, action, body, params: {
        **tags(service, action, body, params),
        **metric_context(action, body),
    }
    iam_actions.access_denied_response = name_resource(
        iam_actions.access_denied_response, iam_actions.identity_denial_message
    )


def of_one_message(action_of: Callable[..., str | None]) -> Callable[..., str | None]:
    """Return ``action_of`` with the action of a message for a call on a batch of messages."""

    def corrected(*request: Any) -> str | None:
        action = action_of(*request)
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    return corrected


def name_resource(respond: Callable[..., Any], message_of: Callable[..., str]) -> Callable[..., Any]:
    """Return ``respond`` with the resource in the message when an identity-based policy decided; S3 quotes it."""

    def named(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Any:
        resource = details.get("resource_arn", "*")
        is_said = any(details.get(name) for name in ("error_code", "message", "resource_policy_arn"))
        if resource != "*" and not is_said:
            shown = f'"{resource}"' if service == "s3" else resource
            details["message"] = message_of(action, principal_arn, shown, details.get("explicit_deny", False))
        return respond(service, action, principal_arn, request_id, **details)

    return named


def with_resources(resource_arn: ResourceArn, work_group_of: WorkGroupOf) -> ResourceArn:
    """Return ``resource_arn`` extended by the resources that it does not find in a request."""

    def extended(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        if service == "kinesis":
            body = json_body(headers, body)
        if found := _corrected(service, path, headers, body, region, account, work_group_of):
            return found
        arn = resource_arn(service, method, path, headers, body, query, region, account)
        arn = arn.replace(":rule/default/", ":rule/")
        request = json_object(body)
        if service == "kinesis" and headers.get("x-amz-target", "").endswith(".UpdateStreamMode"):
            return "*"
        if service == "pipes" and path.startswith("/tags/"):
            return unquote(path.removeprefix("/tags/"))
        if arn == "*":
            return _named(service, request, f"{region}:{account}") or arn
        log_stream = request.get("logStreamName") if service == "logs" else None
        return f"{arn}:log-stream:{log_stream}" if log_stream else arn

    return extended


def _corrected(
    service: str, path: str, headers: Any, body: bytes, region: str, account: str, work_group_of: WorkGroupOf
) -> str | None:
    """Return the ARN of a request that MiniStack would check against another; None when it would not."""
    if service == "s3":
        return object_arn(path)
    if service == "dynamodbstreams":
        return stream_arn(body, region, account)
    if service == "glue":
        return glue_arn(headers.get("x-amz-target", ""), body, region, account)
    if service == "athena":
        return work_group_arn(body, region, account, work_group_of)
    if service == "monitoring" and (named := parameters(headers, body)):
        return alarm_arn(path, named, f"{region}:{account}")
    if service == "sns":  # tags of a topic: every other call names it as TopicArn, which MiniStack reads
        return parameters(headers, body).get("ResourceArn")
    return None


def _named(service: str, request: dict[str, Any], place: str) -> str | None:
    """Return the ARN of what a request names in a field that MiniStack does not read; None when it names nothing."""
    if arn := request.get("ResourceArn") or request.get("ResourceARN"):
        return str(arn)
    if service == "dynamodb" and (arn := request.get("ExportArn") or request.get("TableArn")):
        return str(arn)
    if service == "dynamodb" and (table := _only_table(request)):
        return f"arn:aws:dynamodb:{place}:table/{table}"
    if service == "events" and (rule := request.get("Rule")):
        return f"arn:aws:events:{place}:rule/{rule}"
    if service == "lambda" and (function := request.get("FunctionName")):
        return f"arn:aws:lambda:{place}:function:{function}"
    return None


def _only_table(request: dict[str, Any]) -> str | None:
    """Return the table of a transaction when all its items are in one."""
    parts = [part for item in request.get("TransactItems", []) for part in item.values()]
    tables = {str(part.get("TableName")) for part in parts}
    return tables.pop() if len(tables) == 1 else None


def stream_arn(body: bytes, region: str, account: str) -> str:
    """Return the ARN of a request's stream; ``*`` for ListStreams, which has no resource."""
    request = json_object(body)
    position = json_object(_decoded(request.get("ShardIterator", "")))
    if found := request.get("StreamArn") or position.get("arn"):
        return str(found)
    table = position.get("t")
    return f"arn:aws:dynamodb:{region}:{account}:table/{table}/stream/*" if table else "*"


def object_arn(path: str) -> str | None:
    """Return the ARN of the object in the path of an S3 request, with every slash of its key; None for a bucket."""
    bucket, _, key = path.removeprefix("/").partition("/")
    return f"arn:aws:s3:::{bucket}/{key}" if bucket and key else None


def glue_arn(target: str, body: bytes, region: str, account: str) -> str | None:
    """Return the first ARN against which a Glue request is checked; None when it names neither catalog, crawler nor job."""
    request = json_object(body)
    action = target.rpartition(".")[2]
    if arn := request.get("ResourceArn"):
        return str(arn)
    if catalog := catalog_resources(action, request, f"{region}:{account}"):
        return catalog[0]
    if action.endswith(_WITHOUT_RESOURCE):
        return "*"
    name = request.get("Name")
    for kind in ("Crawler", "Job"):
        if isinstance(name, str) and action.endswith(kind):
            return f"arn:aws:glue:{region}:{account}:{kind.lower()}/{name}"
    return None


def work_group_arn(body: bytes, region: str, account: str, work_group_of: WorkGroupOf) -> str | None:
    """Return the ARN of an Athena request's work group, named or that of its query; None when it has none."""
    request = json_object(body)
    queries = request.get("QueryExecutionIds") or [request.get("QueryExecutionId")]
    group = request.get("WorkGroup") or request.get("Name") or work_group_of(str(queries[0]))
    return f"arn:aws:athena:{region}:{account}:workgroup/{group}" if group else None


def _decoded(iterator: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(iterator)
    except ValueError:
        return b""
