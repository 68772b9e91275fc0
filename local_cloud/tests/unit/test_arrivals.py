"""A reader's wait ends with the next announcement of its stream, also of one that came while it read."""

from __future__ import annotations

import threading
import time

from local_cloud.arrivals import MAX_IDLE_SECONDS, MIN_IDLE_SECONDS, Arrivals, longer, stream_of

FOR_EVER = 60.0


def test_an_announcement_ends_the_wait_of_its_stream() -> None:
    arrivals = Arrivals()
    seen = arrivals.count("kinesis/a")
    reader = threading.Thread(target=arrivals.wait, args=("kinesis/a", seen, FOR_EVER))
    reader.start()
    arrivals.announce(["kinesis/b", "kinesis/a"])
    reader.join(FOR_EVER / 2)
    assert not reader.is_alive()


def test_an_announcement_during_a_read_leaves_nothing_to_wait_for() -> None:
    arrivals = Arrivals()
    seen = arrivals.count("kinesis/a")
    arrivals.announce(["kinesis/a"])
    started = time.monotonic()
    arrivals.wait("kinesis/a", seen, FOR_EVER)
    assert time.monotonic() - started < FOR_EVER / 2


def test_other_streams_wake_nobody() -> None:
    arrivals = Arrivals()
    arrivals.announce(["kinesis/b"])
    started = time.monotonic()
    arrivals.wait("kinesis/a", arrivals.count("kinesis/a"), 0.05)
    assert time.monotonic() - started >= 0.05


def test_streams_of_both_services_have_the_names_that_the_gateway_announces() -> None:
    assert stream_of("arn:aws:kinesis:us-east-1:000000000000:stream/orders") == "kinesis/orders"
    table = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-11-30T00:00:00.000"
    assert stream_of(table) == "dynamodb/orders"


def test_pauses_grow_to_the_longest() -> None:
    pauses = [MIN_IDLE_SECONDS]
    for _ in range(20):
        pauses.append(longer(pauses[-1]))
    assert pauses == sorted(pauses)
    assert pauses[-1] == MAX_IDLE_SECONDS
