"""Build the tables beside the live ones, and check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.batch.operators.curate import CurateOperator
from sales_cdc.batch.operators.run_statements import ChecksOperator
from sales_cdc.batch.statements import Check
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.rebuild.checks import OWN
from sales_cdc.rebuild.operators.step import skip_unless_building
from sales_cdc.rebuild.tables import REBUILT, beside


class BuildTablesOperator(CurateOperator):
    """Run the job until it has taken every raw object into tables beside the live ones; it goes on where an earlier run stopped.

    A rebuild that has begun to exchange its tables has built them: then the task is skipped.

    Raises:
        AirflowException: the job's run failed. What it had committed stays.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.script_args: dict[str, Any] = {**(kwargs.get("script_args") or {}), "--rebuild": "true"}

    def execute(self, context: Any) -> Any:
        skip_unless_building(context)
        return super().execute(context)


class CheckRebuiltOperator(ChecksOperator):
    """Check the rebuilt tables: they have every change of the live ones, each once, and the state that follows from them.

    The statements name the rebuilt tables as ``tables``, and the live ones as ``live``.

    Raises:
        CheckFailedError: names every check that found rows; the live tables are as they were.
    """

    def __init__(self, *, checks: Mapping[str, Check], **kwargs: Any) -> None:
        super().__init__(folder="curated_checks", checks=checks, **kwargs)
        self.statements = [f"{'rebuild' if name in OWN else 'curated_checks'}/{name}.sql" for name in checks]

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        contract = declared_contract()
        names = {**statement_names(beside(contract, REBUILT)), "live": statement_names(contract)["tables"]}
        super().render_template_fields({**context, **names}, jinja_env)

    def execute(self, context: Any) -> Any:
        skip_unless_building(context)
        return super().execute(context)

    def _consequence(self) -> str:
        return "Nothing was exchanged, the live tables are as they were."
