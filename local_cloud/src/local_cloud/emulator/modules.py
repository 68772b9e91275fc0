"""MiniStack's modules, imported once its settings are in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from local_cloud.config import CloudConfig
from local_cloud.emulator.seams import require
from local_cloud.wire import Handler


@dataclass(frozen=True)
class Modules:
    """Hold the modules of MiniStack that are patched or called."""

    app: Any
    iam_actions: Any
    iam_evaluator: Any
    cloudwatch: Any
    cloudwatch_logs: Any
    dynamodb: Any
    dynamodb_streams: Any
    glue: Any
    kinesis: Any
    lambda_svc: Any
    persistence: Any
    s3: Any
    sqs: Any

    @property
    def handlers(self) -> dict[str, Handler]:
        """Return MiniStack's table of handlers by service."""
        table: dict[str, Handler] = self.app.SERVICE_HANDLERS
        return table


def set_environment(config: CloudConfig) -> None:
    """Set every environment variable that MiniStack reads at import, so that none comes from outside."""
    state = config.state_dir
    for folder in (state / "tmp", state / "emulator", state / "s3"):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        GATEWAY_PORT=str(config.port),
        BIND_HOST=config.host,
        AUTH="true" if config.enforce_iam else "false",
        PERSIST_STATE="1",
        STATE_DIR=str(state / "emulator"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(state / "s3"),
        TMPDIR=str(state / "tmp"),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        MINISTACK_REGION=config.region,
        AWS_DEFAULT_REGION=config.region,
        LAMBDA_EXECUTOR="local",
        DOCKER_HOST="unix:///nonexistent",
        LOG_LEVEL=os.environ.get("LOG_LEVEL", "WARNING"),
    )


def load() -> Modules:
    """Import MiniStack; call ``set_environment`` before.

    Raises:
        SeamMovedError: what the middlewares call while they answer requests is not there.
    """
    import ministack.app as app
    from ministack.core import iam_actions, iam_evaluator, persistence, responses, router
    from ministack.services import (
        cloudwatch,
        cloudwatch_logs,
        dynamodb,
        dynamodb_streams,
        glue,
        kinesis,
        lambda_svc,
        s3,
        sqs,
    )

    require(app, "app", "SERVICE_HANDLERS")
    require(glue, "_partitions")
    require(iam_evaluator, "ResolvedCredential", "resolve_credential")
    require(persistence, "save_all")
    require(responses, "get_account_id", "get_region", "set_request_account_id", "set_request_region")
    require(router, "extract_access_key_id")
    return Modules(
        app, iam_actions, iam_evaluator, cloudwatch, cloudwatch_logs, dynamodb, dynamodb_streams, glue, kinesis, lambda_svc,
        persistence, s3, sqs,
    )  # fmt: skip
