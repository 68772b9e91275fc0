"""Run UNLOAD.

Source: https://docs.aws.amazon.com/athena/latest/ug/unload.html
"""

from __future__ import annotations

import re

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.selection.selector import Selector
from local_cloud.athena.statement.query import Query
from local_cloud.athena.writing.columns import named_columns, require_milliseconds
from local_cloud.athena.writing.objects import WrittenObjects
from local_cloud.athena.writing.properties import properties_of, target_of


class Unload:
    """Writes a query's rows to objects that belong to no table."""

    def __init__(self, selector: Selector, objects: WrittenObjects) -> None:
        self._selector, self._objects = selector, objects

    def run(self, query: Query) -> None:
        match = re.fullmatch(
            r"UNLOAD\s*\((.*)\)\s*TO\s*'([^']+)'\s*WITH\s*\((.*)\)", query.sql, re.IGNORECASE | re.DOTALL
        )
        if match is None:
            raise QueryFailedError(
                "SYNTAX_ERROR", "line 1:1: mismatched input. Expecting: UNLOAD (query) TO 's3://…' WITH (format = '…')"
            )
        properties = properties_of(match[3])
        if "format" not in properties:
            raise QueryFailedError("SYNTAX_ERROR", "line 1:1: UNLOAD needs the property 'format'")
        with self._selector.open(query, match[1], extra_paths=[self._objects.scratch_of(query)]) as selection:
            columns = named_columns(selection)
            target = target_of(match[2].rstrip("/") + "/", properties, [column for column, _ in columns])
            if target.buckets:
                raise QueryFailedError("NOT_SUPPORTED", "line 1:1: UNLOAD takes no property bucketed_by")
            require_milliseconds(columns)
            self._objects.require_empty(target.location)
            written = self._objects.write(query, selection, target, columns)
        self._objects.manifest(query, written)
