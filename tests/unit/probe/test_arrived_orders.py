"""Test where probe orders are looked for in the raw zone."""

from __future__ import annotations

from datetime import UTC, datetime

from sales_cdc.probe.arrived_orders import hourly_folders


def test_the_probe_is_looked_for_in_every_hour_since_it_was_written() -> None:
    start, end = datetime(2026, 1, 1, 23, 59, tzinfo=UTC), datetime(2026, 1, 2, 1, 0, tzinfo=UTC)
    assert hourly_folders(start, end) == [
        "raw/orders/dt=2026-01-02/hr=01/",
        "raw/orders/dt=2026-01-02/hr=00/",
        "raw/orders/dt=2026-01-01/hr=23/",
    ]
