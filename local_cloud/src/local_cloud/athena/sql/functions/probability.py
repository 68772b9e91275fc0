"""Compile functions of probabilities and of vectors.

Source: https://trino.io/docs/current/functions/math.html#probability-functions-cdf
"""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import can_coerce, coerce
from local_cloud.athena.types import DOUBLE, VARCHAR, mapping


def _distribution(function: str) -> Function:
    return simple(("double; double; double -> double", f"CAST({function}({{0}}, {{1}}, {{2}}) AS DOUBLE)"))


def _wilson(bound: str) -> Function:
    return simple(("bigint; bigint; double -> double", f"CAST(trino_wilson({{0}}, {{1}}, {{2}}, '{bound}') AS DOUBLE)"))


def _cosine_similarity(call: Call) -> Typed:
    """Compile the cosine of the angle between two sparse vectors, maps of their coordinates; NULL if one has no length."""
    values = call.arguments()
    kind = mapping(VARCHAR, DOUBLE)
    if len(values) != 2 or not all(can_coerce(value.type, kind) for value in values):
        raise call.mistaken()
    a, b = (coerce(value, kind).sql for value in values)
    product = f"list_sum(list_transform(map_keys({a}), lambda k: ({a})[k] * coalesce(({b})[k], 0)))"
    lengths = [f"sqrt(list_sum(list_transform(map_values({item}), lambda v: v * v)))" for item in (a, b)]
    return Typed(f"({product} / nullif({lengths[0]} * {lengths[1]}, 0))", DOUBLE)


PROBABILITY: dict[str, Function] = {
    "normal_cdf": _distribution("trino_normal"), "inverse_normal_cdf": _distribution("trino_inverse_normal"),
    "beta_cdf": _distribution("trino_beta"),
    "wilson_interval_lower": _wilson("lower"), "wilson_interval_upper": _wilson("upper"), "cosine_similarity": _cosine_similarity,
}  # fmt: skip
