"""Run the crawler by S3's events, or over everything, and report the reason when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.glue_crawler import GlueCrawlerHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.triggers.glue_crawler import GlueCrawlerCompleteTrigger
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, conf
from botocore.exceptions import ClientError, WaiterError

from sales_cdc.batch.watermark_ledger import WatermarkHook
from sales_cdc.contract import bucket_keys
from sales_cdc.dag_page.links import CrawlerLink
from sales_cdc.deployment.topology import Topology

EVERYTHING, BY_EVENTS = "CRAWL_EVERYTHING", "CRAWL_EVENT_MODE"
NEVER = datetime.min.replace(tzinfo=UTC)
EVENTS_ARE_KEPT = timedelta(days=13)  # of the 14 days after which SQS deletes a message


class CrawlFailedError(AirflowException):
    """Raised when the crawl failed; the message has the crawler's own reason."""


class CrawlOperator(AwsBaseOperator[GlueCrawlerHook]):
    """Run the crawler, which adds new partitions and columns to the raw table, and wait for its end.

    It crawls the folders that S3's events name, so its cost follows the day. It crawls everything in an audit, and where the events may
    not tell all: the raw table or the ledger is lost, the last crawl failed, was too long ago, or nobody verified what it found, S3 does
    not tell the queue, or a foreign object has changed the type of a column, which only a crawl of everything gives back. Glue then
    lists everything once more in the next crawl, because its definition has changed.

    A crawl that already runs may have begun before this run's objects came. Its end is waited for, and then the crawler runs again.
    The provider's operators differ between the supported versions: ``GlueCrawlerRunOperator`` begins with 9.34, and the one
    before it also creates and updates the crawler.
    Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html

    Args:
        crawler_name, bucket, database: of the deployment.
        audit: ``true``: crawl everything.
        poll_interval: seconds between two looks at it.
        deferrable: wait in the triggerer, without a worker's slot.

    Returns:
        Whether everything was crawled.

    Raises:
        CrawlFailedError: the crawl failed, or did not end in time.

    Example::

        CrawlOperator(task_id="crawl_raw", crawler_name=topology.crawler.name, bucket=topology.bucket.name,
                      database=topology.database.name)
    """

    aws_hook_class = GlueCrawlerHook
    template_fields = aws_template_fields("crawler_name", "bucket", "database", "audit")
    operator_extra_links = (CrawlerLink(),)

    def __init__(
        self,
        *,
        crawler_name: str,
        bucket: str,
        database: str,
        audit: str = "false",
        poll_interval: int = 5,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.crawler_name, self.bucket, self.database = crawler_name, bucket, database
        self.audit = audit
        self.poll_interval = poll_interval
        self.deferrable = deferrable

    def execute(self, context: Any) -> bool:
        if self.deferrable:
            method = "execute_complete" if self._starts() else "execute_again"
            self.defer(trigger=self._end_of_crawl(), method_name=method)
        try:
            while not self._starts():
                self._wait()
            self._wait()
        except WaiterError as error:
            raise CrawlFailedError(self._explain(error)) from error
        finally:
            everything = self._by_events_again()
        return everything

    def execute_again(self, context: Any, event: Mapping[str, Any] | None = None) -> bool:
        """Start the crawl, now that another one has ended."""
        return self.execute(context)

    def execute_complete(self, context: Any, event: Mapping[str, Any] | None = None) -> bool:
        everything = self._by_events_again()
        if not event or event.get("status") != "success":
            raise CrawlFailedError(self._explain(event))
        return everything

    # What is crawled

    def _starts(self) -> bool:
        """Start the crawl; return False while another crawl runs, or one of another kind has been started meanwhile."""
        crawler = self.hook.get_crawler(self.crawler_name)
        wanted = self._behaviour(crawler)
        try:
            if wanted != _behaviour_of(crawler):
                self._set(wanted)
            self.hook.glue_client.start_crawler(Name=self.crawler_name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"CrawlerRunningException", "CrawlerStoppingException"}:
                raise
            self.log.info("The crawler '%s' runs already: its end is waited for.", self.crawler_name)
            return False
        return wanted == _behaviour_of(self.hook.get_crawler(self.crawler_name))

    def _behaviour(self, crawler: Mapping[str, Any]) -> str:
        """Return what to crawl; a crawler without a queue of events, of an earlier version's setup, stays as it is."""
        if not _has_events(crawler):
            return _behaviour_of(crawler)
        if "LastCrawl" not in crawler:
            return BY_EVENTS  # its first crawl lists everything
        reason = self._reason_for_everything(crawler)
        if reason:
            self.log.info("The crawler '%s' crawls everything: %s.", self.crawler_name, reason)
        return EVERYTHING if reason else BY_EVENTS

    def _reason_for_everything(self, crawler: Mapping[str, Any]) -> str | None:
        ledger, last = WatermarkHook(bucket=self.bucket, **self._hook_parameters), crawler["LastCrawl"]
        if str(self.audit) == "true":
            return "this is an audit"
        if last.get("Status") != "SUCCEEDED":
            return f"the last crawl ended {last.get('Status')}"
        if last["StartTime"] < ledger.now() - EVENTS_ARE_KEPT:
            return f"the last crawl was {last['StartTime']:%Y-%m-%d}, and SQS keeps events for 14 days"
        if not self._has_table():
            return f"there is no table {Topology.RAW_TABLE}"
        check = ledger.raw_table_check()
        if check is None:
            return "the ledger does not know the table's columns"
        if last["StartTime"] > max((at for _, at in ledger.stored(bucket_keys.RAW_TABLE_CHECK)), default=NEVER):
            return "nobody has verified what the last crawl found"
        if foreign := check.get("foreign_types"):
            return f"a foreign object has changed the type of {', '.join(foreign)}"
        if not self._is_told(ledger, crawler):
            return "S3 does not tell the crawler's queue of raw objects; sales_cdc_setup has it tell the queue again"
        return None

    def _is_told(self, ledger: WatermarkHook, crawler: Mapping[str, Any]) -> bool:
        """Return whether the bucket tells the crawler's queue of all raw objects."""
        told = ledger.get_conn().get_bucket_notification_configuration(Bucket=self.bucket)
        queues = {target.get("EventQueueArn") for target in crawler["Targets"]["S3Targets"]}
        return any(
            each["QueueArn"] in queues and "s3:ObjectCreated:*" in each["Events"]
            for each in told.get("QueueConfigurations", [])
        )

    def _has_table(self) -> bool:
        glue = self.hook.glue_client
        try:
            glue.get_table(DatabaseName=self.database, Name=Topology.RAW_TABLE)
        except glue.exceptions.EntityNotFoundException:
            return False
        return True

    def _by_events_again(self) -> bool:
        """Return whether everything was crawled, and set the crawler back as its definition has it."""
        crawler = self.hook.get_crawler(self.crawler_name)
        everything = _behaviour_of(crawler) == EVERYTHING
        if everything and _has_events(crawler):
            try:
                self._set(BY_EVENTS)
            except ClientError as error:
                if error.response["Error"]["Code"] != "CrawlerRunningException":
                    raise
                self.log.info("The crawler '%s' runs for another batch, which sets it back.", self.crawler_name)
        return everything

    def _set(self, behaviour: str) -> None:
        self.hook.glue_client.update_crawler(Name=self.crawler_name, RecrawlPolicy={"RecrawlBehavior": behaviour})

    # Its end

    def _wait(self) -> None:
        self.hook.wait_for_crawler_completion(crawler_name=self.crawler_name, poll_interval=self.poll_interval)

    def _end_of_crawl(self) -> GlueCrawlerCompleteTrigger:
        return GlueCrawlerCompleteTrigger(
            crawler_name=self.crawler_name,
            waiter_delay=self.poll_interval,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )

    def _explain(self, observed: object) -> str:
        last = self.hook.get_crawler(self.crawler_name).get("LastCrawl", {})
        return (
            f"The crawler '{self.crawler_name}' did not succeed: {last.get('Status', 'no crawl yet')}, "
            f"{last.get('ErrorMessage') or observed}. Its log: {last.get('LogGroup')}, stream {last.get('LogStream')}. "
            "Fix what it names and run the batch again: nothing was lost."
        )


def _behaviour_of(crawler: Mapping[str, Any]) -> str:
    return str(crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior", EVERYTHING))


def _has_events(crawler: Mapping[str, Any]) -> bool:
    return any(target.get("EventQueueArn") for target in crawler["Targets"].get("S3Targets", []))
