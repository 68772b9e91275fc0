"""Report what a redrive did over all of its attempts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.redrive.attempts import summarise
from sales_cdc.redrive.keys import attempts_prefix, report_key
from sales_cdc.redrive.operators.error_zone_operator import ErrorZoneOperator

MAX_SHOWN = 20


class ReportRedriveOperator(ErrorZoneOperator):
    """Write ``ledger/redrive/<run>.json`` over all attempts of the run, log it, and return its counts.

    Args:
        bucket: the deployment's bucket.
        run_name: the run's name in the ledger; empty takes the run's id.
    """

    template_fields = aws_template_fields("bucket", "run_name")
    operator_extra_links = (ObjectLink(),)

    def execute(self, context: Any) -> dict[str, Any]:
        run_id = self.run_name or context["run_id"]
        params = {name: context["params"].get(name) for name in ("dry_run", "reason")}
        counts = summarise(self.hook.documents(attempts_prefix(run_id)))
        report = {"run_id": run_id, "at": datetime.now(UTC).isoformat(), **params, **counts}
        self.hook.keep(report_key(run_id), report)
        self.written_uri = f"s3://{self.bucket}/{report_key(run_id)}"
        self.log.info("%s\n%s", self.written_uri, as_lines(counts))
        return {name: counts[name] for name in ("found", "redelivered", "failed_again", "left")}


def as_lines(counts: dict[str, Any]) -> str:
    """Return how many records were found, redelivered, dropped and left, with the most frequent reasons."""
    lines = [f"  {counts[name]:>9,}  {name.replace('_', ' ')}" for name in ("found", "redelivered", "dropped", "left")]
    for title, name in (("found with", "found_by_reason"), ("failed again with", "by_reason")):
        lines += [f"  {count:>9,}  {title}  {reason}" for reason, count in Counter(counts[name]).most_common(MAX_SHOWN)]
    return "\n".join(lines)
