"""Run the crawler, and report the reason when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.hooks.glue_crawler import GlueCrawlerHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.triggers.glue_crawler import GlueCrawlerCompleteTrigger
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, conf
from botocore.exceptions import ClientError, WaiterError

from sales_cdc.dag_page.links import CrawlerLink


class CrawlFailedError(AirflowException):
    """Raised when the crawl failed; the message has the crawler's own reason."""


class CrawlOperator(AwsBaseOperator[GlueCrawlerHook]):
    """Run the crawler, which adds new partitions and columns to the raw table, and wait for its end.

    The provider's operators differ between the supported versions: ``GlueCrawlerRunOperator`` begins with 9.34, and the one
    before it also creates and updates the crawler. A crawl that already runs is waited for.

    Args:
        crawler_name: the crawler.
        poll_interval: seconds between two looks at it.
        deferrable: wait in the triggerer, without a worker's slot.

    Raises:
        CrawlFailedError: the crawl failed, or did not end in time.

    Example::

        CrawlOperator(task_id="crawl_raw", crawler_name=topology.crawler.name)
    """

    aws_hook_class = GlueCrawlerHook
    template_fields = aws_template_fields("crawler_name")
    operator_extra_links = (CrawlerLink(),)

    def __init__(
        self,
        *,
        crawler_name: str,
        poll_interval: int = 5,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.crawler_name = crawler_name
        self.poll_interval = poll_interval
        self.deferrable = deferrable

    def execute(self, context: Any) -> None:
        self._start()
        if self.deferrable:
            self.defer(trigger=self._end_of_crawl(), method_name="execute_complete")
        try:
            self.hook.wait_for_crawler_completion(crawler_name=self.crawler_name, poll_interval=self.poll_interval)
        except WaiterError as error:
            raise CrawlFailedError(self._explain(error)) from error

    def execute_complete(self, context: Any, event: Mapping[str, Any] | None = None) -> None:
        if not event or event.get("status") != "success":
            raise CrawlFailedError(self._explain(event))

    def _start(self) -> None:
        try:
            self.hook.start_crawler(self.crawler_name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "CrawlerRunningException":
                raise
            self.log.info("The crawler '%s' already runs: its end is waited for.", self.crawler_name)

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
