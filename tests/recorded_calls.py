"""Record which operations of AWS this process calls, and as which principal.

``tests/fixtures/aws_calls.json`` holds the recording of a run of every DAG and of the page, and of setup and teardown where a stack
made the resources (``verifying``). A unit test compares it with the policies. Record it again after a change of what the DAGs call::

    RECORD_AWS_CALLS=1 make test ARGS="tests/integration/provisioning -k 'principals or verifies'"
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore

RECORDING = Path(__file__).parent / "fixtures" / "aws_calls.json"
COMMAND = "RECORD_AWS_CALLS=1 make test ARGS=\"tests/integration/provisioning -k 'principals or verifies'\""

Calls = dict[str, dict[str, list[str]]]
"""By principal and ``service:Operation``, the names of the parameters that were passed."""


def recorded_calls() -> Calls:
    """Return the recording of an earlier run."""
    calls: Calls = json.loads(RECORDING.read_text())
    return calls


class CallRecorder:
    """Hold the calls of every botocore session that was made while it watched.

    ``principal`` is who calls now; while it is None, no call is recorded.
    """

    def __init__(self) -> None:
        self.principal: str | None = None
        self._seen: dict[str, dict[str, set[str]]] = {}

    @contextmanager
    def watching(self) -> Iterator[CallRecorder]:
        """Watch the sessions that are made in the block."""
        botocore.register_initializer(self._watch)
        try:
            yield self
        finally:
            botocore.unregister_initializer(self._watch)

    def _watch(self, session: Any) -> None:
        session.register("before-parameter-build", self._record)

    def _record(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if self.principal is not None:
            operation = f"{model.service_model.signing_name}:{model.name}"
            self._seen.setdefault(self.principal, {}).setdefault(operation, set()).update(params)

    def calls(self) -> Calls:
        """Return the calls so far, sorted."""
        return {
            principal: {operation: sorted(names) for operation, names in sorted(operations.items())}
            for principal, operations in sorted(self._seen.items())
        }

    def compare(self) -> None:
        """Save the calls of these principals when asked to; otherwise check that the recording holds all of them."""
        if os.environ.get("RECORD_AWS_CALLS"):
            RECORDING.write_text(json.dumps({**recorded_calls(), **self.calls()}, indent=1, sort_keys=True) + "\n")
        recording = recorded_calls()
        new = {
            f"{principal} {operation}({', '.join(names)})"
            for principal, operations in self.calls().items()
            for operation, names in operations.items()
            if not set(names) <= set(recording.get(principal, {}).get(operation, ()))
        }
        assert not new, f"not in the recording; record again with: {COMMAND}"
