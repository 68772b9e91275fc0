"""Refuse a changed contract that the curated tables cannot follow, before setup changes anything."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.exceptions import ClientError

from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.contract.change_contract import Contract
from sales_cdc.contract.column_changes import REBUILD, unfit_columns
from sales_cdc.contract.contract_changes import changes_that_need_a_rebuild
from sales_cdc.contract.contract_file import ContractError, load_contract
from sales_cdc.contract.declared import contract_path, declared_contract
from sales_cdc.provisioning.resources.objects import ObjectHook

REBUILD_FOLLOWS = "rebuild_follows"
"""The Param of setup that takes a contract which the curated tables cannot follow in place."""


class ContractChangedError(AirflowFailException):
    """Raised when the contract was changed in a way that needs the curated tables built again; nothing was changed."""


class CuratedColumnsHook(AwsBaseHook):
    """Read the columns of a curated table from the Data Catalog.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "glue"})

    def columns(self, database: str, table: str) -> dict[str, str] | None:
        """Return the table's columns with their types; None when there is no table. Iceberg keeps dropped ones in the catalog, marked."""
        try:
            found = self.conn.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise
        columns = found.get("StorageDescriptor", {}).get("Columns", [])
        return {
            each["Name"]: each.get("Type", "string")
            for each in columns
            if each.get("Parameters", {}).get("iceberg.field.current") != "false"
        }


class ExpectContractFitsOperator(AwsBaseOperator[CuratedColumnsHook]):
    """Compare the contract with the one that is deployed, and with the curated tables.

    New fields and types that Iceberg promotes happen in place: setup uploads the contract, and the next batch alters the tables.

    Args:
        database: the catalog's.
        bucket, contract_key: where the deployed contract is.
        rebuild_follows: ``True`` takes any contract of the same entity; somebody runs the DAG sales_cdc_rebuild next.

    Raises:
        ContractChangedError: another change was made; the message names each, and what to do.
    """

    aws_hook_class = CuratedColumnsHook
    template_fields = aws_template_fields("database", "bucket", "rebuild_follows")

    def __init__(self, *, database: str, bucket: str, contract_key: str, rebuild_follows: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.database = database
        self.bucket = bucket
        self.contract_key = contract_key
        self.rebuild_follows = rebuild_follows

    def execute(self, context: Any) -> None:
        declared = declared_contract()
        with resource_errors("Could not compare the contract with the one that is deployed"):
            deployed = self._deployed()
            entity = deployed.entity if deployed else declared.entity
            tables = {
                name: self.hook.columns(self.database, name) for name in (f"{entity}_changes", f"{entity}_current")
            }
        changed = needs_rebuild(
            declared, deployed, {name: found for name, found in tables.items() if found is not None}
        )
        if not changed:
            self.log.info("The contract fits what is deployed.")
            return
        if self.rebuild_follows == "True" and entity == declared.entity:
            self.log.warning("Taken, since %s is set: %s. %s", REBUILD_FOLLOWS, "; ".join(changed), REBUILD)
            return
        rebuild = f'trigger setup with {{"{REBUILD_FOLLOWS}": true}} and run sales_cdc_rebuild before the next batch. {REBUILD}'
        raise ContractChangedError(
            f"The contract {contract_path()} cannot be taken, since the curated tables cannot follow it in place: {'; '.join(changed)}. "
            f"Nothing was changed. Put the contract back, or {rebuild if entity == declared.entity else 'set another SALES_CDC_PREFIX.'}"
        )

    def _deployed(self) -> Contract | None:
        """The contract that the last setup uploaded; None when there is none that can be read."""
        objects = ObjectHook(**self._hook_parameters)
        try:
            content = objects.conn.get_object(Bucket=self.bucket, Key=self.contract_key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket", "404"}:
                return None
            raise
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "contract.json"
            path.write_bytes(content)
            try:
                return load_contract(path)
            except ContractError as error:
                self.log.warning("The deployed contract cannot be read; the tables alone are compared. %s", error)
                return None


def needs_rebuild(declared: Contract, deployed: Contract | None, tables: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Name what the tables cannot follow in place; nothing when there are none yet."""
    if not tables:
        return []
    if deployed and (changed := changes_that_need_a_rebuild(deployed, declared)):
        return changed
    wanted, key = declared.columns | {"is_deleted": "boolean"}, [each.column for each in declared.key]
    return [f"{table}: {unfit}" for table, columns in tables.items() for unfit in unfit_columns(columns, wanted, key)]
