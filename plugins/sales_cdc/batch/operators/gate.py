"""Run the checks of the curated tables; once they pass, move the watermark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.aws.athena import MAX_ROWS
from sales_cdc.aws.query_rows import QueryRows
from sales_cdc.batch.changed import texts
from sales_cdc.batch.operators.first_changes import is_of_run
from sales_cdc.batch.operators.run_statements import CURATED_SIDE, RAW_SIDE, ChecksOperator, with_changed
from sales_cdc.batch.watermark_ledger import WatermarkHook


class GateOperator(ChecksOperator):
    """Check what has changed since the last batch whose gate passed; after an audit, or without a watermark, check everything.

    A check on what has changed may find orders whose later change, or current row, it does not read. It asks again for these orders, of
    the whole tables, and only that answer counts. Once no check finds anything, the watermark moves to what the batch's job had listed,
    and the notes of what is checked are deleted.

    Args:
        bucket: the bucket with the ledger.

    Returns:
        By check, the number of rows: 0.

    Raises:
        CheckFailedError: names every check that found rows, shows the rows, and says what to do. The watermark stays.

    Example::

        GateOperator(task_id="check_curated", bucket=topology.bucket.name, folder="curated_checks", checks=CURATED_CHECKS,
                     workgroup="sales-cdc", database="sales_cdc")
    """

    template_fields = aws_template_fields("statements", "workgroup", "database", "bucket")

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self._files = list(self.statements)
        self._context: Any = None

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        super().render_template_fields(with_changed(context, CURATED_SIDE), jinja_env)

    def execute(self, context: Any) -> Any:
        self._context = context
        passed = super().execute(context)
        self._move_watermark(context["ti"], context["run_id"])
        return passed

    def _move_watermark(self, instance: Any, run_id: str) -> None:
        """Move the watermark, and close the notes that every check of this run has looked at."""
        curated, raw = (instance.xcom_pull(task_ids=task) or {} for task in (CURATED_SIDE, RAW_SIDE))
        ledger = WatermarkHook(bucket=self.bucket, **self._hook_parameters)
        if watermark := curated.get("watermark"):
            ledger.move(watermark, run_id)
            self.log.info("Everything up to the hour %s is taken and checked.", "/".join(watermark["hour"]))
        seen = {*raw.get("ended", []), *curated.get("notes", [])}
        own = {key for key in curated.get("ended", []) if is_of_run(key, run_id)}
        ledger.close(sorted(own | seen))

    def _found(self) -> dict[str, QueryRows]:
        found = super()._found()
        if with_changed(self._context, CURATED_SIDE)["params"].get("changed") is None:
            return found
        asked = {name: rows for name, rows in found.items() if rows.rows}
        return found | {name: self._ask_again(name, rows) for name, rows in asked.items()}

    def _ask_again(self, name: str, rows: QueryRows) -> QueryRows:
        """Ask a check of whole tables, for the orders that it named; for all orders where these are too many."""
        orders = sorted({str(row[0]) for row in rows.rows})
        template = self.get_template_env().get_template(self._files[self.names.index(name)])
        only = {"orders": texts(orders)} if len(rows.rows) < MAX_ROWS else {}
        params: Mapping[str, Any] = {**self._context["params"], **only}
        query = self._athena.start(template.render({**self._context, "params": params}))
        self.log.info("The check '%s' names %s: asked again as Athena query %s.", name, json.dumps(orders[:20]), query)
        self._athena.wait(query)
        self._started[name] = query
        return self._athena.first_rows(query)
