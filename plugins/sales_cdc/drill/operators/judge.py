"""Judge whether the curated tables show exactly what a drill wrote, and report it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.drill.claims import Claim, as_markdown, as_table
from sales_cdc.drill.drill_ledger import DrillLedger
from sales_cdc.drill.injected_records import decoded, identity_of, marker, markers
from sales_cdc.drill.keys import curate_key
from sales_cdc.drill.oracle import Comparison, Oracle, compare, read_csv
from sales_cdc.redrive.failed_records import read_records
from sales_cdc.redrive.keys import report_key
from sales_cdc.redrive.operators.error_zone_operator import ErrorZoneOperator

NO_REASON = "ProcessingFailed status set for record"  # Firehose writes this when it knows no reason
MAX_EXAMPLES = 20
EXACT, NOT_EXACT = "exact", "not exact"


class DrillFailedError(AirflowFailException):
    """The tables differ from the ledger; the message is the verdict."""


class JudgeDrillOperator(ErrorZoneOperator):
    """Judge the drill, write ``ledger/drill/<name>/report.json`` and ``report.md``, and log the verdict.

    Args:
        bucket: the deployment's bucket.
        run_name: the drill's name.
        changes_query, current_query: Athena's ids of the ended queries ``include/sql/drill/changes.sql`` and ``current.sql``.
        extras: what the task that put copies and poison returned.
        reconciled: what the task that reconciled returned.

    Returns:
        The verdict, ``exact`` or ``not exact``.

    Raises:
        DrillFailedError: a claim does not hold.
    """

    template_fields = aws_template_fields(
        "bucket", "run_name", "changes_query", "current_query", "extras", "reconciled"
    )
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, changes_query: Any, current_query: Any, extras: Any, reconciled: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.changes_query = changes_query
        self.current_query = current_query
        self.extras = extras
        self.reconciled = reconciled

    def execute(self, context: Any) -> str:
        ledger = DrillLedger(self.hook, self.run_name)
        oracle = ledger.oracle()
        changes = self._result(self.changes_query)
        current = read_csv(self._result(self.current_query))
        found = compare(oracle, read_csv(changes), current)
        claims = self._claims(context["params"], oracle, found)
        claims.append(self._reconciled(oracle, self.reconciled["report"]))
        claims += self._poison_claims(ledger, oracle, changes, self.extras["poison"])
        word = EXACT if all(claim.holds for claim in claims) else NOT_EXACT
        report = {
            "run_id": self.run_name, "at": datetime.now(UTC).isoformat(), "verdict": word,
            "params": dict(context["params"]), "claims": [claim.document() for claim in claims],
            "oracle_hash": found.oracle_hash, "table_hash": found.table_hash,
            "orders": {"all": len(oracle.histories), "live": len(oracle.alive())},
            "examples": {name: list(getattr(found, name)[:MAX_EXAMPLES]) for name in ("out_of_order", "resurrected", "differing")},
            "redrive": self._document(report_key(self.run_name)),
            "curated": self._document(curate_key(self.run_name)),
            "struck": ledger.noted(), "extras": self.extras, "reconciliation": self.reconciled,
        }  # fmt: skip
        self.written_uri = uri = ledger.keep_evidence(report, as_text(report, claims))
        table = as_table(claims)
        if word == NOT_EXACT:
            raise DrillFailedError(f"The drill '{self.run_name}' is not exact:\n{table}\nThe evidence: {uri}")
        self.log.info("The drill '%s' is exact:\n%s\nThe evidence: %s", self.run_name, table, uri)
        return word

    def _claims(self, params: Any, oracle: Oracle, found: Comparison) -> list[Claim]:
        return [
            Claim("changes written, by the ledger", params["changes"], oracle.changes),
            Claim("changes lost", 0, found.lost),
            Claim("changes duplicated", 0, found.duplicated),
            Claim("orders whose changes are out of order", 0, len(found.out_of_order)),
            Claim("deleted orders resurrected", 0, len(found.resurrected)),
            Claim("orders that differ from the oracle", 0, len(found.differing)),
            Claim("content of the live orders (SHA-256)", found.oracle_hash, found.table_hash),
        ]

    def _reconciled(self, oracle: Oracle, report_key: str) -> Claim:
        """Return the claim on the orders that reconciliation names; only the drill's own orders count."""
        report = self._document(report_key) or {}
        named = [
            *report.get("missing", ()),
            *report.get("extra", ()),
            *(each["orderid"] for each in report.get("stale", ())),
        ]
        found = sum(order in oracle.histories for order in named) if report else "not reconciled"
        return Claim("orders that reconciliation with DynamoDB names", 0, found)

    def _poison_claims(self, ledger: DrillLedger, oracle: Oracle, changes: str, put: int) -> list[Claim]:
        """Return the claims on poison: it is under errors/ with a redrive's reason, and nowhere else."""
        kept, explained, own = set[int](), set[int](), 0
        for listed in ledger.objects_since(bucket_keys.ERRORS_PREFIX):
            for record in read_records(self.hook.read(listed) or b""):
                data = decoded(record.data)
                numbers = markers(self.run_name, [data])
                kept |= numbers
                explained |= set() if record.reason.endswith(NO_REASON) else numbers
                own += (identity_of(data) or ("", ""))[0] in oracle.histories
        poison = marker(self.run_name, 0)[:-1]
        through = sum(row["orderid"].startswith(poison) for row in read_csv(changes))
        return [
            Claim("poison records kept under errors/", put, len(kept)),
            Claim("… each redriven, refused again, with its reason", put, len(explained)),
            Claim("poison records in the tables", 0, through),
            Claim("the drill's own changes left under errors/", 0, own),
        ]

    def _result(self, query_id: str) -> str:
        """Return a query's result in CSV."""
        athena = AthenaHook(**self._connection)
        location = urlsplit(athena.get_output_location(query_id))
        body: bytes = self.hook.conn.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"].read()
        return body.decode()

    def _document(self, key: str) -> dict[str, Any] | None:
        return next(iter(self.hook.documents(key)), None)


def as_text(report: dict[str, Any], claims: list[Claim]) -> str:
    """Return the content of ``report.md``."""
    redriven = report["redrive"] or {"found": 0, "redelivered": 0, "left": 0, "by_reason": {}}
    redrive = "Under errors/ the redrive found {found:,} records, delivered {redelivered:,} and left {left:,}:".format(
        **redriven
    )
    return "\n".join(
        [
            f"# Drill {report['run_id']}: {report['verdict']}",
            "",
            f"{report['params']['changes']:,} changes to {report['orders']['all']:,} orders; {report['at']}.",
            "",
            as_markdown(claims),
            "",
            redrive,
            "",
            *[f"* {count:,} × {reason}" for reason, count in redriven["by_reason"].items()],
            "",
            f"Faults that struck: {json.dumps(report['struck'])}; put into the stream: {json.dumps(report['extras'])}.",
            "",
        ]
    )
