"""Compute statistics of lists of numbers, and orders that a comparator gives.

Source: https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
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


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_skewness", skewness, ["DOUBLE[]"], "VARCHAR"),
    ("trino_kurtosis", kurtosis, ["DOUBLE[]"], "VARCHAR"),
    ("trino_histogram", histogram, ["DOUBLE[]", "BIGINT"], "VARCHAR[][]"),
    ("trino_sorted_positions", sorted_positions, ["INTEGER[][]"], "BIGINT[]"),
]
