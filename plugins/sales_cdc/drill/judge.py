"""Holds what a drill did against what the tables show, and says so in one table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.drill import extras as drill
from sales_cdc.drill import verdict
from sales_cdc.drill.ledger import DrillLedger
from sales_cdc.drill.verdict import Claim
from sales_cdc.redrive import records as redrive
from sales_cdc.redrive.error_zone import ErrorZoneHook

NOT_SAID = "ProcessingFailed status set for record"  # Firehose's own words: they give no reason
SHOWN = 20
EXACT, NOT_EXACT = "exact", "not exact"


class DrillFailedError(AirflowFailException):
    """The tables are not what the ledger says; the message is the verdict."""


class JudgeDrillOperator(AwsBaseOperator[ErrorZoneHook]):
    """Judge the drill, keep ``ledger/drill/<name>/report.json`` and ``report.md``, and log the verdict.

    Args:
        run_name: the drill's.
        changes_query, current_query: Athena's ids of the queries under ``include/sql/drill/``, ended.
        extras, reconciled: what the tasks that put the extras, and that reconciled, returned.

    Returns:
        The verdict, in a word.

    Raises:
        DrillFailedError: a claim does not hold.
    """

    aws_hook_class = ErrorZoneHook
    template_fields = aws_template_fields(
        "bucket", "run_name", "changes_query", "current_query", "extras", "reconciled"
    )
    operator_extra_links = (ObjectLink(),)

    def __init__(
        self,
        *,
        bucket: str,
        run_name: str,
        changes_query: Any,
        current_query: Any,
        extras: Any,
        reconciled: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.run_name = run_name
        self.changes_query = changes_query
        self.current_query = current_query
        self.extras = extras
        self.reconciled = reconciled

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def execute(self, context: Any) -> str:
        ledger = DrillLedger(self.hook, self.run_name)
        oracle = ledger.oracle()
        changes = self._result(self.changes_query)
        current = verdict.read_csv(self._result(self.current_query))
        found = verdict.compare(oracle, verdict.read_csv(changes), current)
        claims = self._claims(context["params"], oracle, found)
        claims.append(self._reconciled(oracle, self.reconciled["report"]))
        claims += self._poison_claims(ledger, oracle, changes, self.extras["poison"])
        word = EXACT if all(claim.holds for claim in claims) else NOT_EXACT
        report = {
            "run_id": self.run_name, "at": datetime.now(UTC).isoformat(), "verdict": word,
            "params": dict(context["params"]), "claims": [claim.document() for claim in claims],
            "oracle_hash": found.oracle_hash, "table_hash": found.table_hash,
            "orders": {"all": len(oracle.histories), "live": len(oracle.alive())},
            "examples": {name: list(getattr(found, name)[:SHOWN]) for name in ("out_of_order", "resurrected", "differing")},
            "redrive": self._document(redrive.report_key(self.run_name)),
            "curated": self._document(drill.curate_key(self.run_name)),
            "struck": ledger.noted(), "extras": self.extras, "reconciliation": self.reconciled,
        }  # fmt: skip
        self.written_uri = uri = ledger.keep_evidence(report, as_text(report, claims))
        table = verdict.as_table(claims)
        if word == NOT_EXACT:
            raise DrillFailedError(f"The drill '{self.run_name}' is not exact:\n{table}\nThe evidence: {uri}")
        self.log.info("The drill '%s' is exact:\n%s\nThe evidence: %s", self.run_name, table, uri)
        return word

    def _claims(self, params: Any, oracle: verdict.Oracle, found: verdict.Comparison) -> list[Claim]:
        return [
            Claim("changes written, by the ledger", params["changes"], oracle.changes),
            Claim("changes lost", 0, found.lost),
            Claim("changes doubled", 0, found.doubled),
            Claim("orders whose changes are out of order", 0, len(found.out_of_order)),
            Claim("deleted orders resurrected", 0, len(found.resurrected)),
            Claim("orders that differ from the oracle", 0, len(found.differing)),
            Claim("content of the live orders (SHA-256)", found.oracle_hash, found.table_hash),
        ]

    def _reconciled(self, oracle: verdict.Oracle, report_key: str) -> Claim:
        """The table's orders are everybody's: the drill answers for its own."""
        report = self._document(report_key) or {}
        named = [
            *report.get("missing", ()),
            *report.get("extra", ()),
            *(each["orderid"] for each in report.get("stale", ())),
        ]
        found = sum(order in oracle.histories for order in named) if report else "not reconciled"
        return Claim("orders that reconciliation with DynamoDB names", 0, found)

    def _poison_claims(self, ledger: DrillLedger, oracle: verdict.Oracle, changes: str, put: int) -> list[Claim]:
        """Each poison record lies under errors/ with a reason that only a redrive finds out, and nowhere else."""
        kept, said, own = set[int](), set[int](), 0
        for listed in ledger.objects_since(bucket_keys.ERRORS_PREFIX):
            for record in redrive.read_records(self.hook.read(listed) or b""):
                data = drill.decoded(record.data)
                numbers = drill.markers(self.run_name, [data])
                kept |= numbers
                said |= set() if record.reason.endswith(NOT_SAID) else numbers
                own += (drill.identity_of(data) or ("", ""))[0] in oracle.histories
        poison = drill.marker(self.run_name, 0)[:-1]
        through = sum(row["orderid"].startswith(poison) for row in verdict.read_csv(changes))
        return [
            Claim("poison records kept under errors/", put, len(kept)),
            Claim("… each redriven, refused again, with its reason", put, len(said)),
            Claim("poison records in the tables", 0, through),
            Claim("the drill's own changes left under errors/", 0, own),
        ]

    def _result(self, query_id: str) -> str:
        """A query's CSV."""
        athena = AthenaHook(**{name: value for name, value in self._hook_parameters.items() if name != "bucket"})
        location = urlsplit(athena.get_output_location(query_id))
        body: bytes = self.hook.conn.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"].read()
        return body.decode()

    def _document(self, key: str) -> dict[str, Any] | None:
        return next(iter(self.hook.documents(key)), None)


def as_text(report: dict[str, Any], claims: list[Claim]) -> str:
    """``report.md``."""
    redriven = report["redrive"] or {"found": 0, "redelivered": 0, "left": 0, "by_reason": {}}
    tried = "Under errors/ the redrive found {found:,} records, delivered {redelivered:,} and left {left:,}:".format(
        **redriven
    )
    return "\n".join(
        [
            f"# Drill {report['run_id']}: {report['verdict']}",
            "",
            f"{report['params']['changes']:,} changes to {report['orders']['all']:,} orders; {report['at']}.",
            "",
            verdict.as_markdown(claims),
            "",
            tried,
            "",
            *[f"* {count:,} × {reason}" for reason, count in redriven["by_reason"].items()],
            "",
            f"What struck: {json.dumps(report['struck'])}; put into the stream: {json.dumps(report['extras'])}.",
            "",
        ]
    )
