"""Test that the benchmark of reconciliation measures what it says: it asserts what each comparison finds."""

from __future__ import annotations

import pytest

from benchmarks import reconcile
from tests.conftest import Cloud

pytestmark = pytest.mark.integration


def test_reconciliation_and_its_comparison_alone_find_the_one_difference(cloud: Cloud) -> None:
    measured = reconcile.best_seconds(cloud.endpoint, 1000)
    assert {kind for kind, seconds in measured.items() if seconds > 0} == {"plain", "reconcile", "comparison"}
