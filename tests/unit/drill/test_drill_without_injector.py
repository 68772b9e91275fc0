"""A drill goes on where there is no fault injector."""

from __future__ import annotations

from typing import Any

import pytest
from sales_cdc.drill.fault_injector import FaultInjector, FaultsRefusedError
from sales_cdc.drill.operators.faults import CrashWorkersOperator, InjectFaultsOperator, LiftFaultsOperator

PLACE: dict[str, Any] = {"endpoint": None, "bucket": "no-bucket", "run_name": "drill"}
CONTEXT = {"params": {"faults": {"duplicate": 0.5}, "crashes": 3, "seed": 1}, "run_id": "run"}


@pytest.mark.parametrize(
    ("step", "done"),
    [
        (InjectFaultsOperator(task_id="inject", **PLACE), {}),
        (CrashWorkersOperator(task_id="crash", number=1, **PLACE), 0),
        (LiftFaultsOperator(task_id="lift", **PLACE), {}),
    ],
)
def test_a_missing_injector_is_not_called(step: Any, done: Any) -> None:
    assert step.execute(CONTEXT) == done


def test_an_injector_that_does_not_answer_raises_an_error_that_names_it() -> None:
    with pytest.raises(FaultsRefusedError, match=r"http://127\.0\.0\.1:9"):
        FaultInjector("http://127.0.0.1:9").state()
