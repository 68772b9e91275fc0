"""Wait until the landing zone holds every change that the ledgers name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, PokeReturnValue

from sales_cdc.aws.landing_zone import LandingZoneHook
from sales_cdc.batch.change_matching import Delivery, compare
from sales_cdc.batch.seen_arrivals import SeenArrivals
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import EVENT_TYPES
from sales_cdc.contract.lines import Arrival

SHOWN = 10
REDRIVE_DAG = "sales_cdc_redrive"


class DeliveryIncompleteError(AirflowFailException):
    """Raised when changes are missing after the timeout; the message names them. A new batch run waits again."""


class ChangesFailedError(AirflowFailException):
    """Raised when every missing change is under ``errors/``; the message names them."""


class DeliverySensor(AwsBaseSensor[LandingZoneHook]):
    """Wait until every change that a finished generate run wrote is in ``raw/``, and confirm the run.

    Confirmed runs are not read again, and each raw object is read once: a sensor that leaves its slot between two looks keeps what it has
    seen in the ledger of its DAG run.

    Args:
        bucket: the name of the bucket with ledgers and raw zone.
        timeout: how many seconds to wait for missing changes.

    Returns:
        Counts: ``written`` (all runs ever, by event type), ``awaited`` (of the runs that this call confirmed, by event type), and of
        those ``delivered``, ``missing``, ``duplicates_in_raw``, ``failed`` (records under ``errors/``), ``lag_seconds`` (commit to S3:
        p50, p99, max; None without new changes), and their names as ``runs``. ``mended_until``: see the hook.
        ``since``: when the first of these runs began; None without one.

    Raises:
        ChangesFailedError: every missing change could not be transformed and is under ``errors/``; raised at once.
        DeliveryIncompleteError: changes are missing after ``timeout``.
        botocore.exceptions.ClientError: S3 denied the read, or the bucket does not exist; never read as "not yet".

    Example::

        DeliverySensor(task_id="wait_for_delivery", bucket=topology.bucket.name, mode="reschedule", timeout=900)
    """

    aws_hook_class = LandingZoneHook
    template_fields = aws_template_fields("bucket")

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self._seen = Delivery()
        self._arrivals = SeenArrivals()

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {**super()._hook_parameters, "bucket": self.bucket}

    def execute(self, context: Any) -> Any:
        try:
            return super().execute(context)
        except AirflowSensorTimeout as error:
            raise DeliveryIncompleteError(self._explain()) from error

    def poke(self, context: Any) -> PokeReturnValue:
        waiting, confirmed = self.hook.ever_written()
        kept = self._kept_in(context)
        self._recall(kept)
        known = (self._arrivals.runs, len(self._arrivals.objects))
        self._seen, failed = self._look(waiting)
        if not self._seen.complete:
            self._give_up_on_failed(waiting)
            if kept and (self._arrivals.runs, len(self._arrivals.objects)) != known:
                self.hook.put_text(kept, self._arrivals.text(), "application/jsonl")
            return PokeReturnValue(is_done=False)
        awaited = totals(summary["written"] for summary in waiting.values())
        found = {"awaited": awaited, **self._seen.summary(), "failed": failed, "runs": sorted(waiting)}
        for run in waiting:
            self.hook.confirm(run, found)
        since = began(waiting).isoformat() if waiting else None
        ever = {
            "written": totals([*confirmed.values(), *(each["written"] for each in waiting.values())]),
            "mended_until": self.hook.mended_until(),
            "since": since,
        }
        return PokeReturnValue(is_done=True, xcom_value={**ever, **found})

    def _kept_in(self, context: Any) -> str | None:
        """Return where a sensor that leaves its slot keeps what it has seen: the next look is in another process."""
        if not self.reschedule or "run_id" not in context:
            return None
        return f"{bucket_keys.folder_of(bucket_keys.BATCH_RUNS, context['run_id'])}arrivals.jsonl"

    def _recall(self, key: str | None) -> None:
        if key and not self._arrivals.objects and (text := self.hook.text(key)) is not None:
            self._arrivals = SeenArrivals.parse(text) or SeenArrivals()

    def _look(self, runs: dict[str, dict[str, Any]]) -> tuple[Delivery, int]:
        """Return what has arrived of these runs, and how many records failed since the first of them began."""
        if not runs:
            self.log.info("Every finished run of the ledger was confirmed by an earlier batch: nothing to wait for.")
            return Delivery(), 0
        since = began(runs)
        written = [change for run, summary in runs.items() for change in self.hook.written(run, summary["started_at"])]
        delivery = compare(written, self._arrived(since, set(runs), {change.order_id for change in written}))
        failed = self.hook.failed_records(since)
        arrived = len(written) - len(delivery.missing)
        self.log.info("%s of %s changes are in raw/; %s records in errors/.", arrived, len(written), failed)
        return delivery, failed

    def _arrived(self, since: datetime, runs: set[str], orders: set[str]) -> list[Arrival]:
        """Return the arrivals of these orders. While the same runs are waited for, each raw object is read once."""
        self._arrivals = self._arrivals.of(runs)
        self._arrivals.add(self.hook.arrivals(since, known=self._arrivals.objects), orders)
        return self._arrivals.arrivals

    def _give_up_on_failed(self, runs: dict[str, dict[str, Any]]) -> None:
        """Raise once every missing change has failed: then waiting is in vain."""
        failed = self._seen.missing_because(self.hook.failures(began(runs)))
        if len(failed) < len(self._seen.missing):
            return
        named = "\n".join(
            f"  {change.event_type:<6} {change.order_id}  ({record.reason}; s3://{self.bucket}/{record.key})"
            for change, record in failed[:SHOWN]
        )
        more = f"\n  … and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        raise ChangesFailedError(
            f"{len(failed)} changes that the ledger names could not be transformed; all others are in raw/:\n{named}{more}\n"
            f"They are kept under errors/. Fix what the reason names (the item, or the transformer), deliver them with the DAG "
            f"{REDRIVE_DAG}, then run the batch again."
        )

    def _explain(self) -> str:
        missing = self._seen.missing
        named = "\n".join(
            f"  {change.event_type:<6} {change.order_id}  (written by {change.run})" for change in missing[:SHOWN]
        )
        more = f"\n  … and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        return (
            f"After {self.timeout:.0f} s, {len(missing)} changes that the ledger names are not in "
            f"s3://{self.bucket}/{bucket_keys.RAW_PREFIX}:\n{named}{more}\n"
            f"Look at s3://{self.bucket}/{bucket_keys.ERRORS_PREFIX}, at the pipe's state and its dead-letter queue, and at the "
            "delivery stream. Then run the batch again: it waits for the same changes."
        )


def began(runs: dict[str, dict[str, Any]]) -> datetime:
    """Return when the first of the runs began; there has to be one."""
    return min(datetime.fromisoformat(summary["started_at"]) for summary in runs.values())


def totals(of_runs: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up the written changes of runs, by event type."""
    written: Counter[str] = Counter()
    for of_run in of_runs:
        written.update(of_run)
    return {kind: written[kind] for kind in EVENT_TYPES}
