"""The settings of the local cloud have defaults, and invalid values are refused."""

from __future__ import annotations

import pytest

from local_cloud.config import CloudConfig


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "IAM", "HOST", "JVM_IDLE_SECONDS"):
        monkeypatch.delenv(f"LOCAL_CLOUD_{name}", raising=False)
    for name in ("SALES_CDC_LOCAL_PORT", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_without_settings_policies_are_enforced_on_the_usual_port() -> None:
    config = CloudConfig.from_environment()
    assert (config.endpoint, config.region, config.enforce_iam) == ("http://127.0.0.1:4566", "us-east-1", True)
    assert config.host == "127.0.0.1"
    assert config.home.name == ".local"
    assert config.jvm_idle_seconds == 60


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("LOCAL_CLOUD_IAM", "off")
    config = CloudConfig.from_environment()
    assert (config.region, config.enforce_iam) == ("eu-central-1", False)


def test_an_invalid_switch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_CLOUD_IAM", "maybe")
    with pytest.raises(ValueError, match="LOCAL_CLOUD_IAM is 'maybe'"):
        CloudConfig.from_environment()


def test_another_address_than_loopback_or_a_containers_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_CLOUD_HOST", "0.0.0.0")
    assert CloudConfig.from_environment().host == "0.0.0.0"
    monkeypatch.setenv("LOCAL_CLOUD_HOST", "192.168.1.2")
    with pytest.raises(ValueError, match="LOCAL_CLOUD_HOST is"):
        CloudConfig.from_environment()


def test_seconds_of_an_idle_jvm_are_a_whole_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_CLOUD_JVM_IDLE_SECONDS", "0")
    assert CloudConfig.from_environment().jvm_idle_seconds == 0
    monkeypatch.setenv("LOCAL_CLOUD_JVM_IDLE_SECONDS", "-1")
    with pytest.raises(ValueError, match="LOCAL_CLOUD_JVM_IDLE_SECONDS is '-1'"):
        CloudConfig.from_environment()
