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

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_event import foreign_types
from sales_cdc.dag_page.links import CrawlerLink
from sales_cdc.deployment.topology import Topology


class CrawlFailedError(AirflowException):
    """Raised when the crawl failed; the message has the crawler's own reason."""


class CrawlOperator(AwsBaseOperator[GlueCrawlerHook]):
    """Run the crawler, which adds new partitions and columns to ``raw_orders``, and wait for its end.

    The provider's operators differ between the supported versions: ``GlueCrawlerRunOperator`` begins with 9.34, and the one
    before it also creates and updates the crawler. A crawl that already runs is waited for.

    Args:
        crawler_name: the crawler.
        poll_interval: seconds between two looks at it.
        deferrable: wait in the triggerer, without a worker's slot.

    Returns:
        The contract's columns whose type the pipeline's own lines do not explain, with their Glue type. A crawler gives a column one
        type for all objects, so a foreign object under ``raw/`` can change it.

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

    def execute(self, context: Any) -> dict[str, str]:
        self._start()
        if self.deferrable:
            self.defer(trigger=self._end_of_crawl(), method_name="execute_complete")
        try:
            self.hook.wait_for_crawler_completion(crawler_name=self.crawler_name, poll_interval=self.poll_interval)
        except WaiterError as error:
            raise CrawlFailedError(self._explain(error)) from error
        return self._foreign_types()

    def execute_complete(self, context: Any, event: Mapping[str, Any] | None = None) -> dict[str, str]:
        if not event or event.get("status") != "success":
            raise CrawlFailedError(self._explain(event))
        return self._foreign_types()

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

    def _foreign_types(self) -> dict[str, str]:
        database = self.hook.get_crawler(self.crawler_name)["DatabaseName"]
        try:
            table = self.hook.conn.get_table(DatabaseName=database, Name=Topology.RAW_TABLE)["Table"]
        except self.hook.conn.exceptions.EntityNotFoundException:
            return {}  # nothing was delivered yet
        found = foreign_types({each["Name"]: each["Type"] for each in table["StorageDescriptor"]["Columns"]})
        for name, kind in found.items():
            self.log.warning(
                "The column %s of %s is %s now: an object under %s that the pipeline did not deliver has such a value. The "
                "batch's report names the object if the job quarantined its lines.",
                name, Topology.RAW_TABLE, kind, bucket_keys.RAW_PREFIX,
            )  # fmt: skip
        return found
