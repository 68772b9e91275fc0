"""Measure the resident memory of the local cloud's two processes, without what they started.

python -m benchmarks.memory
"""

from __future__ import annotations

import psutil
from local_cloud.config import CloudConfig
from local_cloud.lifecycle import running_cloud

MEGABYTE = 1_000_000


def measure() -> dict[str, float]:
    """Return ``gateway_resident_mb`` and ``services_resident_mb`` of the environment's cloud.

    Raises:
        RuntimeError: no local cloud runs there, or its services process is restarting.
    """
    config = CloudConfig.from_environment()
    running = running_cloud(config)
    if running is None:
        raise RuntimeError(f"no local cloud runs (looked at {config.discovery_file}): start it with 'make cloud'")
    gateway = psutil.Process(int(running["pid"]))
    services = [child for child in gateway.children() if "local_cloud.services" in child.cmdline()]
    if len(services) != 1:
        raise RuntimeError(f"process {gateway.pid} has {len(services)} services processes, not one: try again")
    return {"gateway_resident_mb": _resident_mb(gateway), "services_resident_mb": _resident_mb(services[0])}


def _resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MEGABYTE


def main() -> None:
    for name, value in measure().items():
        print(f"{name}: {value:,.0f}")


if __name__ == "__main__":
    main()
