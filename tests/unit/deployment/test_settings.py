"""Test how settings are read, and which values are refused."""

from __future__ import annotations

import pytest
from sales_cdc.deployment.settings import Settings, SettingsError, is_aws_host
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions import lake

LOCAL = {"SALES_CDC_TARGET": "local"}
AWS = {"SALES_CDC_TARGET": "aws", "AWS_REGION": "eu-central-1"}


def test_the_target_has_no_default() -> None:
    with pytest.raises(SettingsError, match="SALES_CDC_TARGET is not set"):
        Settings.from_environment({})


def test_a_local_deployment_needs_nothing_but_its_target() -> None:
    settings = Settings.from_environment(LOCAL)
    assert settings == Settings(target="local", region="us-east-1", local_endpoint="http://127.0.0.1:4566")


def test_the_local_port_moves_the_endpoint_and_an_endpoint_wins() -> None:
    assert (
        Settings.from_environment({**LOCAL, "SALES_CDC_LOCAL_PORT": "4999"}).local_endpoint == "http://127.0.0.1:4999"
    )
    named = {**LOCAL, "SALES_CDC_LOCAL_PORT": "4999", "SALES_CDC_LOCAL_ENDPOINT": "http://cloud:4566/"}
    assert Settings.from_environment(named).local_endpoint == "http://cloud:4566"


def test_on_aws_there_is_no_local_endpoint_and_the_region_is_required() -> None:
    assert Settings.from_environment(AWS).local_endpoint is None
    with pytest.raises(SettingsError, match="AWS_REGION"):
        Settings.from_environment({"SALES_CDC_TARGET": "aws"})


def test_a_key_of_the_region_is_accepted_and_optional() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
    assert Settings.from_environment({**AWS, "SALES_CDC_KMS_KEY_ARN": key}).kms_key_arn == key
    assert Settings.from_environment({**AWS, "SALES_CDC_KMS_KEY_ARN": ""}).kms_key_arn is None


def test_who_is_told_is_a_mail_address_a_topic_and_a_notifier() -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:alerts"
    told = {
        "SALES_CDC_ALERTS_EMAIL": "ops@example.com",
        "SALES_CDC_ALERTS_TOPIC_ARN": topic,
        "SALES_CDC_ON_FAILURE": "smtp",
    }
    settings = Settings.from_environment({**AWS, **told})
    assert (settings.alerts_email, settings.alerts_topic_arn, settings.on_failure) == ("ops@example.com", topic, "smtp")
    of = Topology(settings, "123456789012")
    assert (of.alerts_topic.arn, of.owns_alerts_topic) == (topic, False)
    with pytest.raises(SettingsError, match="SALES_CDC_ON_FAILURE is 'smtp': set SALES_CDC_ALERTS_EMAIL"):
        Settings.from_environment({**AWS, "SALES_CDC_ON_FAILURE": "smtp"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SALES_CDC_ALERTS_EMAIL", "ops"),
        ("SALES_CDC_ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:alerts"),
        ("SALES_CDC_ALERTS_TOPIC_ARN", "alerts"),
        ("SALES_CDC_ON_FAILURE", "teams"),
        ("SALES_CDC_CURRENCY", "€"),
        ("SALES_CDC_CURRENCY", "euro"),
        ("SALES_CDC_TARGET", "laptop"),
        ("SALES_CDC_PREFIX", "Sales"),
        ("SALES_CDC_PREFIX", "-x-"),
        ("SALES_CDC_PREFIX", "a" * 40),
        ("SALES_CDC_STREAM_VIEW_TYPE", "KEYS_ONLY"),
        ("SALES_CDC_PIPE_PARTITION_KEY", "eventID"),
        ("SALES_CDC_FIREHOSE_INTERVAL_SECONDS", "901"),
        ("SALES_CDC_FIREHOSE_INTERVAL_SECONDS", "-1"),
        ("SALES_CDC_FIREHOSE_INTERVAL_SECONDS", "1.5"),
        ("SALES_CDC_FIREHOSE_SIZE_MB", "0"),
        ("SALES_CDC_LOCAL_ENDPOINT", "ftp://x"),
        ("SALES_CDC_LOCAL_ENDPOINT", "https://s3.us-east-1.amazonaws.com"),
        ("SALES_CDC_LOCAL_ENDPOINT", "https://sts.us-east-1.amazonaws.com."),
        ("SALES_CDC_LOCAL_ENDPOINT", "https://function.lambda-url.us-east-1.on.aws"),
        ("SALES_CDC_LOCAL_ENDPOINT", "http://52.94.5.1:4566"),
        ("SALES_CDC_LOCAL_ENDPOINT", "http://127.0.0.1:99999"),
        ("SALES_CDC_MAX_FURTHER_COLUMNS", "231"),
        ("SALES_CDC_RAW_ARCHIVE_DAYS", "-1"),
        ("SALES_CDC_OLD_VERSIONS_DAYS", "7"),
        ("SALES_CDC_KMS_KEY_ARN", "alias/sales"),
        ("SALES_CDC_KMS_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:alias/sales"),
        ("SALES_CDC_KMS_KEY_ARN", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"),  # another region's
        ("AWS_REGION", "Frankfurt"),
        ("SALES_CDC_REGION", "Frankfurt"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**LOCAL, name: value})
    assert name in str(refused.value)
    assert value in str(refused.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("dynamodb.us-east-1.amazonaws.com", True),
        ("s3.cn-north-1.amazonaws.com.cn", True),
        ("lambda.us-east-1.api.aws", True),
        ("amazonaws.com.evil.example", False),
        ("notamazonaws.com", False),
        ("127.0.0.1", False),
    ],
)
def test_hosts_of_aws_are_recognised(host: str, expected: bool) -> None:
    assert is_aws_host(host) is expected


@pytest.mark.parametrize(("text", "expected"), [("", False), ("off", False), ("on", True)])
def test_arrivals_start_the_batch_only_if_the_setting_is_on(text: str, expected: bool) -> None:
    environment = {"SALES_CDC_TARGET": "local", "SALES_CDC_EVENT_DRIVEN": text}
    assert Settings.from_environment(environment).event_driven is expected


def test_a_switch_other_than_on_or_off_is_refused() -> None:
    with pytest.raises(SettingsError, match="SALES_CDC_EVENT_DRIVEN is 'yes': choose one of off, on"):
        Settings.from_environment({"SALES_CDC_TARGET": "local", "SALES_CDC_EVENT_DRIVEN": "yes"})


def test_the_project_s_own_region_wins_over_one_that_a_host_of_airflow_protects() -> None:
    protected = {**AWS, "AWS_REGION": "us-east-1", "SALES_CDC_REGION": "eu-west-3"}
    assert Settings.from_environment(protected).region == "eu-west-3"
    assert Settings.from_environment({**AWS, "SALES_CDC_REGION": ""}).region == "eu-central-1"


def test_the_raw_table_s_columns_are_found_in_one_of_two_ways() -> None:
    environment = {"SALES_CDC_TARGET": "local"}
    assert Settings.from_environment(environment).raw_columns == "classifier"
    found = Settings.from_environment({**environment, "SALES_CDC_RAW_COLUMNS": "built-in"})
    assert lake.crawler(Topology(found, "000000000000"))["Classifiers"] == []
    with pytest.raises(SettingsError, match="SALES_CDC_RAW_COLUMNS is 'none': choose one of classifier, built-in"):
        Settings.from_environment({**environment, "SALES_CDC_RAW_COLUMNS": "none"})
