"""Every resource of the pipeline, declared once. Pure: no Airflow, no AWS client, no network.

``Topology(settings, account)`` knows each resource's name and ARN; ``definitions`` says what it is made of, ``policies`` who
may do what. In a DAG file the account is not known yet: there it is a Jinja expression, which travels inside every ARN and
is rendered when a task runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.settings import Settings

Service = Literal["pipe", "delivery", "transformer", "crawler", "job"]
SERVICES: tuple[Service, ...] = get_args(Service)


@dataclass(frozen=True)
class Resource:
    """One resource of AWS: the name that our calls use and the ARN that policies use."""

    name: str
    arn: str


@dataclass(frozen=True)
class Topology:
    """The pipeline of one prefix, account and region."""

    settings: Settings
    account: str

    @property
    def prefix(self) -> str:
        return self.settings.prefix

    @property
    def partition(self) -> str:
        return self.settings.partition

    @property
    def tags(self) -> dict[str, str]:
        """On every resource that can carry tags: teardown removes nothing without them."""
        return {"sales-cdc:prefix": self.prefix, "sales-cdc:managed-by": "sales_cdc_setup"}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags in the form that half of AWS's services want."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    # Source and transport

    @property
    def table(self) -> Resource:
        """The orders, by ``orderid``; the source of every change."""
        return self._regional("dynamodb", "table/", f"{self.prefix}-orders")

    @property
    def dead_letter_queue(self) -> Resource:
        """Positions of stream records that the pipe gave up on."""
        return self._regional("sqs", "", f"{self.prefix}-pipe-dlq")

    @property
    def arrivals_queue(self) -> Resource:
        """Notices of new raw objects, for whoever waits for them."""
        return self._regional("sqs", "", f"{self.prefix}-arrivals")

    @property
    def arrivals_rule(self) -> Resource:
        """Sends those notices from the bucket to the queue."""
        return self._regional("events", "rule/", f"{self.prefix}-arrivals")

    @property
    def pipe(self) -> Resource:
        return self._regional("pipes", "pipe/", f"{self.prefix}-orders-pipe")

    @property
    def stream(self) -> Resource:
        return self._regional("kinesis", "stream/", f"{self.prefix}-changes")

    @property
    def transformer(self) -> Resource:
        return self._regional("lambda", "function:", f"{self.prefix}-transformer")

    @property
    def delivery(self) -> Resource:
        return self._regional("firehose", "deliverystream/", f"{self.prefix}-delivery")

    @property
    def transformer_log(self) -> Resource:
        return self._regional("logs", "log-group:", f"/aws/lambda/{self.transformer.name}")

    @property
    def delivery_log(self) -> Resource:
        return self._regional("logs", "log-group:", f"/aws/kinesisfirehose/{self.delivery.name}")

    # Lake

    @property
    def bucket(self) -> Resource:
        name = f"{self.prefix}-{self.account}-{self.settings.region}"
        return Resource(name, f"arn:{self.partition}:s3:::{name}")

    @property
    def database(self) -> Resource:
        return self._regional("glue", "database/", self.prefix.replace("-", "_"))

    @property
    def classifier(self) -> Resource:
        return self._regional("glue", "classifier/", f"{self.prefix}-orders-json")

    @property
    def crawler(self) -> Resource:
        return self._regional("glue", "crawler/", f"{self.prefix}-raw")

    @property
    def job(self) -> Resource:
        return self._regional("glue", "job/", f"{self.prefix}-curate")

    @property
    def security_configuration(self) -> Resource:
        """How crawler and job encrypt, where a customer managed key does."""
        return self._regional("glue", "securityConfiguration/", f"{self.prefix}-encryption")

    @property
    def workgroup(self) -> Resource:
        return self._regional("athena", "workgroup/", self.prefix)

    def role(self, service: Service) -> Resource:
        """The role of one service.

        IAM knows no regions: the region is part of the name, so that two regions of one account stand side by side.
        """
        name = f"{self.prefix}-{service}-{self.settings.region}"
        return Resource(name, f"arn:{self.partition}:iam::{self.account}:role/{name}")

    @property
    def hops(self) -> dict[str, str]:
        """The names of what a change passes on its way to the raw zone."""
        hops = ("table", "pipe", "dead_letter_queue", "stream", "delivery", "bucket")
        return {hop: getattr(self, hop).name for hop in hops}

    @property
    def patience_seconds(self) -> int:
        """Return how long a change may take from the table to ``raw/``: Firehose's buffer interval and four minutes."""
        return self.settings.firehose_interval_seconds + 240

    # Places in the bucket

    TRANSFORMER_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}lambda_transformer.zip"
    JOB_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}curate_orders.py"
    JOB_PARTS_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}curate_orders_parts.zip"
    """The modules beside the job's entry."""
    CONTRACT_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}contract.json"
    """The contract, as the job finds it in its working directory under the key's last part."""
    QUERY_CUTOFF_BYTES = 100 * 1024**3
    """Athena stops a statement of the work group that would read more."""

    RAW_TABLE_PREFIX = "raw_"
    RAW_TABLE = "raw_orders"

    ORDERS_JSON_PATH = "$.orderID,$.product_name,$.quantity,$.price,$.event_type,$.creation_time"
    """The classifier's path, letter for letter as the project's brief gives it."""

    def s3_uri(self, key: str) -> str:
        return f"s3://{self.bucket.name}/{key}"

    def _regional(self, service: str, path: str, name: str) -> Resource:
        return Resource(name, f"arn:{self.partition}:{service}:{self.settings.region}:{self.account}:{path}{name}")
