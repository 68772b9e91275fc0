"""Move a drill's poison from the error zone to its evidence."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from sales_cdc.contract import bucket_keys
from sales_cdc.drill.drill_ledger import DrillLedger
from sales_cdc.drill.injected_records import decoded, markers
from sales_cdc.drill.keys import poison_key
from sales_cdc.redrive.failed_records import object_body, read_records
from sales_cdc.redrive.operators.error_zone_operator import ErrorZoneOperator


class QuarantinePoisonOperator(ErrorZoneOperator):
    """Move the drill's poison records from ``errors/`` to its evidence; other records stay.

    Args:
        bucket: the deployment's bucket.
        run_name: the drill's name.

    Returns:
        How many records it moved.
    """

    template_fields = aws_template_fields("bucket", "run_name")

    def execute(self, context: Any) -> int:
        moved = 0
        for listed in DrillLedger(self.hook, self.run_name).objects_since(bucket_keys.ERRORS_PREFIX):
            own: list[bytes] = []
            others: list[bytes] = []
            for record in read_records(self.hook.read(listed) or b""):
                is_own = markers(self.run_name, [decoded(record.data)])
                (own if is_own else others).append(record.line)
            if own:
                self.hook.deliver(poison_key(self.run_name, listed.key, listed.etag), object_body(own))
                moved += len(own) if self.hook.replace(listed, object_body(others)) else 0
        self.log.info("Moved %s poison records from errors/ to the evidence.", moved)
        return moved
