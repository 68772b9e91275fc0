"""Metrics of shards, and an account's limits. Judge: moto's Kinesis (test_kinesis_monitoring.py, test_kinesis_boto3.py)."""

from __future__ import annotations

import json

import pytest
from tests.unit.emulator.kinesis_module import Kinesis

from local_cloud.emulator.kinesis_monitoring import METRICS, limits, patch_monitoring


@pytest.fixture
def kinesis() -> Kinesis:
    made = Kinesis(shards=2)
    patch_monitoring(made.module)
    return made


def shown(kinesis: Kinesis) -> list[list[str]]:
    described = (
        kinesis.ask("_describe_stream")["StreamDescription"],
        kinesis.ask("_describe_stream_summary")["StreamDescriptionSummary"],
    )
    return [document["EnhancedMonitoring"][0]["ShardLevelMetrics"] for document in described]


def test_metrics_are_kept_and_shown(kinesis: Kinesis) -> None:
    assert shown(kinesis) == [[], []]
    kinesis.ask("_enable_enhanced_monitoring", ShardLevelMetrics=["OutgoingBytes", "IncomingBytes"])
    assert shown(kinesis) == [["IncomingBytes", "OutgoingBytes"]] * 2
    answer = kinesis.ask("_disable_enhanced_monitoring", ShardLevelMetrics=["OutgoingBytes"])
    assert answer["CurrentShardLevelMetrics"] == ["IncomingBytes", "OutgoingBytes"]
    assert answer["DesiredShardLevelMetrics"] == ["IncomingBytes"]
    assert shown(kinesis) == [["IncomingBytes"]] * 2


def test_all_stands_for_every_metric(kinesis: Kinesis) -> None:
    kinesis.ask("_enable_enhanced_monitoring", ShardLevelMetrics=["ALL"])
    assert shown(kinesis) == [[*METRICS]] * 2
    kinesis.ask("_disable_enhanced_monitoring", ShardLevelMetrics=["ALL"])
    assert shown(kinesis) == [[], []]


def test_limits_count_open_shards_and_streams_on_demand(kinesis: Kinesis) -> None:
    kinesis.ask("_create_stream", StreamName="more", StreamModeDetails={"StreamMode": "ON_DEMAND"}, ShardCount=4)
    found = json.loads(limits(kinesis.module)[2])
    assert (found["OpenShardCount"], found["OnDemandStreamCount"], found["OnDemandStreamCountLimit"]) == (6, 1, 50)
