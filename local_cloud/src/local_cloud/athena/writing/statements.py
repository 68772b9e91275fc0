"""Run statements that write objects: CREATE TABLE AS SELECT, INSERT INTO and UNLOAD.

Parquet, ORC, JSON lines and delimited text are written; other formats are refused.
"""

from __future__ import annotations

from pathlib import Path

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.iceberg.tables import IcebergTables
from local_cloud.athena.selection.selector import Selector
from local_cloud.athena.statement.query import Query
from local_cloud.athena.writing.create_table_as import CreateTableAs
from local_cloud.athena.writing.insert import InsertInto
from local_cloud.athena.writing.objects import WrittenObjects
from local_cloud.athena.writing.unload import Unload
from local_cloud.clients import Clients


class Writing:
    """Runs the statement that its verb names."""

    def __init__(
        self, clients: Clients, catalog: Catalog, selector: Selector, iceberg: IcebergTables, folder: Path
    ) -> None:
        objects = WrittenObjects(clients, folder)
        self._statements = {
            "CREATE_TABLE_AS_SELECT": CreateTableAs(catalog, selector, iceberg, objects).run,
            "INSERT": InsertInto(catalog, selector, iceberg, objects).run,
            "UNLOAD": Unload(selector, objects).run,
        }

    def run(self, query: Query, verb: str) -> None:
        """Run the statement to its end.

        Raises:
            QueryFailedError: in Athena's words.
        """
        self._statements[verb](query)
