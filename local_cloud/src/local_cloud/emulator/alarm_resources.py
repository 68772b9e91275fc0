"""Read requests of CloudWatch and SNS, which are no JSON, for the checks of permissions.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html,
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html (CloudWatch's protocol, whose body is CBOR)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import cbor2

from local_cloud.wire import Json, json_object


def parameters(headers: Mapping[str, str], body: bytes) -> Json:
    """Return the parameters of a request in CBOR, as a form or in JSON; a form's lists are under the names of their lists."""
    kind = headers.get("content-type", "")
    if kind.startswith("application/cbor"):
        try:
            found = cbor2.loads(body)
        except cbor2.CBORDecodeError:
            return {}
        return found if isinstance(found, dict) else {}
    if kind.startswith("application/x-www-form-urlencoded"):
        fields = parse_qs(body.decode(errors="replace"))
        return {name.partition(".")[0]: values[0] for name, values in fields.items()}
    return json_object(body)


def alarm_arn(path: str, request: Mapping[str, Any], place: str) -> str:
    """Return the ARN against which a request to CloudWatch is checked; ``*`` for one on metrics, which have no resource.

    DescribeAlarms is checked against all alarms, whichever it names. ``place``: region and account as they are in an ARN.

    Example: ``alarm_arn("/service/…/operation/PutMetricAlarm", {"AlarmName": "late"}, "us-east-1:000000000000")``.
    """
    alarms = f"arn:aws:cloudwatch:{place}:alarm:"
    if path.endswith("/DescribeAlarms"):
        return f"{alarms}*"
    if arn := request.get("ResourceARN"):
        return str(arn)
    names = request.get("AlarmNames") or [request.get("AlarmName")]
    return f"{alarms}{names[0]}" if names[0] else "*"


def metric_context(action: str, body: bytes) -> dict[str, str]:
    """Return the condition key of a request that puts metrics, its namespace; empty for every other action.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    """
    if action != "cloudwatch:PutMetricData":
        return {}
    is_form, is_json = b"Namespace=" in body, body[:1] == b"{"
    kind = "application/x-www-form-urlencoded" if is_form else "application/json" if is_json else "application/cbor"
    namespace = parameters({"content-type": kind}, body).get("Namespace")
    return {"cloudwatch:namespace": str(namespace)} if namespace else {}
