"""Test what several commands share."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests import shipped


@pytest.fixture(scope="module")
def command() -> ModuleType:
    return shipped.load("include/scripts/command_line.py")


def test_twelve_digits_are_an_account(command: ModuleType) -> None:
    assert command.account_of(["012345678901"], "make policies") == "012345678901"


@pytest.mark.parametrize(
    "arguments", [[], [""], ["12345678901"], ["1234567890123"], ["arn:aws:iam::012345678901:root"]]
)
def test_anything_else_is_refused_with_what_to_give(
    command: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.account_of(arguments, "make policies") is None
    assert "give its twelve digits, make policies ACCOUNT=123456789012" in capsys.readouterr().err


def test_wrong_settings_end_a_command_with_the_sentence(command: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_CDC_FIREHOSE_SIZE_MB", "many")
    with pytest.raises(SystemExit, match="SALES_CDC_FIREHOSE_SIZE_MB"):
        command.settings_or_exit()
