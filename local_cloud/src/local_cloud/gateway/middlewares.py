"""The layers that a request passes on its way to MiniStack, as one ordered list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from local_cloud.emulator import further_checks, passed_roles
from local_cloud.emulator.control_state import KEPT_SERVICES
from local_cloud.emulator.exports import Exports
from local_cloud.emulator.function_tags import hide_tags
from local_cloud.emulator.kinesis_limits import check_limits
from local_cloud.emulator.kinesis_monitoring import with_limits
from local_cloud.emulator.log_keys import add_key_actions
from local_cloud.emulator.modules import Modules
from local_cloud.emulator.persistence import Persistence
from local_cloud.emulator.query_work_groups import QueryWorkGroups
from local_cloud.emulator.requests import Requests
from local_cloud.emulator.seams import moved
from local_cloud.emulator.stream_tags import tag_new_streams
from local_cloud.emulator.table_filter import filter_tables
from local_cloud.gateway.cbor_requests import decode_requests
from local_cloud.gateway.faults import Faults
from local_cloud.gateway.forwarding import OWNED, Call, forward
from local_cloud.gateway.traffic_metrics import TrafficMetrics
from local_cloud.gateway.turns import Turns
from local_cloud.gateway.weather.weather import SERVICES as WEATHER_SERVICES
from local_cloud.gateway.weather.weather import Weather
from local_cloud.glue.catalog import actions as catalog_actions
from local_cloud.wire import Handler


@dataclass(frozen=True)
class Middleware:
    """One layer: what it is for, the services whose requests pass it, and how it wraps a service's handler."""

    purpose: str
    services: Iterable[str]
    wrap: Callable[[str, Handler], Handler]


@dataclass(frozen=True)
class Parts:
    """What the layers are made of; each part keeps the state of one layer."""

    persistence: Persistence
    work_groups: QueryWorkGroups
    exports: Exports
    faults: Faults
    weather: Weather
    metrics: TrafficMetrics
    services: Call


def middlewares(modules: Modules, parts: Parts, *, enforce_iam: bool) -> list[Middleware]:
    """List every layer from MiniStack outwards: the last one is the first to see a request."""
    faults, metrics, turns = parts.faults, parts.metrics, Turns()
    return [
        Middleware("save control state", KEPT_SERVICES, parts.persistence.save_after),
        Middleware("journal items", ["dynamodb"], lambda _, handler: parts.persistence.journal(handler)),
        Middleware(
            "complete the Glue catalog", ["glue"], lambda _, handler: catalog_actions.around(handler, modules.glue)
        ),
        Middleware(
            "hand our services' requests on",
            OWNED,
            lambda service, handler: forward(service, handler, parts.services, enforce_iam=enforce_iam),
        ),
        Middleware(
            "keys of log groups", ["logs"], lambda _, handler: add_key_actions(modules.cloudwatch_logs, handler)
        ),
        Middleware("DescribeLimits", ["kinesis"], lambda _, handler: with_limits(modules.kinesis, handler)),
        Middleware("limits of Kinesis", ["kinesis"], lambda _, handler: check_limits(modules.kinesis, handler)),
        Middleware("keep tags of new streams", ["kinesis"], lambda _, handler: tag_new_streams(handler)),
        Middleware("note queries' work groups", ["athena"], lambda _, handler: parts.work_groups.around(handler)),
        Middleware(
            "check iam:PassRole",
            passed_roles.SERVICES if enforce_iam else (),
            lambda service, handler: passed_roles.check_passed_roles(service, handler, modules.app),
        ),
        Middleware(
            "check further resources and actions",
            further_checks.SERVICES if enforce_iam else (),
            lambda service, handler: further_checks.check_further(
                service, handler, modules.app, Requests(modules.app, modules.iam_actions)
            ),
        ),
        Middleware(
            "leave out tables that are not to be seen",
            ["glue"] if enforce_iam else (),
            lambda _, handler: filter_tables(handler, modules.app),
        ),
        Middleware(
            "hide a function's tags",
            ["lambda"] if enforce_iam else (),
            lambda _, handler: hide_tags(handler, modules.app),
        ),
        Middleware("make exports", ["dynamodb"], lambda _, handler: parts.exports.around(handler)),
        Middleware("take turns", ["dynamodb", "dynamodbstreams", "kinesis"], lambda _, handler: turns.around(handler)),
        Middleware("faults on demand", ["kinesis", "dynamodb", "lambda", "s3"], faults.around),
        Middleware("weather", WEATHER_SERVICES, parts.weather.around),
        Middleware("metrics of Kinesis", ["kinesis"], lambda _, handler: metrics.around_kinesis(handler)),
        Middleware("metrics of Lambda", ["lambda"], lambda _, handler: metrics.around_lambda(handler)),
        Middleware("requests in CBOR", ["kinesis"], lambda _, handler: decode_requests(handler)),
    ]


def install(layers: Sequence[Middleware], handlers: dict[str, Handler]) -> None:
    """Wrap the handlers of MiniStack's table in the layers, in their order.

    Raises:
        SeamMovedError: the table has no such service.
    """
    for layer in layers:
        for service in layer.services:
            if service not in handlers:
                raise moved(f"SERVICE_HANDLERS has no {service}")
            handlers[service] = layer.wrap(service, handlers[service])
