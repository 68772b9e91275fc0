"""Read a job's arguments.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

RESERVED = ("JOB_ID", "JOB_RUN_ID", "TempDir", "job-bookmark-option", "SECURITY_CONFIGURATION")


class GlueArgumentError(Exception):
    """An argument that the script asks for was not given."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802  # Glue's name
    """Return the values of the named arguments, and of those that Glue sets itself when they are there.

    Args:
        args: ``sys.argv``.
        options: names without their dashes; every one has to be given.

    Raises:
        GlueArgumentError: one is missing.
    """
    parser = _Parser()
    for name in options:
        parser.add_argument(f"--{name}", required=True)
    for name in RESERVED:
        if name not in options:
            parser.add_argument(f"--{name}")
    found, _ = parser.parse_known_args(list(args[1:]))
    return {name: value for name, value in vars(found).items() if value is not None}
