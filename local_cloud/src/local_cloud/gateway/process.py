"""The gateway process: start MiniStack with what it lacks, serve the port, and stop in order."""

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
from dataclasses import dataclass

from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.emulator.callers import credentials_of
from local_cloud.emulator.expiry import Expiry
from local_cloud.emulator.exports import Exports
from local_cloud.emulator.modules import Modules, load, set_environment
from local_cloud.emulator.patches import apply_patches
from local_cloud.emulator.persistence import Persistence
from local_cloud.emulator.query_work_groups import QueryWorkGroups
from local_cloud.emulator.queue_depths import queue_depths
from local_cloud.emulator.requests import Requests
from local_cloud.gateway.admin import Admin
from local_cloud.gateway.cbor_requests import CborAnswers
from local_cloud.gateway.faults import Faults
from local_cloud.gateway.http_server import HttpServer, new_event_loop
from local_cloud.gateway.middlewares import Parts, install, middlewares
from local_cloud.gateway.services_child import ServicesChild
from local_cloud.gateway.traffic_metrics import TrafficMetrics
from local_cloud.gateway.weather.weather import Weather
from local_cloud.metrics import Publisher

logger = logging.getLogger("local_cloud")

# Items and records live long: a full search for cycles among them would keep every call waiting for some tenths of a second.
GARBAGE_THRESHOLDS = (10_000, 5, 1_000)


@dataclass(frozen=True)
class Equipment:
    """What runs beside the emulator while the port is served."""

    modules: Modules
    parts: Parts
    services: ServicesChild
    publisher: Publisher
    expiry: Expiry


def equip(config: CloudConfig) -> Equipment:
    """Patch MiniStack and put our middlewares around its handlers.

    Raises:
        SeamMovedError: MiniStack lacks a name that a patch needs.
    """
    modules = load()
    persistence = Persistence(config.state_dir / "emulator", modules.app, modules.dynamodb)
    services = ServicesChild(records_lost=not persistence.stopped_cleanly)
    clients, metrics, work_groups = Clients(config.endpoint, config.region), TrafficMetrics(), QueryWorkGroups()
    persistence.attach()
    apply_patches(
        modules,
        persistence.uptime,
        persistence.stream_numbers,
        work_groups,
        services.announce,
        enforce_iam=config.enforce_iam,
    )
    exports = Exports(modules.dynamodb, credentials_of if config.enforce_iam else lambda *_: None, clients.s3_of)
    faults = Faults()
    weather = Weather(faults, Requests(modules.app, modules.iam_actions))
    parts = Parts(persistence, work_groups, exports, faults, weather, metrics, services.call)
    install(middlewares(modules, parts, enforce_iam=config.enforce_iam), modules.handlers)
    depths = queue_depths(modules.sqs)
    publisher = Publisher(lambda: clients.client("cloudwatch"), lambda: [*metrics(), *depths()])
    return Equipment(modules, parts, services, publisher, Expiry(modules.dynamodb, persistence.keep_pending))


async def serve(config: CloudConfig) -> None:
    """Serve until SIGTERM or SIGINT; ``cloud.json`` exists exactly while every service answers."""
    added = equip(config)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    services = added.services
    admin = Admin(CborAnswers(added.modules.app.app), added.parts.faults, lambda: services.pid)
    server = HttpServer(admin, config.host, config.port)
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
        added.parts.persistence.close()
    finally:
        for task in beside:
            task.cancel()
        config.discovery_file.unlink(missing_ok=True)
        added.publisher.stop()
        await services.stop()
        await running


async def _announce(config: CloudConfig, services: ServicesChild) -> None:
    """Write ``cloud.json`` once the port is open and the services are ready."""
    while not services.ready or not await asyncio.to_thread(is_open, config.port):
        await asyncio.sleep(0.02)
    document = {"endpoint": config.endpoint, "pid": os.getpid(), "region": config.region}
    draft = config.discovery_file.with_suffix(".tmp")
    draft.write_text(json.dumps({**document, "started": round(time.time(), 3)}) + "\n")
    draft.replace(config.discovery_file)


def is_open(port: int) -> bool:
    """Tell whether a program listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Run the gateway in this process until it is stopped."""
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s [%(name)s] %(message)s"
    )
    config = CloudConfig.from_environment()
    set_environment(config)
    with (config.state_dir / "in-use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for a cloud that is still saving its state while it stops
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(config))
