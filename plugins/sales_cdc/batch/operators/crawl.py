"""Run the crawler, and report the reason when it fails."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerRunOperator
from airflow.providers.common.compat.sdk import AirflowException
from botocore.exceptions import WaiterError

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_event import foreign_types
from sales_cdc.dag_page.links import CrawlerLink
from sales_cdc.deployment.topology import Topology


class CrawlFailedError(AirflowException):
    """Raised when the crawl failed; the message has the crawler's own reason."""


class CrawlOperator(GlueCrawlerRunOperator):
    """Run the crawler, which adds new partitions and columns to ``raw_orders``, and wait for its end.

    The provider's operator says only that a crawl failed; this one adds the crawler's reason.

    Returns:
        The contract's columns whose type the pipeline's own lines do not explain, with their Glue type. A crawler gives a column one
        type for all objects, so a foreign object under ``raw/`` can change it.

    Raises:
        CrawlFailedError: the crawl failed, or did not end in time.

    Example::

        CrawlOperator(task_id="crawl_raw", crawler_name=topology.crawler.name, fail_on_already_running=False)
    """

    operator_extra_links = (CrawlerLink(),)

    def execute(self, context: Any) -> Any:
        try:
            super().execute(context)
        except WaiterError as error:
            last = self.hook.get_crawler(self.crawler_name).get("LastCrawl", {})
            raise CrawlFailedError(
                f"The crawler '{self.crawler_name}' did not succeed: {last.get('Status', 'no crawl yet')}, "
                f"{last.get('ErrorMessage') or error}. Its log: {last.get('LogGroup')}, stream {last.get('LogStream')}. "
                "Fix what it names and run the batch again: nothing was lost."
            ) from error
        return self._foreign_types()

    def execute_complete(self, context: Any, event: Any = None) -> Any:
        super().execute_complete(context, event)
        return self._foreign_types()

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
