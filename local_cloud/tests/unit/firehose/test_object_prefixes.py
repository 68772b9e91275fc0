"""Objects have the documented names.

Sources: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html and
https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.unit.firehose.conftest import destination

from local_cloud.firehose.prefixes import PrefixError, check_prefixes, data_prefix, error_prefix, object_name

MOMENT = datetime(2018, 8, 27, 10, 30, 5, tzinfo=UTC).timestamp()
FAILED = "processing-failed"


@pytest.mark.parametrize(
    ("prefix", "evaluated"),
    [
        ("", "2018/08/27/10/"),
        ("raw/", "raw/2018/08/27/10/"),
        ("raw/dt=!{timestamp:yyyy-MM-dd}/hr=!{timestamp:HH}/", "raw/dt=2018-08-27/hr=10/"),
        ("!{timestamp:yyyy/MM/dd}", "2018/08/27"),
        ("!{timestamp:'year='yyyy'/month='M'/day='d'/'}", "year=2018/month=8/day=27/"),
        ("!{timestamp:yyyy'-'MM}/!{timestamp:yyyy-MM}/", "2018-08/2018-08/"),
        ("!{timestamp:DDD}/", "239/"),
        ("!{timestamp:yyyy''MM}/!{timestamp:HH 'o''clock'}/", "2018'08/10 o'clock/"),
        ("!{timestamp:y/D/E/EEEE/Q/LL/k/K}/", "2018/239/Mon/Monday/3/08/10/10/"),
        ("!{timestamp:HH:mm:ss.SSS}/", "10:30:05.000/"),
    ],
)
def test_a_prefix_is_evaluated_at_the_arrival_of_the_oldest_record(prefix: str, evaluated: str) -> None:
    assert data_prefix(destination(prefix=prefix), MOMENT) == evaluated


def test_the_random_string_differs_every_time() -> None:
    where = destination(prefix="!{timestamp:yyyy}/!{firehose:random-string}/")
    first, second = data_prefix(where, MOMENT), data_prefix(where, MOMENT)
    assert re.fullmatch(r"2018/[A-Za-z0-9]{11}/", first)
    assert first != second


def test_times_are_in_the_configured_zone() -> None:
    where = destination(prefix="!{timestamp:HH}/", time_zone=ZoneInfo("Asia/Tokyo"))
    assert data_prefix(where, MOMENT) == "19/"


@pytest.mark.parametrize(
    ("prefix", "failures", "evaluated"),
    [
        ("", "", "processing-failed/2018/08/27/10/"),
        ("raw/", "", "raw/processing-failed/2018/08/27/10/"),
        ("", "failures/!{firehose:error-output-type}/", "failures/processing-failed/"),
        (
            "",
            "errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
            "errors/processing-failed/dt=2018-08-27/",
        ),
        ("raw/", "errors/", "errors/processing-failed/2018/08/27/10/"),
    ],
)
def test_an_error_prefix_names_the_error_type(prefix: str, failures: str, evaluated: str) -> None:
    assert error_prefix(destination(prefix=prefix, error_prefix=failures), MOMENT, FAILED) == evaluated


@pytest.mark.parametrize(
    ("prefix", "failures"),
    [
        ("!{timestamp:yyyy}/", ""),
        ("!{firehose:error-output-type}/", "errors/!{firehose:error-output-type}/"),
        ("", "errors/!{timestamp:yyyy}/"),
        ("!{firehose:nonsense}/", "!{firehose:error-output-type}/"),
        ("!{timestamp:qqqqq}/", "!{firehose:error-output-type}/"),
        ("!{nothing}/", "!{firehose:error-output-type}/"),
        ("raw/!{timestamp", "!{firehose:error-output-type}/"),
    ],
)
def test_a_prefix_that_aws_refuses_is_refused(prefix: str, failures: str) -> None:
    with pytest.raises(PrefixError):
        check_prefixes(prefix, failures)


@pytest.mark.parametrize(
    ("is_gzip", "extension", "ending"), [(False, None, ""), (True, None, ".gz"), (False, ".json", ".json"), (True, ".json.gz", ".json.gz")]
)  # fmt: skip
def test_an_object_is_named_after_stream_version_and_time(is_gzip: bool, extension: str | None, ending: str) -> None:
    name = object_name("orders", "3", MOMENT, destination(is_gzip=is_gzip, extension=extension))
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(rf"orders-3-2018-08-27-10-30-05-{uuid}{re.escape(ending)}", name)
