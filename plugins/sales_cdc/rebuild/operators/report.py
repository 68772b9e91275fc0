"""Write the report of a rebuild."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.rebuild.operators.step import CONFIRM, RebuildOperator
from sales_cdc.rebuild.tables import REBUILT


class RebuildReportOperator(RebuildOperator):
    """Write ``ledger/rebuild/<run>.json``: what was rebuilt, from how much, and which tables are kept.

    After ``restore_old`` it also removes the tables that the restored ones replaced.

    Returns:
        The S3 URI of the report.

    Raises:
        ExchangeError: a table's folder is not its own.
    """

    operator_extra_links = (ObjectLink(),)

    def execute(self, context: Any) -> str:
        pull = context["ti"].xcom_pull
        plan, exchanged = pull(task_ids="plan_rebuild"), pull(task_ids="exchange_tables")
        removed = self._remove(REBUILT) if exchanged["incoming"] == "old" else {}
        report = {
            "run_id": context["run_id"],
            "at": datetime.now(UTC).isoformat(),
            "action": "restored" if exchanged["incoming"] == "old" else "rebuilt",
            **{name: plan[name] for name in ("objects", "bytes", "dollars")},
            "checks": pull(task_ids="check_rebuilt") or {},
            "taken_since": {name: (pull(task_ids="await_curation") or {}).get(name) for name in ("objects", "changes")},
            "kept_tables": exchanged["kept"],
            "removed_tables": sorted(removed),
            "what_next": f"The former tables are kept. {CONFIRM}" if exchanged["kept"] else "Nothing is kept.",
        }
        key = bucket_keys.document_of(bucket_keys.REBUILD_RUNS, context["run_id"])
        self._lake.put_json(key, report)
        self.written_uri = f"s3://{self.bucket}/{key}"
        self.log.info("The report, also in %s: %s", self.written_uri, report)
        return self.written_uri
