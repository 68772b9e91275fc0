"""The settings of a local cloud: where it listens and where it keeps its state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4566
JVM_IDLE_SECONDS = 60
ACCOUNT_ID = "000000000000"
RECORDS_LOST = "LOCAL_CLOUD_RECORDS_LOST"  # set by the gateway for the services: "yes" after a crash


@dataclass(frozen=True, slots=True)
class CloudConfig:
    """Hold the settings of one local cloud.

    ``home`` is the folder of everything that it writes. ``host`` is the address on which it listens: loopback, or every
    address of a container in which nothing else runs. ``jvm_idle_seconds`` is how long the JVM of a Glue job is kept for the
    next run of one.
    """

    port: int
    region: str
    home: Path
    enforce_iam: bool
    host: str = "127.0.0.1"
    jvm_idle_seconds: float = JVM_IDLE_SECONDS

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state_dir(self) -> Path:
        """Return the folder of everything that survives a restart."""
        return self.home / "cloud"

    @property
    def objects_dir(self) -> Path:
        """Return the folder with one folder for each bucket, which has the objects as files."""
        return self.state_dir / "s3" / ACCOUNT_ID

    @property
    def discovery_file(self) -> Path:
        """Return the path of ``cloud.json``, which exists exactly while the cloud answers."""
        return self.home / "cloud.json"

    @property
    def log_file(self) -> Path:
        return self.home / "logs" / "cloud.log"

    @classmethod
    def from_environment(cls) -> CloudConfig:
        """Read the settings from the environment.

        They are ``SALES_CDC_LOCAL_PORT``, ``AWS_REGION``, ``LOCAL_CLOUD_HOME``, ``LOCAL_CLOUD_IAM``, ``LOCAL_CLOUD_HOST`` and
        ``LOCAL_CLOUD_JVM_IDLE_SECONDS``.

        Raises:
            ValueError: the port is no number from 1 to 65535, the IAM switch is neither ``on`` nor ``off``, the host is
                neither 127.0.0.1 nor 0.0.0.0, or the seconds are no whole number.
        """
        text = os.environ.get("SALES_CDC_LOCAL_PORT", str(DEFAULT_PORT))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
            raise ValueError(f"SALES_CDC_LOCAL_PORT is {text!r}: give a port number from 1 to 65535.")
        iam = os.environ.get("LOCAL_CLOUD_IAM", "on").lower()
        if iam not in {"on", "off"}:
            raise ValueError(f"LOCAL_CLOUD_IAM is {iam!r}: give 'on' or 'off'.")
        host = os.environ.get("LOCAL_CLOUD_HOST") or "127.0.0.1"
        if host not in {"127.0.0.1", "0.0.0.0"}:  # noqa: S104 (a container's own network)
            raise ValueError(f"LOCAL_CLOUD_HOST is {host!r}: give 127.0.0.1, or 0.0.0.0 in a container of its own.")
        idle = os.environ.get("LOCAL_CLOUD_JVM_IDLE_SECONDS") or str(JVM_IDLE_SECONDS)
        if not idle.isascii() or not idle.isdigit():
            raise ValueError(f"LOCAL_CLOUD_JVM_IDLE_SECONDS is {idle!r}: give whole seconds, 0 to keep no JVM.")
        return cls(
            port=int(text),
            region=os.environ.get("AWS_REGION") or "us-east-1",
            home=Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")).resolve(),
            enforce_iam=iam == "on",
            host=host,
            jvm_idle_seconds=int(idle),
        )
