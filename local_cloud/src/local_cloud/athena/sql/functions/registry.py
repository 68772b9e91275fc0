"""List every function that exists here. A new one goes into the table of its own file."""

from __future__ import annotations

from local_cloud.athena.sql.functions.aggregates import AGGREGATES
from local_cloud.athena.sql.functions.arrays import ARRAYS
from local_cloud.athena.sql.functions.binary import BINARY
from local_cloud.athena.sql.functions.calls import Functions
from local_cloud.athena.sql.functions.general import GENERAL
from local_cloud.athena.sql.functions.json_values import JSON_VALUES
from local_cloud.athena.sql.functions.lambdas import LAMBDAS
from local_cloud.athena.sql.functions.maps import MAPS
from local_cloud.athena.sql.functions.numbers import NUMBERS
from local_cloud.athena.sql.functions.probability import PROBABILITY
from local_cloud.athena.sql.functions.text import TEXT
from local_cloud.athena.sql.functions.times import TIMES
from local_cloud.athena.sql.functions.windows import WINDOW_FUNCTIONS

FUNCTIONS = Functions(
    scalars={
        **TEXT,
        **BINARY,
        **NUMBERS,
        **PROBABILITY,
        **TIMES,
        **ARRAYS,
        **LAMBDAS,
        **MAPS,
        **JSON_VALUES,
        **GENERAL,
    },
    aggregates=AGGREGATES,
    windows=WINDOW_FUNCTIONS,
)
