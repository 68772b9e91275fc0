"""Read an adopted table, and enable or disable its stream: nothing else of it is ever changed."""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.provisioning.adoption import AdoptableTable
from sales_cdc.provisioning.resources.objects import ObjectHook
from sales_cdc.provisioning.resources.resource import WAITERS


class AdoptedTableHook(AwsBaseHook):
    """Describe a table of somebody else's, and switch its stream.

    Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """

    waiter_path = WAITERS / "dynamodb.json"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": "dynamodb"})

    def find(self, name: str) -> AdoptableTable | None:
        """Return the table; None when there is none of that name in this account and region."""
        try:
            return AdoptableTable(self.conn.describe_table(TableName=name)["Table"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise

    def enable_stream(self, name: str, view_type: str) -> None:
        specification = {"StreamEnabled": True, "StreamViewType": view_type}
        self.conn.update_table(TableName=name, StreamSpecification=specification)
        self.get_waiter("table_active").wait(TableName=name)

    def disable_stream(self, name: str) -> None:
        self.conn.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
        self.get_waiter("table_active").wait(TableName=name)


class AdoptedStreamRecord:
    """Keep in the bucket which stream setup enabled, since the table itself carries no mark of ours.

    The record is written before the stream is enabled, and completed with the stream's ARN after: a setup that is killed in between
    finishes it at its next run.
    """

    def __init__(self, objects: ObjectHook, bucket: str) -> None:
        self._objects, self._bucket = objects, bucket

    def write(self, table: str, stream_arn: str | None) -> None:
        content = json.dumps({"table": table, "stream_arn": stream_arn}).encode()
        self._objects.conn.put_object(Bucket=self._bucket, Key=bucket_keys.ADOPTED_STREAM, Body=content)

    def is_of(self, table: str) -> bool:
        """Whether setup enabled the stream of this table, or was about to."""
        return self._read().get("table") == table

    def stream_arn(self) -> str | None:
        arn: str | None = self._read().get("stream_arn")
        return arn

    def _read(self) -> dict[str, Any]:
        try:
            answer = self._objects.conn.get_object(Bucket=self._bucket, Key=bucket_keys.ADOPTED_STREAM)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket"}:
                return {}
            raise
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found
