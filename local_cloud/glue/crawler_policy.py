"""What a crawler is told to do: its ``Configuration`` JSON and its schema-change and recrawl policies, read and checked.

Sources, AWS Glue: *Setting crawler configuration options using the API*, *Scheduling incremental crawls for adding new partitions*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.glue.grouping import GroupingPolicy
from local_cloud.wire import ServiceError

NEW_FOLDERS_ONLY = "CRAWL_NEW_FOLDERS_ONLY"


@dataclass(frozen=True, slots=True)
class CrawlerPolicy:
    """The choices of one crawler; ``table_threshold`` is the most tables it may make, None when unlimited."""

    update: str
    delete: str
    new_folders_only: bool
    partitions_inherit: bool
    merge_new_columns: bool
    grouping: GroupingPolicy
    table_threshold: int | None

    @classmethod
    def of(cls, crawler: Mapping[str, Any]) -> CrawlerPolicy:
        """From a crawler as ``GetCrawler`` returns it.

        Raises:
            ServiceError: ``InvalidInputException``, the configuration is no JSON object of the known form.
        """
        configuration = _configuration(crawler.get("Configuration") or "{}")
        output, grouping = configuration.get("CrawlerOutput", {}), configuration.get("Grouping", {})
        change = crawler.get("SchemaChangePolicy", {})
        level = grouping.get("TableLevelConfiguration")
        threshold = output.get("Tables", {}).get("TableThreshold")
        return cls(
            update=change.get("UpdateBehavior", "UPDATE_IN_DATABASE"),
            delete=change.get("DeleteBehavior", "DEPRECATE_IN_DATABASE"),
            new_folders_only=crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior") == NEW_FOLDERS_ONLY,
            partitions_inherit=output.get("Partitions", {}).get("AddOrUpdateBehavior") == "InheritFromTable",
            merge_new_columns=output.get("Tables", {}).get("AddOrUpdateBehavior") == "MergeNewColumns",
            grouping=GroupingPolicy(
                combine_compatible=grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
                table_level=int(level) if level is not None else None,
            ),
            table_threshold=int(threshold) if threshold is not None else None,
        )

    def check(self) -> None:
        """An incremental crawl changes nothing that exists.

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
        raise ServiceError("InvalidInputException", f"The crawler's Configuration is not JSON: {error}.") from error
    sections = (
        [configuration.get(name, {}) for name in ("CrawlerOutput", "Grouping")]
        if isinstance(configuration, dict)
        else [None]
    )
    if not all(isinstance(section, dict) for section in sections):
        raise ServiceError(
            "InvalidInputException", "The crawler's Configuration has to be a JSON object of JSON objects."
        )
    return dict(configuration)
