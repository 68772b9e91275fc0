"""Start and end the local cloud's faults, and crash its workers."""

from __future__ import annotations

import time
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from sales_cdc.drill.drill_ledger import DrillLedger
from sales_cdc.drill.fault_injector import FaultInjector, FaultsRefusedError
from sales_cdc.redrive.operators.error_zone_operator import ErrorZoneOperator

CRASH_ATTEMPTS, CRASH_PAUSE_SECONDS = 40, 0.5
NO_INJECTOR = "There is no fault injector here (only the local cloud has one): going on with copies and poison alone."


class FaultsOperator(ErrorZoneOperator):
    """An operator that calls the fault injector, and keeps in the drill's evidence what it did.

    Args:
        endpoint: the injector's endpoint; None where there is no injector.
        bucket: the bucket of the evidence.
        run_name: the drill's name.
    """

    template_fields = aws_template_fields("bucket", "run_name")

    def __init__(self, *, endpoint: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.endpoint = endpoint

    def _note(self, context: Any, what: str, document: dict[str, int]) -> None:
        DrillLedger(self.hook, self.run_name).note(f"{context['run_id']}-{what}", document)


class InjectFaultsOperator(FaultsOperator):
    """Put the Param ``faults`` in force, if there is an injector; the same plan that is in force already continues."""

    def execute(self, context: Any) -> dict[str, Any]:
        injector, plan = FaultInjector(self.endpoint), context["params"]["faults"]
        if not injector.is_there or not plan:
            self.log.info("No faults asked for." if injector.is_there else NO_INJECTOR)
            return {}
        wanted = {"seed": context["params"]["seed"], **plan}
        try:
            in_force = injector.state()["plan"]
            if any(in_force.get(name) != value for name, value in wanted.items()):
                in_force = injector.set(wanted)["plan"]
        except FaultsRefusedError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("In force: %s", in_force)
        return dict(in_force)


class CrashWorkersOperator(FaultsOperator):
    """Kill the local cloud's workers, if the Param ``crashes`` is at least ``number``.

    Without an injector there is no crash.

    Returns:
        How many crashes it made, 0 or 1.
    """

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context: Any) -> int:
        injector = FaultInjector(self.endpoint)
        if not injector.is_there or context["params"]["crashes"] < self.number:
            self.log.info("No crash here." if injector.is_there else NO_INJECTOR)
            return 0
        for _ in range(CRASH_ATTEMPTS):
            if injector.crash():
                self._note(context, f"crash-{self.number}", {"crashes": 1})
                self.log.info("Killed the workers: crash %s.", self.number)
                return 1
            time.sleep(CRASH_PAUSE_SECONDS)
        raise AirflowException(
            "Could not crash the workers: they did not restart after the previous crash. See the local cloud's log."
        )


class LiftFaultsOperator(FaultsOperator):
    """End the faults, and return how often each of them struck."""

    def execute(self, context: Any) -> dict[str, int]:
        injector = FaultInjector(self.endpoint)
        if not injector.is_there:
            return {}
        struck: dict[str, int] = injector.state()["done"]
        self._note(context, "faults", struck)
        injector.lift()
        self.log.info("The faults are over. They struck: %s", struck)
        return struck
