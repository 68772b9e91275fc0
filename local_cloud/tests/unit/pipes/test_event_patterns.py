"""Event patterns match as documented, and those that EventBridge refuses are refused.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html. Every case below was asked of
event-ruler 1.8.1, with which EventBridge reads patterns (https://github.com/aws/event-ruler): it answers the same.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.pipes.patterns import PatternError, compile_pattern

EVENT = {
    "eventName": "INSERT",
    "dynamodb": {"NewImage": {"quantity": {"N": "5"}, "product_name": {"S": "Laptop"}}, "SizeBytes": 26},
    "userIdentity": None,
    "tags": ["blue", "green"],
    "parts": [{"name": "case"}, {"name": "screen"}],
    "isActive": True,
    "address": "10.0.0.7",
    "empty": "",
    "sizes": [[1, 2], [3]],
    "path": "C:\\a*b",
    "a.b": "dot",
}


def matches(pattern: dict[str, Any]) -> bool:
    return compile_pattern(json.dumps(pattern))(EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["INSERT"]},
        {"eventName": ["REMOVE", "INSERT"]},
        {"dynamodb": {"NewImage": {"quantity": {"N": ["5"]}}}},
        {"userIdentity": [None]},
        {"empty": [""]},
        {"isActive": [True]},
        {"tags": ["green"]},
        {"parts": {"name": ["screen"]}},
        {"eventName": [{"prefix": "INS"}]},
        {"eventName": [{"prefix": {"equals-ignore-case": "ins"}}]},
        {"eventName": [{"suffix": "ERT"}]},
        {"eventName": [{"suffix": {"equals-ignore-case": "ert"}}]},
        {"eventName": [{"equals-ignore-case": "insert"}]},
        {"eventName": [{"wildcard": "I*S*T"}]},
        {"path": [{"wildcard": "C:\\\\a\\*b"}]},
        {"path": [{"wildcard": "*\\*b"}]},
        {"sizes": [3]},
        {"dynamodb.SizeBytes": [26]},
        {"dynamodb.NewImage": {"quantity.N": ["5"]}},
        {"dynamodb": {"NewImage.quantity.N": ["5"]}},
        {"parts.name": ["screen"]},
        {"a.b": ["dot"]},
        {"a": {"b": ["dot"]}},
        {"dynamodb.OldImage.x": [{"exists": False}]},
        {"eventName": [{"anything-but": {"wildcard": ["R*", "M*Y"]}}]},
        {"eventName": [{"anything-but": {"equals-ignore-case": "remove"}}]},
        {"tags": [{"anything-but": "blue"}]},
        {"dynamodb": {"NewImage": [{"exists": False}]}},
        {"dynamodb": {"SizeBytes": [{"numeric": [">", 0, "<=", 26]}]}},
        {"dynamodb": {"SizeBytes": [{"numeric": ["=", 26.0]}]}},
        {"address": [{"cidr": "10.0.0.0/24"}]},
        {"dynamodb": {"OldImage": {"quantity": {"N": [{"exists": False}]}}}},
        {"dynamodb": {"SizeBytes": [{"exists": True}]}},
        {"eventName": [{"anything-but": "REMOVE"}]},
        {"eventName": [{"anything-but": ["REMOVE", "MODIFY"]}]},
        {"eventName": [{"anything-but": {"prefix": "REM"}}]},
        {"eventName": [{"anything-but": {"suffix": ["OVE", "IFY"]}}]},
        {"$or": [{"eventName": ["REMOVE"]}, {"dynamodb": {"SizeBytes": [26]}}]},
        {"eventName": ["INSERT"], "$or": [{"isActive": [False]}, {"isActive": [True]}]},
    ],
    ids=json.dumps,
)
def test_an_event_that_the_pattern_describes_matches(pattern: dict[str, Any]) -> None:
    assert matches(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["insert"]},
        {"eventName": ["INSERT"], "isActive": [False]},
        {"isActive": [1]},
        {"dynamodb.NewImage": [{"exists": True}]},
        {"a..b": ["dot"]},
        {"dynamodb": {"SizeBytes": ["26"]}},
        {"absent": [None]},
        {"eventName": [{"prefix": "ins"}]},
        {"eventName": [{"wildcard": "I?SERT"}]},
        {"eventName": [{"wildcard": "I\\*T"}]},
        {"dynamodb": {"NewImage": [{"exists": True}]}},
        {"dynamodb": {"SizeBytes": [{"numeric": [">", 26]}]}},
        {"isActive": [{"numeric": ["=", 1]}]},
        {"address": [{"cidr": "10.0.1.0/24"}]},
        {"eventName": [{"cidr": "10.0.1.0/24"}]},
        {"dynamodb": {"SizeBytes": [{"exists": False}]}},
        {"dynamodb": {"OldImage": [{"exists": True}]}},
        {"eventName": [{"anything-but": ["REMOVE", "INSERT"]}]},
        {"absent": [{"anything-but": "REMOVE"}]},
        {"$or": [{"eventName": ["REMOVE"]}, {"isActive": [False]}]},
    ],
    ids=json.dumps,
)
def test_an_event_that_differs_does_not_match(pattern: dict[str, Any]) -> None:
    assert not matches(pattern)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"eventName": "INSERT"}', '{"eventName": []}', '{"eventName": [{"like": "x"}]}',
        '{"size": [{"numeric": [">"]}]}', '{"size": [{"numeric": ["~", 1]}]}', '{"size": [{"numeric": [">", "1"]}]}',
        '{"a": [{"exists": "yes"}]}', '{"a": [{"prefix": 5}]}', '{"a": [{"cidr": "nowhere"}]}',
        '{"$or": []}', '{"$or": [5]}', '{"a": [[1]]}', '{"a": [{"equals-ignore-case": 5}]}', '{"a": [{"prefix": ["x"]}]}',
        "{}", '{"a": {}}', '{"a": {"b": {}}}', '{"$or": [{"a": ["x"]}]}', '{"$or": {"a": ["x"]}}', '{"$or": ["x", "y"]}',
        '{"$or": [{"a": ["x"]}, {"prefix": ["x"]}]}', '{"$or": [{}, {"a": ["x"]}]}', '{"a": [NaN]}',
        '{"a": [{"prefix": "x", "prefix": "y"}]}', '{"a": [{}]}', '{"a": [{"numeric": []}]}', '{"a": [{"numeric": 5}]}',
        '{"a": [{"numeric": ["<", 5, ">", 0]}]}', '{"a": [{"numeric": [">", 5, "<", 0]}]}',
        '{"a": [{"numeric": [">=", 5, "<=", 5]}]}', '{"a": [{"numeric": ["=", 5, "<", 6]}]}',
        '{"a": [{"numeric": [">", 0, "<", 5, "<", 6]}]}', '{"a": [{"numeric": [">", true]}]}',
        '{"a": [{"anything-but": []}]}', '{"a": [{"anything-but": [1, "a"]}]}', '{"a": [{"anything-but": true}]}',
        '{"a": [{"anything-but": [null]}]}', '{"a": [{"anything-but": null}]}', '{"a": [{"anything-but": {}}]}',
        '{"a": [{"anything-but": {"prefix": ""}}]}', '{"a": [{"anything-but": {"prefix": []}}]}',
        '{"a": [{"anything-but": {"numeric": ["=", 5]}}]}', '{"a": [{"anything-but": {"exists": true}}]}',
        '{"a": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}', '{"a": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}',
        '{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}]}',
        '{"a": [{"cidr": "10.0.0.7"}]}', '{"a": [{"cidr": "10.0.0.7/32"}]}', '{"a": [{"cidr": 5}]}', '{"a": [{"cidr": "::1/128"}]}',
        '{"a": [{"prefix": "x", "suffix": "y"}]}', '{"a": [{"wildcard": "x**"}]}', '{"a": [{"wildcard": "x\\\\y"}]}',
    ],
)  # fmt: skip
def test_an_invalid_pattern_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(text)
