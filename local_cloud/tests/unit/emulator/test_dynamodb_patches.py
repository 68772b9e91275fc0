"""A patch of DynamoDB whose seam moved is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from local_cloud.emulator.partiql import patch_partiql
from local_cloud.emulator.seams import SeamMovedError
from local_cloud.emulator.stream_numbers import StreamNumbers, patch_stream_numbers
from local_cloud.emulator.streams import patch_streams
from local_cloud.emulator.update_expressions import patch_update_expressions

MISSING = ModuleType("dynamodb")


@pytest.mark.parametrize(
    ("patch", "name"),
    [
        (lambda: patch_partiql(MISSING), "_execute_statement"),
        (lambda: patch_stream_numbers(MISSING, StreamNumbers()), "_next_stream_seq"),
        (lambda: patch_streams(MISSING, MISSING, StreamNumbers()), "_closed_streams"),
        (lambda: patch_update_expressions(MISSING), "_apply_remove"),
    ],
)
def test_a_missing_function_is_an_error(patch: Callable[[], None], name: str) -> None:
    with pytest.raises(SeamMovedError, match=name):
        patch()
