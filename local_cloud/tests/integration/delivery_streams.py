"""Delivery streams for tests: a bucket, a role, functions, and what arrives in the bucket."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.stream_parts import Parts, wait_for

READ = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]


LOOK = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]


ERRORS = "errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"


VERDICTS = """
import base64, json

def handler(event, context):
    records = []
    for record in event["records"]:
        wish = base64.b64decode(record["data"]).decode().strip()
        result = {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode((wish.upper() + "\\n").encode()).decode()}
        if wish == "crash":
            raise ValueError("as wished")
        if wish == "missing":
            continue
        if wish in ("Dropped", "ProcessingFailed"):
            result["result"] = wish
        records += [result] * (2 if wish == "duplicate" else 1)
    return {"records": records}
"""


ECHO = """
import base64, json

def handler(event, context):
    shown = base64.b64encode((json.dumps(event) + "\\n").encode()).decode()
    return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": shown} for one in event["records"]]}
"""


SLOW = """
import time

def handler(event, context):
    time.sleep(4)
    return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": one["data"]} for one in event["records"]]}
"""


class Delivery:
    """Make a bucket, a role, and delivery streams into the bucket."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.name = parts, f"{parts.prefix}-delivery"
        self.firehose = parts.cloud.client("firehose")
        self.bucket = parts.bucket()
        self.allowed = {f"arn:aws:s3:::{self.bucket}/*": ["s3:PutObject"], f"arn:aws:s3:::{self.bucket}": LOOK}
        self.role = parts.role("firehose", "firehose.amazonaws.com", self.allowed)

    def allow(self, resource: str, *actions: str) -> None:
        self.allowed[resource] = list(actions)
        self.parts.allow("firehose", self.allowed)

    def processing(self, source: str, retries: int = 0) -> dict[str, Any]:
        """Return a processing configuration with a function of the given source."""
        function = self.parts.function(source)
        self.allow(function, "lambda:InvokeFunction", "lambda:GetFunctionConfiguration")
        parameters = {"LambdaArn": function, "BufferIntervalInSeconds": "0", "NumberOfRetries": str(retries)}
        named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
        return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": named}]}

    def create(self, *, stream: str | None = None, seconds: int = 0, **s3: Any) -> None:
        """Create the delivery stream and wait until it is active."""
        arguments: dict[str, Any] = {"DeliveryStreamType": "DirectPut"}
        if stream is not None:
            self.allow(stream, *READ)
            arguments = {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {"KinesisStreamARN": stream, "RoleARN": self.role},
            }
        destination = {
            "RoleARN": self.role, "BucketARN": f"arn:aws:s3:::{self.bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": seconds}, **s3,
        }  # fmt: skip
        self.firehose.create_delivery_stream(
            DeliveryStreamName=self.name, ExtendedS3DestinationConfiguration=destination, **arguments
        )
        wait_for(lambda: self.describe()["DeliveryStreamStatus"] == "ACTIVE", "an active stream")

    def describe(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.firehose.describe_delivery_stream(DeliveryStreamName=self.name)
        description: dict[str, Any] = shown["DeliveryStreamDescription"]
        return description

    def put(self, *payloads: str) -> None:
        records = [{"Data": one.encode()} for one in payloads]
        answer = self.firehose.put_record_batch(DeliveryStreamName=self.name, Records=records)
        assert answer["FailedPutCount"] == 0

    def update(self, **s3: Any) -> None:
        shown = self.describe()
        self.firehose.update_destination(
            DeliveryStreamName=self.name, CurrentDeliveryStreamVersionId=shown["VersionId"],
            DestinationId=shown["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate=s3,
        )  # fmt: skip

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Return the bucket's objects under the prefix when there are any."""
        return wait_for(lambda: self.parts.objects(prefix), f"objects under {prefix!r}")

    def content(self, size: int, prefix: str = "") -> bytes:
        """Return the bytes of the objects under the prefix when there are ``size``."""

        def look() -> bytes | None:
            found = b"".join(self.parts.objects(prefix).values())
            return found if len(found) >= size else None

        return wait_for(look, f"{size} bytes under {prefix!r}") or b""

    def failures(self, count: int) -> list[dict[str, Any]]:
        """Return the lines of the error objects when there are ``count``."""

        def look() -> list[dict[str, Any]] | None:
            lines = [json.loads(line) for one in self.parts.objects("errors/").values() for line in one.splitlines()]
            return lines if len(lines) >= count else None

        return wait_for(look, f"{count} failures") or []
