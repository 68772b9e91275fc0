"""Runs the crawler, and says why when it fails."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerRunOperator
from airflow.providers.common.compat.sdk import AirflowException
from botocore.exceptions import WaiterError

from sales_cdc.links import CrawlerLink


class CrawlFailedError(AirflowException):
    """The crawl ended without success; the message has the crawler's own reason."""


class CrawlOperator(GlueCrawlerRunOperator):
    """Run the crawler, so that the table ``raw_orders`` knows new partitions and columns, and wait for its end.

    The provider's operator; its waiter knows that a crawl failed, and the crawler knows why.

    Raises:
        CrawlFailedError: the last crawl failed, or did not end in time.
    """

    operator_extra_links = (CrawlerLink(),)

    def execute(self, context: Any) -> Any:
        try:
            return super().execute(context)
        except WaiterError as error:
            last = self.hook.get_crawler(self.crawler_name).get("LastCrawl", {})
            raise CrawlFailedError(
                f"The crawler '{self.crawler_name}' did not succeed: {last.get('Status', 'no crawl yet')}, "
                f"{last.get('ErrorMessage') or error}. Its log: {last.get('LogGroup')}, stream {last.get('LogStream')}. "
                "Mend what it names and run the batch again: nothing was lost."
            ) from error
