"""JSON paths are read as documented.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
"""

from __future__ import annotations

import pytest

from local_cloud.pipes.paths import PathError, resolve

EVENT = {
    "eventID": "e1",
    "dynamodb": {"Keys": {"orderid": {"S": "o-1"}}, "NewImage": {"unit price": {"N": "2"}, "net/gross": {"N": "3"}}},
    "items": [{"name": "a"}, {"name": "b"}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.eventID", "e1"),
        ("$.dynamodb.Keys.orderid.S", "o-1"),
        ("$.items[1].name", "b"),
        ("$.items[*].name", ["a", "b"]),
        ("$.dynamodb.Keys.*.S", ["o-1"]),
        ("$['dynamodb']['NewImage']['unit price'].N", "2"),
        ("$.dynamodb.NewImage.net/gross.N", "3"),
        ("$", EVENT),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: object) -> None:
    assert resolve(EVENT, path) == value


@pytest.mark.parametrize(
    "path", ["$.eventid", "$.eventID.x", "$.eventID[0]", "$.items[2]", "$.items.name", "$.items[0].name[0]"]
)
def test_a_path_without_a_value_is_an_error(path: str) -> None:
    with pytest.raises(PathError):
        resolve(EVENT, path)


@pytest.mark.parametrize("path", ["eventID", "$.", "$.a..b", "$.a[", "$.a[x]", "$ .a"])
def test_a_malformed_path_is_an_error(path: str) -> None:
    with pytest.raises(PathError):
        resolve(EVENT, path)
