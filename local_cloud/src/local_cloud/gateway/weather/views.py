"""What AWS does not show yet while something is new: tags, states, attributes of queues.

Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html ("can take up to 60
seconds"), https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html and IAM's page on eventual consistency,
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_cloud.gateway.weather.ages import Ages
from local_cloud.gateway.weather.calls import Call
from local_cloud.gateway.weather.refusals import SLOW
from local_cloud.wire import Answer, Json, json_object

TAGS: Mapping[str, Mapping[str, str]] = {
    "athena": {"ListTagsForResource": "Tags"},
    "dynamodb": {"ListTagsOfResource": "Tags"},
    "events": {"ListTagsForResource": "Tags"},
    "firehose": {"ListTagsForDeliveryStream": "Tags"},
    "glue": {"GetTags": "Tags"},
    "kinesis": {"ListTagsForStream": "Tags", "ListTagsForResource": "Tags"},
    "lambda": {"GetFunction": "Tags", "ListTags": "Tags"},
    "logs": {"ListTagsForResource": "tags"},
    "pipes": {"DescribePipe": "Tags", "ListTagsForResource": "tags"},
    "sqs": {"ListQueueTags": "Tags"},
}
"""The operations that show tags, by service, and the field of the answer."""


def shown(call: Call, answered: Answer, ages: Ages, old_attributes: Mapping[str, Json]) -> Answer:
    """Return the answer as it is while what it is about is new.

    Args:
        call: the call.
        answered: its answer.
        ages: what is new.
        old_attributes: the attributes of queues before their last change, by the queue's ARN; None: there was none.
    """
    status, headers, body = answered
    if status >= 300:
        return answered
    document = json_object(body)
    views = {
        "tags": _hide_tags(call, document, ages),
        "creating": _show_creating(call, document, ages),
        "attributes": _show_old_attributes(call, document, ages, old_attributes),
    }
    if not any(views.values()):
        return answered
    for kind, is_changed in views.items():
        if is_changed:
            ages.count(kind)
    kept = {name: value for name, value in headers.items() if name.lower() not in {"content-length", "x-amz-crc32"}}
    return status, kept, json.dumps(document).encode()


def _hide_tags(call: Call, document: Json, ages: Ages) -> bool:
    field = TAGS.get(call.service, {}).get(call.operation)
    if field is None or not document.get(field) or not ages.is_new("tags", call.name):
        return False
    document[field] = type(document[field])()
    return True


def _show_creating(call: Call, document: Json, ages: Ages) -> bool:
    slow = SLOW.get(call.service)
    if slow is None or call.operation not in slow.shows or not ages.is_new("creating", call.name):
        return False
    place: Any = document
    for step in slow.shows[call.operation]:
        place = place.get(step, {})
    place.update(slow.state)
    return True


def _show_old_attributes(call: Call, document: Json, ages: Ages, old: Mapping[str, Json]) -> bool:
    """Show the attributes as they were, among those that were asked for."""
    found = document.get("Attributes")
    if call.operation != "GetQueueAttributes" or not found or not ages.is_new("attributes", call.name):
        return False
    for name, value in old.get(call.name, {}).items():
        if name in found:
            found[name] = value
            if value is None:
                del found[name]
    return True
