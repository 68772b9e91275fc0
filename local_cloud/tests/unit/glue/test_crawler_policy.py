"""A crawler's ``Configuration`` (Setting crawler configuration options using the API, AWS Glue).

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.glue.crawler.policy import CrawlerPolicy
from local_cloud.wire import ServiceError


def policy(configuration: Any) -> CrawlerPolicy:
    return CrawlerPolicy.of({"Configuration": json.dumps(configuration)})


def test_what_is_given_is_read() -> None:
    tables = {"AddOrUpdateBehavior": "MergeNewColumns", "TableThreshold": 5}
    output = {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}, "Tables": tables}
    found = policy({"Version": 1.0, "CrawlerOutput": output, "Grouping": {"TableLevelConfiguration": "2"}})
    assert (found.partitions_inherit, found.merge_new_columns, found.table_threshold) == (True, True, 5)
    assert found.grouping.table_level == 2


@pytest.mark.parametrize(
    "configuration",
    [
        [],
        {"CrawlerOutput": "InheritFromTable"},
        {"CrawlerOutput": {"Tables": "MergeNewColumns"}},
        {"CrawlerOutput": {"Partitions": []}},
        {"Grouping": {"TableLevelConfiguration": "top"}},
        {"Grouping": {"TableLevelConfiguration": []}},
        {"CrawlerOutput": {"Tables": {"TableThreshold": 0}}},
    ],
    ids=json.dumps,
)
def test_what_cannot_be_read_is_refused(configuration: Any) -> None:
    with pytest.raises(ServiceError) as refusal:
        policy(configuration)
    assert refusal.value.code == "InvalidInputException"
