"""A start that is interrupted leaves no process of which nobody knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_cloud import lifecycle
from local_cloud.config import CloudConfig


class Started:
    """A process of the cloud that has not answered yet."""

    def __init__(self) -> None:
        self.pid, self.returncode, self.is_terminated = 1, None, False

    def poll(self) -> None:
        return None

    def terminate(self) -> None:
        self.is_terminated = True


@pytest.mark.parametrize("signalled", [KeyboardInterrupt, SystemExit])
def test_a_start_that_is_interrupted_ends_the_cloud(
    signalled: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Started()
    looks: list[Any] = []

    def running_cloud(config: CloudConfig) -> None:
        if looks:
            raise signalled
        looks.append(config)

    monkeypatch.setattr(lifecycle, "running_cloud", running_cloud)
    monkeypatch.setattr(lifecycle, "is_open", lambda port: False)
    monkeypatch.setattr(lifecycle.subprocess, "Popen", lambda *asked, **options: process)
    monkeypatch.setenv("LOCAL_CLOUD_HOME", str(tmp_path))
    with pytest.raises(signalled):
        lifecycle.start(CloudConfig.from_environment())
    assert process.is_terminated
