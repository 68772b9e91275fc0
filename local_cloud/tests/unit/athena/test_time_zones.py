"""Names of time zones. Judge: a real Trino 476, asked for every zone of the tz database."""

from __future__ import annotations

import pytest

from local_cloud.athena.sql.raising import QueryError
from local_cloud.athena.sql.values.time_zones import zone_name


@pytest.mark.parametrize("name", ["EST", "HST", "MST", "Factory", "Etc/Greenwich", "Etc/Zulu", "Mars/Base"])
def test_a_zone_that_trino_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(QueryError, match="is not a valid time zone"):
        zone_name(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("EST5EDT", "EST5EDT"),
        ("Zulu", "UTC"),
        ("Etc/UTC", "UTC"),
        ("America/New_York", "America/New_York"),
        ("-3", "-03:00"),
    ],
)
def test_a_zone_is_shown_by_trinos_name(name: str, shown: str) -> None:
    assert zone_name(name) == shown
