"""The gateway process: MiniStack on the loopback port, with the services it lacks handed to the services process.

The seam is ``ministack.app.SERVICE_HANDLERS``, a dictionary of ``async handler(method, path, headers, body, query)``.
It is not a documented interface: MiniStack's version is pinned, and ``replace_handlers`` fails loudly when it moves.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from local_cloud.admin import Admin
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.emulator.callers import credentials_of
from local_cloud.emulator.expiry import Expiry, blind_reaper
from local_cloud.emulator.exports import Exports
from local_cloud.emulator.expressions import remember_expressions
from local_cloud.emulator.function_logs import write_logs_as_roles
from local_cloud.emulator.hot_paths import quicken
from local_cloud.emulator.kinesis_retention import look_once_it_can_matter
from local_cloud.emulator.log_keys import with_keys
from local_cloud.emulator.memory import Memory
from local_cloud.emulator.passed_roles import SERVICES as GIVEN_ROLES
from local_cloud.emulator.passed_roles import checking_roles
from local_cloud.emulator.permission_checks import correct_permission_checks
from local_cloud.emulator.query_work_groups import QueryWorkGroups
from local_cloud.emulator.resharding import keep_closed_shards
from local_cloud.emulator.scans import quicken_scans
from local_cloud.faults import Faults
from local_cloud.glue.catalog_actions import around
from local_cloud.http_server import HttpServer, new_event_loop
from local_cloud.metrics import GatewayMetrics, Publisher
from local_cloud.services_process import ServicesProcess
from local_cloud.turns import Turns

logger = logging.getLogger("local_cloud")

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]

# None: every action is ours. A set: these are ours, MiniStack answers the rest.
OWNED: dict[str, frozenset[str] | None] = {
    "pipes": None,
    "firehose": None,
    "athena": None,
    "glue": frozenset(
        f"{verb}{noun}"
        for noun, verbs in {
            "Crawler": ("Create", "Update", "Delete", "Get", "Start", "Stop"),
            "Crawlers": ("Get", "BatchGet", "List"),
            "CrawlerMetrics": ("Get",),
            "CrawlerSchedule": ("Start", "Stop", "Update"),
            "Crawls": ("List",),
            "Job": ("Create", "Update", "Delete", "Get"),
            "Jobs": ("Get", "List", "BatchGet"),
            "JobRun": ("Start", "Get", "BatchStop"),
            "JobRuns": ("Get",),
            "Classifier": ("Create", "Update", "Delete", "Get"),
            "Classifiers": ("Get",),
        }.items()
        for verb in verbs
    ),
}
# Items and records live long: a full search for cycles among them would keep every call waiting for some tenths of a second.
GARBAGE_THRESHOLDS = (10_000, 5, 1_000)
ACTING_AS_CALLER = frozenset({"athena"})


def set_emulator_environment(config: CloudConfig) -> None:
    """MiniStack reads its settings from the environment at import: set all of them, so that none comes from outside."""
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


def replace_handlers(services: ServicesProcess, *, enforce_iam: bool) -> None:
    """Put our handlers where MiniStack looks for its own; with ``enforce_iam`` some learn whose request it is.

    Raises:
        RuntimeError: MiniStack has no such table any more, or a service in it has another name.
    """
    import ministack.app as emulator
    from ministack.core.responses import get_account_id, get_region

    table: dict[str, Handler] | None = getattr(emulator, "SERVICE_HANDLERS", None)
    if table is None or not OWNED.keys() <= table.keys():
        raise RuntimeError("MiniStack's SERVICE_HANDLERS moved: local_cloud/gateway.py was written for version 1.5.33.")

    def handler_for(service: str, owned: frozenset[str] | None, original: Handler) -> Handler:
        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            if owned is not None and action not in owned:
                return await original(method, path, headers, body, query)
            header = {
                "service": service, "method": method, "path": path, "headers": dict(headers), "query": query,
                "region": get_region(), "account": get_account_id(),
            }  # fmt: skip
            if enforce_iam and service in ACTING_AS_CALLER:
                try:
                    header["caller"] = credentials_of(headers, query)
                except PermissionError as error:
                    refusal = {"__type": "UnrecognizedClientException", "message": str(error)}
                    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(refusal).encode()
            return await services.call(header, body)

        return handle

    table["glue"] = around(table["glue"])
    for service, owned in OWNED.items():
        table[service] = handler_for(service, owned, table[service])


@dataclass(frozen=True)
class Equipment:
    """What was added to the emulator."""

    memory: Memory
    services: ServicesProcess
    faults: Faults
    publisher: Publisher
    expiry: Expiry


def equip(config: CloudConfig) -> Equipment:
    """Add to MiniStack what it lacks; the order is that of a request's way, from the inside to the outside."""
    import ministack.app as emulator
    from ministack.core import iam_actions, iam_evaluator
    from ministack.services import cloudwatch_logs, dynamodb, dynamodb_streams, kinesis, lambda_svc

    memory = Memory(config.state_dir / "emulator", emulator, dynamodb)
    services = ServicesProcess(records_lost=not memory.stopped_cleanly)
    faults, metrics, clients = Faults(), GatewayMetrics(), Clients(config.endpoint, config.region)
    handlers = emulator.SERVICE_HANDLERS
    memory.attach()
    replace_handlers(services, enforce_iam=config.enforce_iam)
    handlers["logs"] = with_keys(cloudwatch_logs, handlers["logs"])
    work_groups = QueryWorkGroups()
    handlers["athena"] = work_groups.around(handlers["athena"])
    correct_permission_checks(emulator, iam_actions, work_groups)
    blind_reaper(dynamodb)
    remember_expressions(dynamodb)
    look_once_it_can_matter(kinesis, memory.uptime)
    keep_closed_shards(kinesis)
    quicken(dynamodb, dynamodb_streams, kinesis)
    quicken_scans(dynamodb)
    if config.enforce_iam:
        write_logs_as_roles(lambda_svc, iam_evaluator)
        for service in GIVEN_ROLES:
            handlers[service] = checking_roles(service, handlers[service], emulator)
    exports = Exports(dynamodb, credentials_of if config.enforce_iam else lambda *_: None, clients.s3_of)
    handlers["dynamodb"] = exports.around(handlers["dynamodb"])
    turns = Turns()
    for service in ("dynamodb", "dynamodbstreams", "kinesis"):
        handlers[service] = turns.around(handlers[service])
    for service in ("kinesis", "dynamodb", "lambda", "s3"):
        handlers[service] = faults.around(service, handlers[service])
    handlers["kinesis"] = metrics.around_kinesis(handlers["kinesis"])
    handlers["lambda"] = metrics.around_lambda(handlers["lambda"])
    publisher = Publisher(lambda: clients.client("cloudwatch"), metrics)
    return Equipment(memory, services, faults, publisher, Expiry(dynamodb, memory.keep_pending))


async def serve(config: CloudConfig) -> None:
    """Serve until SIGTERM or SIGINT; ``cloud.json`` is there exactly while every service answers."""
    import ministack.app as emulator

    added = equip(config)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    services = added.services
    server = HttpServer(Admin(emulator.app, added.faults, lambda: services.pid), config.host, config.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def until_stopped() -> None:
        await stop.wait()
        config.discovery_file.unlink(missing_ok=True)
        await services.stop()
        server.should_exit = True

    running = asyncio.create_task(services.run())
    beside = [asyncio.create_task(work) for work in (until_stopped(), _announce(config, services), added.expiry.run())]
    added.publisher.start()
    try:
        await server.run_until_exit()
        added.memory.close()
    finally:
        for task in beside:
            task.cancel()
        config.discovery_file.unlink(missing_ok=True)
        added.publisher.stop()
        await services.stop()
        await running


async def _announce(config: CloudConfig, services: ServicesProcess) -> None:
    """Write ``cloud.json`` once the port is open and the services are ready."""
    while not services.ready or not await asyncio.to_thread(is_open, config.port):
        await asyncio.sleep(0.02)
    document = {"endpoint": config.endpoint, "pid": os.getpid(), "region": config.region}
    draft = config.discovery_file.with_suffix(".tmp")
    draft.write_text(json.dumps({**document, "started": round(time.time(), 3)}) + "\n")
    draft.replace(config.discovery_file)


def is_open(port: int) -> bool:
    """Whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s [%(name)s] %(message)s"
    )
    config = CloudConfig.from_environment()
    set_emulator_environment(config)
    with (config.state_dir / "in-use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a cloud that still saves its state while it stops is waited for
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(config))


if __name__ == "__main__":
    main()
