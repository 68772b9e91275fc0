"""Read the orders table from an export to S3, which consumes no read capacity."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.common.compat.sdk import AirflowException
from botocore.exceptions import ClientError, WaiterError

from sales_cdc.aws.errors import explained
from sales_cdc.aws.orders_table import SourceOrdersHook
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.curated_row import Item

MAX_EXPORT_SECONDS = 5 * 3600
POLL_SECONDS = 2
FOLDER = "AWSDynamoDB"


class ExportFailedError(AirflowException):
    """The table could not be exported; the message says why."""


class ExportedOrdersHook(SourceOrdersHook):
    """DynamoDB, for the whole table from an export to ``bucket``, and for single orders.

    Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    """

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._connection = {name: value for name, value in kwargs.items() if name != "table"}
        self.bucket = bucket

    def scan(self) -> Iterator[Item]:
        """Return every item as of the export's time, unsorted; one file of the export at a time is on disk.

        Raises:
            ExportFailedError: point-in-time recovery is off, or the export did not succeed in time.
            CallRefusedError: there is no such table, it may not be exported, or nothing answers.
        """
        with explained("export the DynamoDB table", self.table):
            arn = self._export()
        with explained("read the export in the bucket", self.bucket):
            yield from self._items(arn)

    def _items(self, arn: str) -> Iterator[Item]:
        s3 = AwsGenericHook(**self._connection, client_type="s3").conn
        folder = f"{bucket_keys.EXPORTS_PREFIX}{FOLDER}/{arn.rpartition('/')[2]}"
        listed = s3.get_object(Bucket=self.bucket, Key=f"{folder}/manifest-files.json")["Body"].read()
        for line in listed.splitlines():
            name = json.loads(line)["dataFileS3Key"].rpartition("/")[2]
            with tempfile.TemporaryFile() as file:
                s3.download_fileobj(self.bucket, f"{folder}/data/{name}", file)
                file.seek(0)
                with gzip.open(file) as items:
                    yield from (json.loads(item)["Item"] for item in items)

    def _export(self) -> str:
        """Export the table, wait for the export, and return its ARN."""
        client = self._client
        table = client.describe_table(TableName=self.table)["Table"]["TableArn"]
        try:
            started = client.export_table_to_point_in_time(
                TableArn=table, S3Bucket=self.bucket, S3Prefix=bucket_keys.EXPORTS_PREFIX.rstrip("/")
            )
        except client.exceptions.PointInTimeRecoveryUnavailableException as error:
            raise ExportFailedError(
                f"Could not export the DynamoDB table {self.table}: its point-in-time recovery is off. Run the DAG sales_cdc_setup, "
                "which switches it on, or reconcile by a scan."
            ) from error
        arn: str = started["ExportDescription"]["ExportArn"]
        limits = {"Delay": POLL_SECONDS, "MaxAttempts": MAX_EXPORT_SECONDS // POLL_SECONDS}
        try:
            client.get_waiter("export_completed").wait(ExportArn=arn, WaiterConfig=limits)
        except WaiterError as error:
            if "Error" in error.last_response:
                raise ClientError(error.last_response, "DescribeExport") from error
            seen = error.last_response["ExportDescription"]
            reason = f"{seen.get('FailureCode', 'unfinished')}: {seen.get('FailureMessage', error)}"
            raise ExportFailedError(
                f"The export {arn} of the DynamoDB table {self.table} ended as {seen['ExportStatus']}, {reason}. Fix what that "
                "names, or reconcile by a scan."
            ) from error
        return arn
