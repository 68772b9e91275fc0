"""Test what a rebuild is forecast to cost: each line by hand, from AWS's list prices."""

from __future__ import annotations

from decimal import Decimal

from sales_cdc.cost.rebuild import RawZone, rebuild_forecast, summary

GB = 1024**3


def test_a_rebuild_reads_stores_computes_and_checks() -> None:
    found = rebuild_forecast(RawZone(objects=10_000, size_bytes=75 * GB))
    changes = Decimal(75 * GB) / 750  # bytes of a line
    assert {(line.service, line.what): line.dollars for line in found.lines} == {
        ("S3", "objects read"): Decimal("0.004"),
        ("S3", "storage"): Decimal("1.725"),
        ("Glue", "job"): 2 * (360 + changes / 10_000) * Decimal("0.44") / 3600,
        ("Athena", "checks"): 4 * Decimal(75) / 1024 * 5,
    }
    assert Decimal(5) < found.dollars < Decimal(7)


def test_a_small_rebuild_costs_its_minimum_and_says_bytes_objects_and_dollars() -> None:
    raw = RawZone(objects=3, size_bytes=1_234_567)
    found = rebuild_forecast(raw)
    assert summary(raw, found).startswith(
        "raw/ holds 1,234,567 bytes in 3 objects. On AWS a rebuild from it costs about $0."
    )
    assert {line.what for line in found.lines} == {"objects read", "storage", "job", "checks"}


def test_an_empty_raw_zone_reads_and_stores_nothing() -> None:
    assert {line.what for line in rebuild_forecast(RawZone(0, 0)).lines} == {"job", "checks"}
