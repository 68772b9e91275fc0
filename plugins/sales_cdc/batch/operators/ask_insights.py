"""Run the insights, and keep in the ledger which orders hold a rescued value."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.batch.changed import texts
from sales_cdc.batch.operators.run_statements import CURATED_SIDE, InsightsOperator, StatementFailedError, with_changed
from sales_cdc.batch.rescued_orders import RescuedOrders
from sales_cdc.batch.statements import RESCUED
from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.contract import bucket_keys

MAX_NAMES_BYTES = 150_000  # Athena takes statements of 262,144 bytes


class ReportQuestionsOperator(InsightsOperator):
    """Run the questions of the report on Athena at the same time.

    Which orders hold a rescued value is asked of the orders that have changed since the last batch that passed, and of those that held one
    then. It is asked of all orders in an audit, without the ledger's document of that batch, and where more orders hold one than a query
    shows.

    Args:
        bucket: the bucket with the ledger.

    Returns:
        By statement, the id of its query execution.

    Raises:
        StatementFailedError: names the statements that failed, with Athena's reasons.

    Example::

        ReportQuestionsOperator(task_id="ask_insights", files=QUESTION_FILES, bucket=topology.bucket.name, workgroup="sales-cdc",
                                database="sales_cdc")
    """

    template_fields = aws_template_fields("statements", "workgroup", "database", "bucket")

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self._files = list(self.statements)

    def execute(self, context: Any) -> Any:
        ledger = WatermarkHook(bucket=self.bucket, **self._hook_parameters)
        curated = context["ti"].xcom_pull(task_ids=CURATED_SIDE) or {}
        known = self._known(ledger, curated)
        if known is not None:
            self.statements[self.names.index(RESCUED)] = self._statement(
                context, holders=texts(known.firsts()) or "NULL"
            )
        started = super().execute(context)
        run_id = context["run_id"] if curated.get("watermark") else str(curated.get("passed_by"))
        found = known.after(run_id, self._rows(started[RESCUED])) if known is not None else None
        if found is None:
            if known is not None:
                started[RESCUED] = self._ask_all(context)
            found = RescuedOrders.of_all(run_id, self._rows(started[RESCUED]))
        ledger.put_json(bucket_keys.RESCUED_ORDERS, found.document())
        return started

    def _known(self, ledger: WatermarkHook, curated: Any) -> RescuedOrders | None:
        """Return the ledger's orders if they are those of the watermark that says what has changed."""
        if not curated.get("changed"):
            return None
        try:
            known = RescuedOrders.of(ledger.document(bucket_keys.RESCUED_ORDERS))
        except ValueError:
            return None
        if known is None or known.run_id != curated.get("passed_by") or not known.names_all:
            return None
        return known if len(texts(known.firsts()).encode()) <= MAX_NAMES_BYTES else None

    def _ask_all(self, context: Any) -> str:
        query: str = self._athena.start(self._statement(context))
        self._started[RESCUED] = query
        if reason := self._reason(RESCUED, query):
            raise StatementFailedError(reason)
        return query

    def _statement(self, context: Any, **params: str) -> str:
        template = self.get_template_env().get_template(self._files[self.names.index(RESCUED)])
        text: str = template.render(with_changed(context, CURATED_SIDE, **params))
        return text

    def _rows(self, query: str) -> list[list[Any]]:
        return self._athena.first_rows(query).values()
