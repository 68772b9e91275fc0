"""Name every resource of the pipeline, once. Pure: no Airflow, no AWS client, no network.

``Topology(settings, account)`` has each resource's name and ARN. ``provisioning.definitions`` has their create requests, and
``provisioning.policies`` has their permissions. A DAG file does not know the account: there it is a Jinja expression inside every
ARN, which Airflow renders when a task runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.change_contract import Contract
from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.settings import Settings

Service = Literal["pipe", "delivery", "transformer", "crawler", "job"]
SERVICES: tuple[Service, ...] = get_args(Service)
MANAGERS = {"setup": "sales_cdc_setup", "cloudformation": "cloudformation"}
"""The tag ``sales-cdc:managed-by``, by the setting."""


ENTITY = declared_contract().view
MAX_PIPE_NAME = 64
ALARMS = ("pipe-failures", "dead-letters", "stream-age", "delivery-freshness", "transformer-errors", "batch-overdue")
"""What ``provisioning.definitions.watch`` defines, in the order of the flow."""
NAMESPACE, HEARTBEAT = "SalesCDC", "BatchPassed"
"""The pipeline's own metric in CloudWatch: setup begins it, and each batch that passes goes on with it."""


def classifier_path(contract: Contract) -> str:
    """Return the classifier's path: with the contract of orders, letter for letter as the project's brief has it.

    >>> classifier_path(declared_contract())
    '$.orderID,$.product_name,$.quantity,$.price,$.event_type,$.creation_time'
    """
    declared = (each.member for each in (*contract.key, *contract.fields))
    return ",".join(f"$.{member}" for member in (*declared, "event_type", "creation_time"))


@dataclass(frozen=True)
class Resource:
    """Hold the name of an AWS resource, for calls, and its ARN, for policies."""

    name: str
    arn: str


@dataclass(frozen=True)
class Topology:
    """Name the pipeline's resources for one prefix, account and region.

    Example::

        topology = Topology(Settings.from_environment(), account="123456789012")
        topology.bucket.name  # "sales-cdc-123456789012-us-east-1"
    """

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
        """Return the tags of every resource that can carry tags; teardown removes nothing without them."""
        return {"sales-cdc:prefix": self.prefix, "sales-cdc:managed-by": MANAGERS[self.settings.managed_by]}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """Return the tags as a list of ``Key`` and ``Value``, which half of AWS's services take."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    # Source and transport

    @property
    def table(self) -> Resource:
        """Return the table of the declared entity, or the one that is adopted: the source of every change."""
        return self._regional("dynamodb", "table/", self.settings.table or self._own_table)

    @property
    def _own_table(self) -> str:
        return f"{self.prefix}-{ENTITY}"

    @property
    def adopts_table(self) -> bool:
        """Return whether the table is somebody's, to be read and left as it is; else setup makes it and teardown removes it."""
        return self.table.name != self._own_table

    @property
    def dead_letter_queue(self) -> Resource:
        """Return the queue of the positions of stream records that the pipe gave up on."""
        return self._regional("sqs", "", f"{self.prefix}-pipe-dlq")

    @property
    def arrivals_queue(self) -> Resource:
        """Return the queue of notices of new raw objects."""
        return self._regional("sqs", "", f"{self.prefix}-arrivals")

    @property
    def arrivals_rule(self) -> Resource:
        """Return the rule that sends those notices from the bucket to the queue."""
        return self._regional("events", "rule/", f"{self.prefix}-arrivals")

    @property
    def raw_events_queue(self) -> Resource:
        """Return the queue of S3's events on raw objects, by which the crawler finds the folders that have changed."""
        return self._regional("sqs", "", f"{self.prefix}-raw-events")

    @property
    def pipe(self) -> Resource:
        return self._regional("pipes", "pipe/", f"{self.prefix}-{ENTITY}"[: MAX_PIPE_NAME - 5] + "-pipe")

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

    # What watches

    @property
    def owns_alerts_topic(self) -> bool:
        """Return whether setup makes the topic of alerts; else it is somebody's, of SALES_CDC_ALERTS_TOPIC_ARN."""
        return self.settings.alerts_topic_arn is None

    @property
    def alerts_topic(self) -> Resource:
        """Return the topic that alarms and failed runs are told to."""
        arn = self.settings.alerts_topic_arn
        return Resource(arn.rpartition(":")[2], arn) if arn else self._regional("sns", "", f"{self.prefix}-alerts")

    def alarm(self, name: str) -> Resource:
        """Return an alarm by its name in ``provisioning.definitions.watch``; ``*``: all of them."""
        return self._regional("cloudwatch", "alarm:", f"{self.prefix}-{name}")

    @property
    def every_alarm(self) -> str:
        """Return the ARN of all alarms of the account and region, others' too: a list of alarms is checked against it."""
        return self.alarm("*").arn.replace(f"{self.prefix}-*", "*")

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
        return self._regional("glue", "classifier/", f"{self.prefix}-{ENTITY}-json")

    @property
    def crawler(self) -> Resource:
        return self._regional("glue", "crawler/", f"{self.prefix}-raw")

    @property
    def job(self) -> Resource:
        return self._regional("glue", "job/", f"{self.prefix}-curate")

    @property
    def security_configuration(self) -> Resource:
        """Return the encryption of crawler and job, for a deployment with a customer managed key."""
        return self._regional("glue", "securityConfiguration/", f"{self.prefix}-encryption")

    @property
    def workgroup(self) -> Resource:
        return self._regional("athena", "workgroup/", self.prefix)

    def role(self, service: Service) -> Resource:
        """Return the role of one service.

        IAM is global: the region is part of the name, so that one account can have a deployment in each of two regions.
        """
        name = f"{self.prefix}-{service}-{self.settings.region}"
        return Resource(name, f"arn:{self.partition}:iam::{self.account}:role/{name}")

    @property
    def hops(self) -> dict[str, str]:
        """Return the names of the resources that a change passes on its way to the raw zone."""
        hops = ("table", "pipe", "dead_letter_queue", "stream", "delivery", "bucket")
        return {hop: getattr(self, hop).name for hop in hops}

    @property
    def patience_seconds(self) -> int:
        """Return how long a change may take to ``raw/``: Firehose's buffer interval and four minutes."""
        return self.settings.firehose_interval_seconds + 240

    @property
    def patience(self) -> timedelta:
        return timedelta(seconds=self.patience_seconds)

    # Places in the bucket

    TRANSFORMER_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}lambda_transformer.zip"
    JOB_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}curate_orders.py"
    JOB_PARTS_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}curate_orders_parts.zip"
    """The modules beside the job's entry."""
    CONTRACT_KEY = f"{bucket_keys.ARTIFACTS_PREFIX}contract.json"
    """The contract, as the job finds it in its working directory under the key's last part."""

    RAW_TABLE_PREFIX = "raw_"
    RAW_TABLE = declared_contract().raw_table

    CLASSIFIER_PATH = classifier_path(declared_contract())

    def s3_uri(self, key: str) -> str:
        return f"s3://{self.bucket.name}/{key}"

    def _regional(self, service: str, path: str, name: str) -> Resource:
        return Resource(name, f"arn:{self.partition}:{service}:{self.settings.region}:{self.account}:{path}{name}")
