"""Handlers of items and records take turns, and other calls run between two of them."""

from __future__ import annotations

import asyncio

import pytest

from local_cloud.gateway.turns import Answer, Turns


async def answered() -> list[str]:
    """Return in which order three handlers that take turns ran, and a call without a turn that began after them."""
    turns, order = Turns(), list[str]()

    def handler(name: str) -> asyncio.Task[Answer]:
        async def compute(*_: object) -> Answer:
            order.append(name)
            return 200, {}, b""

        return asyncio.create_task(turns.around(compute)())

    async def control() -> None:
        order.append("control")

    await asyncio.gather(*[handler(name) for name in ("first", "second", "third")], asyncio.create_task(control()))
    return order


def test_a_call_without_a_turn_waits_for_one_handler_only() -> None:
    assert asyncio.run(answered()) == ["first", "control", "second", "third"]


def test_a_failing_handler_releases_its_turn() -> None:
    async def fail(*_: object) -> Answer:
        raise LookupError

    async def both() -> Answer:
        turns = Turns()
        with pytest.raises(LookupError):
            await turns.around(fail)()

        async def answer(*request: object) -> Answer:
            return 200, {}, str(request).encode()

        return await asyncio.wait_for(turns.around(answer)("a"), 5)

    assert asyncio.run(both()) == (200, {}, b"('a',)")


def test_a_cancelled_wait_holds_no_turn() -> None:
    async def run() -> Answer:
        turns, held = Turns(), asyncio.Event()

        async def hold(*_: object) -> Answer:
            await held.wait()
            return 200, {}, b"held"

        holder = asyncio.create_task(turns.around(hold)())
        waiter = asyncio.create_task(turns.around(hold)())
        await asyncio.sleep(0)
        waiter.cancel()
        held.set()
        await holder
        return await asyncio.wait_for(turns.around(hold)(), 5)

    assert asyncio.run(run()) == (200, {}, b"held")
