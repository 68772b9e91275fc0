"""The services process: Pipes, Firehose, crawlers and jobs of Glue, and Athena, behind one channel to the gateway.

As a process of its own it does not delay the gateway's answers, and can be killed and restarted alone. The gateway runs it as
``python -m local_cloud.services <descriptor>``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import psutil

from local_cloud.channel import ARRIVED, STOP, read_frame, write_frame
from local_cloud.clients import Clients
from local_cloud.config import CloudConfig
from local_cloud.context import Context
from local_cloud.metrics import Publisher, ServicesMetrics
from local_cloud.store import Store
from local_cloud.wire import Request, Response, encode

logger = logging.getLogger("local_cloud")


class GatewayGoneError(Exception):
    """The gateway ended without sending ``STOP``."""


class Service(Protocol):
    """Answer the requests for one AWS service."""

    name: str

    def handle(self, request: Request) -> Response: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def make_services(context: Context) -> tuple[Mapping[str, Service], Publisher]:
    """Make every service of ours, by its MiniStack name, and the publisher of their metrics.

    The imports are here so that importing this module stays cheap: Athena's imports DuckDB.
    """
    from local_cloud.athena.service import AthenaService
    from local_cloud.firehose.service import FirehoseService
    from local_cloud.glue.service import GlueService
    from local_cloud.pipes.service import PipesService

    pipes, firehose = PipesService(context), FirehoseService(context)
    services: list[Service] = [pipes, firehose, GlueService(context), AthenaService(context)]
    metrics = ServicesMetrics(pipes.metrics.read, firehose.metrics.read)
    publisher = Publisher(lambda: context.clients.client("cloudwatch"), metrics)
    return {service.name: service for service in services}, publisher


async def serve(channel: socket.socket, context: Context) -> None:
    """Answer requests from the gateway until it sends ``STOP``.

    Raises:
        GatewayGoneError: the channel ended without ``STOP``. Workers and store are left as they are: no call of a worker can
            succeed any more, and the next start continues as after a kill.
    """
    reader, writer = await asyncio.open_connection(sock=channel)
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="request")
    services, publisher = make_services(context)
    for service in services.values():
        service.start()
    publisher.start()
    write_frame(writer, {"ready": True}, b"")
    pending: set[asyncio.Task[None]] = set()

    async def answer(header: dict[str, Any], body: bytes) -> None:
        number = header.pop("number")
        response = await loop.run_in_executor(pool, _handle, services, Request(**header, body=body))
        write_frame(writer, {"number": number, "status": response.status, "headers": response.headers}, response.body)
        await writer.drain()

    try:
        while STOP not in (frame := await read_frame(reader))[0]:
            if ARRIVED in frame[0]:
                context.arrivals.announce(frame[0][ARRIVED])
                continue
            task = asyncio.create_task(answer(*frame))
            pending.add(task)
            task.add_done_callback(pending.discard)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise GatewayGoneError from error
    publisher.stop()
    for service in services.values():
        service.stop()
    context.store.close()
    pool.shutdown(wait=False, cancel_futures=True)


def _handle(services: Mapping[str, Service], request: Request) -> Response:
    try:
        return services[request.service].handle(request)
    except Exception as error:
        logger.exception("%s %s failed", request.service, request.action or request.path)
        body = encode({"__type": "InternalFailure", "message": f"{type(error).__name__}: {error}"})
        return Response(500, {"Content-Type": "application/json"}, body)


def main() -> None:
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s [%(name)s] %(message)s"
    )
    config = CloudConfig.from_environment()
    channel = socket.socket(fileno=int(sys.argv[1]))
    context = Context(config, Clients(config.endpoint, config.region), Store(config.state_dir / "services.db"))
    with asyncio.Runner() as runner:
        try:
            runner.run(serve(channel, context))
        except GatewayGoneError:
            logger.warning("the gateway is gone: ending this process and its child processes")
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        os._exit(0)  # without waiting: worker threads may be in the middle of a call


if __name__ == "__main__":
    main()
