"""Parts of a streaming chain for tests: roles, streams, tables, functions, and waiting for results."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import psutil
import pytest
from botocore.exceptions import ClientError

Found = TypeVar("Found")
WAIT_SECONDS = 90.0  # for a busy machine; what comes is taken at once


class Cloud(Protocol):
    endpoint: str

    def client(self, service: str) -> Any: ...


def wait_for(look: Callable[[], Found], what: str, seconds: float = WAIT_SECONDS) -> Found:
    """Call ``look`` until its result is true; return the result."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s; last seen: {found!r}"
        time.sleep(0.05)


@dataclass
class Parts:
    """Make resources in one cloud; their names start with ``prefix``."""

    cloud: Cloud
    prefix: str

    def role(self, name: str, principal: str, allowed: Mapping[str, Sequence[str]]) -> str:
        """Make a role that ``principal`` may assume; ``allowed`` maps a resource's ARN to actions."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}],
        }
        iam, called = self.cloud.client("iam"), f"{self.prefix}-{name}"
        role = iam.create_role(RoleName=called, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        iam.get_waiter("role_exists").wait(RoleName=called, WaiterConfig={"Delay": 1})
        self.allow(name, allowed)
        return str(role["Arn"])

    def allow(self, name: str, allowed: Mapping[str, Sequence[str]]) -> None:
        """Replace a role's permissions."""
        statements = [
            {"Effect": "Allow", "Action": list(actions), "Resource": resource} for resource, actions in allowed.items()
        ]
        document = {"Version": "2012-10-17", "Statement": statements}
        self.cloud.client("iam").put_role_policy(
            RoleName=f"{self.prefix}-{name}", PolicyName="permissions", PolicyDocument=json.dumps(document)
        )

    def table(self) -> str:
        """Make a table with key ``orderid`` and a stream of new images; return the stream's ARN."""
        table = self.cloud.client("dynamodb").create_table(
            TableName=f"{self.prefix}-orders",
            KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        return str(table["TableDescription"]["LatestStreamArn"])

    def put_orders(self, *names: str, **attributes: Mapping[str, Any]) -> None:
        table = self.cloud.client("dynamodb")
        for name in names:
            table.put_item(TableName=f"{self.prefix}-orders", Item={"orderid": {"S": name}, **attributes})

    def stream(self, name: str = "changes") -> str:
        """Make a Kinesis stream; return its ARN."""
        self.cloud.client("kinesis").create_stream(StreamName=f"{self.prefix}-{name}", ShardCount=2)
        return self.stream_arn(name)

    def stream_arn(self, name: str = "changes") -> str:
        summary = self.cloud.client("kinesis").describe_stream_summary(StreamName=f"{self.prefix}-{name}")
        return str(summary["StreamDescriptionSummary"]["StreamARN"])

    def put_records(self, stream_arn: str, payloads: Iterable[bytes]) -> None:
        entries = [{"Data": one, "PartitionKey": str(number)} for number, one in enumerate(payloads)]
        for start in range(0, len(entries), 500):
            self.cloud.client("kinesis").put_records(StreamARN=stream_arn, Records=entries[start : start + 500])

    def read_stream(self, stream_arn: str) -> list[dict[str, Any]]:
        """Return every record of a Kinesis stream, shard by shard."""
        kinesis = self.cloud.client("kinesis")
        found: list[dict[str, Any]] = []
        for shard in kinesis.list_shards(StreamARN=stream_arn)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamARN=stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]  # fmt: skip
            found += kinesis.get_records(ShardIterator=iterator, StreamARN=stream_arn)["Records"]
        return found

    def queue(self, name: str = "letters") -> tuple[str, str]:
        """Make an SQS queue; return its URL and ARN."""
        sqs = self.cloud.client("sqs")
        url = sqs.create_queue(QueueName=f"{self.prefix}-{name}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def bucket(self) -> str:
        self.cloud.client("s3").create_bucket(Bucket=f"{self.prefix}-bucket")
        return f"{self.prefix}-bucket"

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Return the bucket's objects under ``prefix``, in the order of their keys."""
        s3 = self.cloud.client("s3")
        page = s3.list_objects_v2(Bucket=f"{self.prefix}-bucket", Prefix=prefix)
        return {
            one["Key"]: s3.get_object(Bucket=f"{self.prefix}-bucket", Key=one["Key"])["Body"].read()
            for one in page.get("Contents", [])
        }

    def function(self, source: str, name: str = "transformer") -> str:
        """Make a Lambda function of Python source with a ``handler``; return its ARN."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("function.py", source)
        role = self.role(f"{name}-function", "lambda.amazonaws.com", {"*": ["logs:*"]})
        made = self.cloud.client("lambda").create_function(
            FunctionName=f"{self.prefix}-{name}", Runtime="python3.11", Role=role, Handler="function.handler",
            Code={"ZipFile": packed.getvalue()}, Timeout=30,
        )  # fmt: skip
        return str(made["FunctionArn"])

    def kill_services(self) -> None:
        """Kill the process with the local cloud's own services; the gateway starts it again."""
        port = int(self.cloud.endpoint.rpartition(":")[2])
        (gateway,) = {
            one.pid for one in psutil.net_connections("tcp4") if one.status == "LISTEN" and one.laddr.port == port
        }
        (child,) = [one for one in psutil.Process(gateway).children() if "local_cloud.services" in one.cmdline()]
        os.kill(child.pid, signal.SIGKILL)
        wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the services' end")


def payload(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Kinesis record's JSON."""
    document: dict[str, Any] = json.loads(record["Data"])
    return document


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def error_code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    """Return the code of the error that a client raised."""
    return str(refused.value.response["Error"]["Code"])
