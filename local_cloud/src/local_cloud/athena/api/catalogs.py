"""Answer the API's actions on the catalog.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_TableMetadata.html
"""

from __future__ import annotations

from local_cloud.athena.account.workgroups import invalid
from local_cloud.athena.api.caller_checks import metadata_of
from local_cloud.athena.api.pages import page
from local_cloud.athena.statement.callers import Callers
from local_cloud.wire import Json, JsonService, Request, ServiceError

CATALOG = "AwsDataCatalog"


class CatalogActions(JsonService):
    """Answers the actions whose name tells of a catalog, a database or a table."""

    name = "athena"

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def list_data_catalogs(self, _params: Json, _request: Request) -> Json:
        return {"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE", "Status": "CREATE_COMPLETE"}]}

    def get_data_catalog(self, params: Json, _request: Request) -> Json:
        if params.get("Name", "").lower() != CATALOG.lower():
            raise invalid(f"DataCatalog {params.get('Name')} was not found")
        return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Description": "", "Parameters": {}}}

    def list_databases(self, params: Json, request: Request) -> Json:
        with metadata_of(self._callers.of(request.caller)) as catalog:
            names = catalog.databases()
        listed, token = page([{"Name": name} for name in names], params)
        return {"DatabaseList": listed, **token}

    def get_database(self, params: Json, request: Request) -> Json:
        name = params.get("DatabaseName", "").lower()
        with metadata_of(self._callers.of(request.caller)) as catalog:
            names = catalog.databases()
        if name not in names:
            raise ServiceError("MetadataException", f"Database {name} not found.")
        return {"Database": {"Name": name}}

    def list_table_metadata(self, params: Json, request: Request) -> Json:
        with metadata_of(self._callers.of(request.caller)) as catalog:
            tables = catalog.tables(params.get("DatabaseName", "").lower())
        listed, token = page([table.metadata() for table in tables], params)
        return {"TableMetadataList": listed, **token}

    def get_table_metadata(self, params: Json, request: Request) -> Json:
        database, name = params.get("DatabaseName", "").lower(), params.get("TableName", "").lower()
        with metadata_of(self._callers.of(request.caller)) as catalog:
            table = catalog.find_table(database, name)
        if table is None:
            raise ServiceError("MetadataException", f"Table {name} not found in database {database}.")
        return {"TableMetadata": table.metadata()}
