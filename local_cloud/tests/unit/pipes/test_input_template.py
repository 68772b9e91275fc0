"""Input templates are filled as documented.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import json

import pytest

from local_cloud.pipes.template import render, reserved_variables

EVENT = {"eventID": "e1", "dynamodb": {"Keys": {"orderid": {"S": 'o-"1"'}}, "SizeBytes": 26}, "tags": ["a", "b"]}
VARIABLES = reserved_variables("arn:pipe", "orders", "arn:source", "arn:target")


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("Hello, sender", "Hello, sender"),
        ("<$.eventID>", '"e1"'),
        ('{"id": "<$.eventID>"}', '{"id": "e1"}'),
        ('{"id": <$.eventID>}', '{"id": "e1"}'),
        ('{"size": <$.dynamodb.SizeBytes>}', '{"size": 26}'),
        ('{"keys": <$.dynamodb.Keys>}', '{"keys": {"orderid":{"S":"o-\\"1\\""}}}'),
        ('{"order": "no. <$.dynamodb.Keys.orderid.S>"}', '{"order": "no. o-\\"1\\""}'),
        ('{"second": <$.tags[1]>}', '{"second": "b"}'),
        ('{"none": <$.absent>, "text": "<$.absent>"}', '{"none": null, "text": ""}'),
        (
            '{"pipe": "<aws.pipes.pipe-name>", "from": "<aws.pipes.source-arn>"}',
            '{"pipe": "orders", "from": "arn:source"}',
        ),
    ],
)
def test_placeholders_are_replaced(template: str, rendered: str) -> None:
    assert render(template, EVENT, VARIABLES) == rendered


def test_the_template_can_contain_the_whole_event() -> None:
    rendered = render('{"event": <aws.pipes.event.json>}', EVENT, VARIABLES)
    assert json.loads(rendered) == {"event": EVENT}
