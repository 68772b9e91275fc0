"""Counters add up totals and measure ages, for each resource."""

from __future__ import annotations

import time

from local_cloud.counters import Counters


def test_totals_add_up_for_each_resource() -> None:
    counters = Counters()
    counters.add("orders", incoming=2, delivered=1)
    counters.add("orders", incoming=3)
    counters.add("returns", incoming=7)
    read = counters.read()
    assert (read["orders"]["incoming"], read["orders"]["delivered"], read["returns"]["incoming"]) == (5, 1, 7)


def test_the_age_is_that_of_the_oldest_part() -> None:
    counters = Counters()
    counters.add("orders", incoming=1)
    counters.oldest_since("orders", time.time() - 10, "shard-1")
    counters.oldest_since("orders", time.time() - 90, "shard-2")
    assert 90 <= counters.read()["orders"]["oldest_age_seconds"] < 100
    counters.oldest_since("orders", None, "shard-2")
    assert 10 <= counters.read()["orders"]["oldest_age_seconds"] < 20


def test_a_resource_that_holds_nothing_has_no_age() -> None:
    counters = Counters()
    counters.add("orders", incoming=1)
    assert counters.read()["orders"]["oldest_age_seconds"] == 0.0


def test_a_deleted_resource_is_forgotten() -> None:
    counters = Counters()
    counters.add("orders", incoming=1)
    counters.forget("orders")
    assert counters.read() == {}
