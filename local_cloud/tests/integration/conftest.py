"""Fixtures of the integration tests: parts of a chain, a delivery stream, a pipe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import Cloud
from tests.integration.delivery_streams import Delivery
from tests.integration.pipe_chain import Chain
from tests.integration.stream_parts import Parts


@pytest.fixture
def parts(cloud: Cloud, prefix: str) -> Parts:
    return Parts(cloud, prefix)


@pytest.fixture
def delivery(cloud: Cloud, prefix: str) -> Iterator[Delivery]:
    made = Delivery(Parts(cloud, prefix))
    yield made
    if made.name in made.firehose.list_delivery_streams(Limit=1000)["DeliveryStreamNames"]:
        made.firehose.delete_delivery_stream(DeliveryStreamName=made.name)


@pytest.fixture
def chain(cloud: Cloud, prefix: str) -> Iterator[Chain]:
    made = Chain(Parts(cloud, prefix))
    yield made
    if made.pipes.list_pipes(NamePrefix=made.name)["Pipes"]:
        made.pipes.delete_pipe(Name=made.name)
