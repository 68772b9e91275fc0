"""Read the AWS account that a command was given, or say what to give."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence


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
