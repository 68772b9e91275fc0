"""Read and check what a crawler has to do: its ``Configuration`` JSON, schema-change and recrawl policies.

Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html,
https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html,
https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.glue.crawler.grouping import GroupingPolicy
from local_cloud.wire import ServiceError

NEW_FOLDERS_ONLY, BY_EVENTS = "CRAWL_NEW_FOLDERS_ONLY", "CRAWL_EVENT_MODE"


@dataclass(frozen=True, slots=True)
class CrawlerPolicy:
    """The choices of one crawler; ``table_threshold`` is the maximum of tables it may make, None when unlimited."""

    update: str
    delete: str
    new_folders_only: bool
    by_events: bool
    partitions_inherit: bool
    merge_new_columns: bool
    grouping: GroupingPolicy
    table_threshold: int | None

    @classmethod
    def of(cls, crawler: Mapping[str, Any]) -> CrawlerPolicy:
        """Read the policy of a crawler as ``GetCrawler`` returns it.

        Raises:
            ServiceError: ``InvalidInputException``, the configuration is no JSON object of the known form.
        """
        configuration = _configuration(crawler.get("Configuration") or "{}")
        output, grouping = _section(configuration, "CrawlerOutput"), _section(configuration, "Grouping")
        tables, partitions = _section(output, "Tables"), _section(output, "Partitions")
        change = crawler.get("SchemaChangePolicy", {})
        recrawl = crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior")
        return cls(
            update=change.get("UpdateBehavior", "UPDATE_IN_DATABASE"),
            delete=change.get("DeleteBehavior", "DEPRECATE_IN_DATABASE"),
            new_folders_only=recrawl == NEW_FOLDERS_ONLY,
            by_events=recrawl == BY_EVENTS,
            partitions_inherit=partitions.get("AddOrUpdateBehavior") == "InheritFromTable",
            merge_new_columns=tables.get("AddOrUpdateBehavior") == "MergeNewColumns",
            grouping=GroupingPolicy(
                combine_compatible=grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
                table_level=_count(grouping, "TableLevelConfiguration"),
            ),
            table_threshold=_count(tables, "TableThreshold"),
        )

    def check(self) -> None:
        """Refuse an incremental crawl that would change what exists.

        Raises:
            ServiceError: ``InvalidInputException``, the schema-change policy says otherwise.
        """
        if self.new_folders_only and (self.update, self.delete) != ("LOG", "LOG"):
            raise ServiceError(
                "InvalidInputException",
                "The SchemaChangePolicy for CRAWL_NEW_FOLDERS_ONLY must have UpdateBehavior LOG and DeleteBehavior LOG; "
                f"it has {self.update} and {self.delete}.",
            )


def _configuration(text: str) -> dict[str, Any]:
    try:
        configuration = json.loads(text)
    except ValueError as error:
        raise _invalid(f"is not JSON: {error}") from error
    if not isinstance(configuration, dict):
        raise _invalid("has to be a JSON object")
    return configuration


def _section(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = parent.get(name, {})
    if not isinstance(section, dict):
        raise _invalid(f"has {section!r} where {name} has to be a JSON object")
    return section


def _count(section: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number above 0, which may be written as text; None when there is none."""
    value = section.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isascii() or not str(value).isdigit() or int(value) < 1:
        raise _invalid(f"has {value!r} where {name} has to be a whole number above 0")
    return int(value)


def _invalid(what: str) -> ServiceError:
    return ServiceError("InvalidInputException", f"The crawler's Configuration {what}.")
