"""What several commands share: the settings or a sentence, the account of an argument, and no log of each client."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence

import structlog
from sales_cdc.deployment import endpoint_guard
from sales_cdc.deployment.settings import Settings, SettingsError


def account_of(arguments: Sequence[str], command: str) -> str | None:
    """Return the account's twelve digits; None, with a line for people on stderr, when the arguments are anything else.

    Args:
        arguments: the command's own, as Python received them.
        command: as a user types it: ``make policies``.
    """
    account = "".join(arguments)
    if re.fullmatch(r"\d{12}", account):
        return account
    print(f"The AWS account is {account!r}: give its twelve digits, {command} ACCOUNT=123456789012", file=sys.stderr)
    return None


def settings_or_exit() -> Settings:
    """Return the environment's settings; end the command with what is wrong with them, on stderr, and the exit code 1."""
    try:
        return Settings.from_environment()
    except SettingsError as error:
        sys.exit(str(error))


def guarded_settings() -> Settings:
    """Return the settings as ``settings_or_exit`` does, once this process's clients are kept to the settings' endpoint."""
    settings = settings_or_exit()
    endpoint_guard.install(settings)
    return settings


def silence_hooks() -> None:
    """Let Airflow's hooks log errors only: they log each client that they make."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
