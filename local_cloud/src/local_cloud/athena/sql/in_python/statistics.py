"""Compute statistics of lists of numbers, and orders that a comparator gives.

Source: https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

from local_cloud.athena.sql.raising import QueryError


def _moments(numbers: list[float]) -> tuple[int, float, float, float]:
    """Return the count and the second to fourth central moments, updated number by number as Trino does."""
    count, mean, m2, m3, m4 = 0, 0.0, 0.0, 0.0, 0.0
    for number in numbers:
        before, count = count, count + 1
        delta = number - mean
        delta_n = delta / count
        product = delta * delta_n * before
        m4 += (
            product * delta_n * delta_n * (count * count - 3 * count + 3)
            + 6 * delta_n * delta_n * m2
            - 4 * delta_n * m3
        )
        m3 += product * delta_n * (count - 2) - 3 * delta_n * m2
        m2 += product
        mean += delta_n
    return count, m2, m3, m4


def skewness(numbers: list[float]) -> str:
    """Return the skewness as text, because DuckDB takes a NaN of Python for NULL."""
    count, m2, m3, _ = _moments(numbers)
    return repr(_quotient(math.sqrt(count) * m3, m2**1.5 if m2 >= 0 else math.nan))


def kurtosis(numbers: list[float]) -> str:
    count, m2, _, m4 = _moments(numbers)
    variance = m2 / (count - 1)
    factor = count * (count + 1) / ((count - 1) * (count - 2) * (count - 3))
    return repr(factor * _quotient(m4, variance * variance) - 3 * (count - 1) ** 2 / ((count - 2) * (count - 3)))


def _quotient(dividend: float, divisor: float) -> float:
    """Divide as Java does: 0 / 0 is no number."""
    if divisor:
        return dividend / divisor
    return math.nan if not dividend or math.isnan(dividend) else math.copysign(math.inf, dividend)


def histogram(numbers: list[float], buckets: int) -> list[list[str]]:
    """Return centres and weights of at most so many buckets. The two closest are joined again and again."""
    if buckets < 2:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "numeric_histogram bucket count must be greater than one")
    found = [[number, 1.0] for number in sorted(numbers, key=lambda number: (math.isnan(number), number))]
    while len(found) > buckets:
        distances = [b[0] - a[0] for a, b in itertools.pairwise(found)]
        at = min(range(len(distances)), key=lambda index: (math.isnan(distances[index]), distances[index]))
        (a, m), (b, n) = found[at : at + 2]
        found[at : at + 2] = [[(a * m + b * n) / (m + n), m + n]]
    return [[repr(centre), repr(weight)] for centre, weight in found]


def sorted_positions(answers: list[list[int | None]]) -> list[int]:
    """Return the positions, from 1, in the order that a comparator's answers for each pair define."""

    def compared(first: int, second: int) -> int:
        answer = answers[first][second]
        if answer not in {-1, 0, 1}:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", "Lambda comparator must return either -1, 0, or 1")
        return answer or 0

    return [position + 1 for position in sorted(range(len(answers)), key=functools.cmp_to_key(compared))]


def combinations(size: int, count: int) -> list[list[int]]:
    """Return every choice of so many positions, from 1, in the order of the last position, then of the one before it."""
    found = [list(choice) for choice in itertools.combinations(range(1, size + 1), count)]
    found.sort(key=lambda choice: choice[::-1])
    if len(found) > 100_000:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "combinations exceed max size")
    return found


def inverse_normal(mean: float, deviation: float, probability: float) -> str:
    if not 0 < probability < 1:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "p must be 0 > p > 1")
    if deviation <= 0:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "standardDeviation must be > 0")
    return repr(NormalDist(mean, deviation).inv_cdf(probability))


def normal(mean: float, deviation: float, value: float) -> str:
    if deviation <= 0:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "standardDeviation must be > 0")
    return repr(0.5 * math.erfc(-(value - mean) / (deviation * math.sqrt(2))))


def beta(a: float, b: float, value: float) -> str:
    """Return the distribution function of the beta distribution."""
    if a <= 0 or b <= 0 or not 0 <= value <= 1:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "a and b must be > 0 and value in the interval [0, 1]")
    return repr(_incomplete_beta(a, b, value))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Compute the regularised incomplete beta function by its continued fraction (Lentz)."""
    if x in {0.0, 1.0}:
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 300):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / (1 + factor * d), 1 + factor / c
            found *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return front * found


def wilson(successes: int, trials: int, z: float, bound: str) -> str:
    """Return a bound of the Wilson score interval."""
    if successes < 0 or trials <= 0 or successes > trials or z < 0:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", "number of successes must not be negative or larger than the number of trials"
        )
    p = successes / trials
    centre, spread = p + z * z / (2 * trials), z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return repr((centre - spread if bound == "lower" else centre + spread) / (1 + z * z / trials))


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_skewness", skewness, ["DOUBLE[]"], "VARCHAR"),
    ("trino_kurtosis", kurtosis, ["DOUBLE[]"], "VARCHAR"),
    ("trino_histogram", histogram, ["DOUBLE[]", "BIGINT"], "VARCHAR[][]"),
    ("trino_combinations", combinations, ["BIGINT", "BIGINT"], "BIGINT[][]"),
    ("trino_inverse_normal", inverse_normal, ["DOUBLE", "DOUBLE", "DOUBLE"], "VARCHAR"),
    ("trino_normal", normal, ["DOUBLE", "DOUBLE", "DOUBLE"], "VARCHAR"),
    ("trino_beta", beta, ["DOUBLE", "DOUBLE", "DOUBLE"], "VARCHAR"),
    ("trino_wilson", wilson, ["BIGINT", "BIGINT", "DOUBLE", "VARCHAR"], "VARCHAR"),
    ("trino_sorted_positions", sorted_positions, ["INTEGER[][]"], "BIGINT[]"),
]
