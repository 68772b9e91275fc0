"""Scalar functions by name: the list of what exists here."""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.athena.sql.functions.arrays import ARRAYS
from local_cloud.athena.sql.functions.calls import Call
from local_cloud.athena.sql.functions.general import GENERAL
from local_cloud.athena.sql.functions.json_values import JSON_VALUES
from local_cloud.athena.sql.functions.lambdas import LAMBDAS
from local_cloud.athena.sql.functions.maps import MAPS
from local_cloud.athena.sql.functions.numbers import NUMBERS
from local_cloud.athena.sql.functions.text import TEXT
from local_cloud.athena.sql.functions.times import TIMES
from local_cloud.athena.sql.model import Typed

SCALARS: dict[str, Callable[[Call], Typed]] = {
    **TEXT,
    **NUMBERS,
    **TIMES,
    **ARRAYS,
    **LAMBDAS,
    **MAPS,
    **JSON_VALUES,
    **GENERAL,
}
