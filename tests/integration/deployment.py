"""Change and observe a deployed pipeline from outside, for tests."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.topology import Service, Topology
from sales_cdc.provisioning.policies import Document, permissions

from tests.conftest import Cloud
from tests.waiting import wait_for

POLICY = "permissions"


@dataclass
class Deployment:
    """Hold a deployed pipeline in a local cloud, with an administrator's clients."""

    cloud: Cloud
    topology: Topology
    _bodies: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def allow(self, service: Service, document: Document) -> None:
        """Replace what the service's role may do, from its next call on."""
        self.client("iam").put_role_policy(
            RoleName=self.topology.role(service).name, PolicyName=POLICY, PolicyDocument=json.dumps(document)
        )

    @contextmanager
    def without(self, service: Service, statement: int, action: str) -> Iterator[None]:
        """Take one action of one statement out of the policy of the service's role."""
        document = permissions(self.topology, service)
        document["Statement"][statement]["Action"].remove(action)
        document["Statement"] = [each for each in document["Statement"] if each["Action"]]
        self.allow(service, document)
        try:
            yield
        finally:
            self.allow(service, permissions(self.topology, service))

    def write_order(self, beginning: str = "order") -> str:
        """Put a new order into the table; return its id."""
        order_id = f"{beginning}-{uuid.uuid4().hex}"
        values = {"orderid": {"S": order_id}, "product_name": {"S": "laptop"}, "quantity": {"N": "5"}}
        self.client("dynamodb").put_item(TableName=self.topology.table.name, Item={**values, "price": {"N": "999.90"}})
        return order_id

    def lands(self, order_id: str, object_name: str = "") -> None:
        """Wait until the order's row is in an object under raw/ whose name begins so."""
        wait_for(lambda: any(order_id in body for body in self.landed(object_name)), f"{order_id} in raw/")

    def landed(self, object_name: str = "", prefix: str = bucket_keys.RAW_PREFIX) -> list[str]:
        """Return the objects under a prefix whose names begin so; objects never change, so each is read once."""
        s3, bucket = self.client("s3"), self.topology.bucket.name
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        keys = [one["Key"] for one in listed if one["Key"].rpartition("/")[2].startswith(object_name)]
        for key in keys:
            if key not in self._bodies:
                self._bodies[key] = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return [self._bodies[key] for key in keys]

    def pipe(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.client("pipes").describe_pipe(Name=self.topology.pipe.name)
        return shown

    def start_pipe(self, until: str = "RUNNING") -> None:
        self.client("pipes").start_pipe(Name=self.topology.pipe.name)
        wait_for(lambda: self.pipe()["CurrentState"] in {until, "START_FAILED"}, "a started pipe")

    def stop_pipe(self) -> None:
        self.client("pipes").stop_pipe(Name=self.topology.pipe.name)
        wait_for(lambda: self.pipe()["CurrentState"] == "STOPPED", "a stopped pipe")

    def crawl(self) -> dict[str, Any]:
        """Run the crawler once; return its ``LastCrawl``."""
        glue, name = self.client("glue"), self.topology.crawler.name
        glue.start_crawler(Name=name)
        wait_for(lambda: glue.get_crawler(Name=name)["Crawler"]["State"] == "READY", "the crawl's end")
        last: dict[str, Any] = glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
        return last

    def logged(self, group: str) -> str:
        """Return every message of a log group, as one text."""
        logs = self.client("logs")
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        events = [
            event["message"]
            for stream in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        ]
        return "\n".join(events)

    def cloud_log(self) -> str:
        """Return the log of the local cloud itself."""
        log: Path = self.cloud.home / "logs" / "cloud.log"
        return log.read_text()
