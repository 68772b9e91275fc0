"""Who may do what: one role a service, each with the least that this pipeline needs of it. Pure functions of the topology.

Every document is IAM's JSON as a dictionary. Its ARNs may carry Jinja, which is rendered when the task runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.topology import Service, Topology

Document = dict[str, Any]

PRINCIPALS: dict[Service, str] = {
    "pipe": "pipes.amazonaws.com",
    "delivery": "firehose.amazonaws.com",
    "transformer": "lambda.amazonaws.com",
    "crawler": "glue.amazonaws.com",
    "job": "glue.amazonaws.com",
}


def trust_policy(topology: Topology, service: Service) -> Document:
    """Lets the service assume its role, for this account's resources only.

    ``IfExists``: a service that does not say for whom it acts is trusted as far as its principal goes, no further.
    Source: *The confused deputy problem* (IAM).
    """
    condition: Document = {"StringEqualsIfExists": {"aws:SourceAccount": topology.account}}
    caller = {"pipe": topology.pipe, "delivery": topology.delivery}.get(service)
    if caller is not None:
        condition["ArnLikeIfExists"] = {"aws:SourceArn": caller.arn}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": PRINCIPALS[service]},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
    )


def permissions(topology: Topology, service: Service) -> Document:
    """What the service's role may do."""
    statements = {
        "pipe": _pipe,
        "delivery": _delivery,
        "transformer": _transformer,
        "crawler": _crawler,
        "job": _job,
    }[service]
    return document(*statements(topology), *_key(topology, service))


def through_key(topology: Topology, actions: Sequence[str], services: Sequence[str]) -> list[Document]:
    """The actions on the deployment's key, only as these services use it for the caller; none where there is no key.

    Source: *kms:ViaService* (AWS KMS condition keys).
    """
    key = topology.settings.kms_key_arn
    if key is None:
        return []
    via = [f"{service}.{topology.settings.region}.{_suffix(topology)}" for service in services]
    condition = {"StringEquals": {"kms:ViaService": via}}
    return [{**allow([f"kms:{action}" for action in actions], key), "Condition": condition}]


def _suffix(topology: Topology) -> str:
    return "amazonaws.com.cn" if topology.partition == "aws-cn" else "amazonaws.com"


def _key(topology: Topology, service: Service) -> list[Document]:
    """Sources: *Data protection in Amazon Kinesis Data Streams* (producers generate data keys, consumers decrypt), *DynamoDB encryption
    at rest*, *Key management* (SQS), *Controlling access with Amazon Data Firehose*, *Protecting data with SSE-KMS* (S3).
    """
    decrypt, both = ["Decrypt"], ["GenerateDataKey", "Decrypt"]
    uses: dict[Service, list[tuple[list[str], list[str]]]] = {
        "pipe": [(decrypt, ["dynamodb"]), (["GenerateDataKey"], ["kinesis"]), (both, ["sqs"])],
        "delivery": [(decrypt, ["kinesis"]), (both, ["s3"])],
        "transformer": [(decrypt, ["lambda"])],
        "crawler": [(decrypt, ["s3"])],
        "job": [(both, ["s3"])],
    }
    return [statement for actions, via in uses[service] for statement in through_key(topology, actions, via)]


def arrivals_queue_policy(topology: Topology) -> Document:
    """Lets the rule, and nothing else of EventBridge, send to the queue. Source: *Amazon EventBridge permissions*."""
    return document(
        {
            "Sid": "FromTheRule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": topology.arrivals_queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topology.arrivals_rule.arn}},
        }
    )


def bucket_policy(topology: Topology) -> Document:
    """Refuses whoever comes without TLS. Source: *Security best practices for Amazon S3*."""
    return document(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [topology.bucket.arn, f"{topology.bucket.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def _pipe(topology: Topology) -> list[Document]:
    """Source: *Amazon EventBridge Pipes permissions*."""
    return [
        allow(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
            f"{topology.table.arn}/stream/*",
        ),
        allow(["kinesis:PutRecords"], topology.stream.arn),
        allow(["sqs:SendMessage"], topology.dead_letter_queue.arn),
    ]


def _delivery(topology: Topology) -> list[Document]:
    """Source: *Controlling access with Amazon Data Firehose*."""
    written = [bucket_keys.RAW_PREFIX, bucket_keys.ERRORS_PREFIX]
    return [
        allow(
            ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"],
            topology.stream.arn,
        ),
        allow(["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"], topology.transformer.arn),
        allow(["s3:PutObject", "s3:AbortMultipartUpload"], *_objects(topology, written)),
        allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], topology.bucket.arn),
        allow(["logs:PutLogEvents"], f"{topology.delivery_log.arn}:log-stream:*"),
    ]


def _transformer(topology: Topology) -> list[Document]:
    """Its log group exists already. Source: *Defining Lambda function permissions with an execution role*."""
    return [allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{topology.transformer_log.arn}:*")]


def _crawler(topology: Topology) -> list[Document]:
    """Source: *Actions, resources, and condition keys for AWS Glue*."""
    return [
        allow(["s3:GetObject"], *_objects(topology, [bucket_keys.RAW_PREFIX])),
        _list_bucket(topology, [bucket_keys.RAW_PREFIX]),
        allow(
            [
                "glue:GetDatabase",
                "glue:GetTable",
                "glue:GetTables",
                "glue:CreateTable",
                "glue:UpdateTable",
                "glue:GetPartitions",
                "glue:BatchGetPartition",
                "glue:BatchCreatePartition",
                "glue:BatchUpdatePartition",
            ],
            *_catalog(topology, f"{topology.RAW_TABLE_PREFIX}*"),
        ),
        _glue_logs(topology, "/aws-glue/crawlers"),
    ]


def _job(topology: Topology) -> list[Document]:
    """Iceberg's own file clean-up needs DeleteObject. Source: *Create an IAM role for AWS Glue*."""
    read = [bucket_keys.RAW_PREFIX, bucket_keys.CURATED_PREFIX, bucket_keys.ARTIFACTS_PREFIX]
    return [
        allow(["s3:GetObject"], *_objects(topology, read)),
        allow(["s3:PutObject", "s3:DeleteObject"], *_objects(topology, [bucket_keys.CURATED_PREFIX])),
        allow(["s3:PutObject"], *_objects(topology, [bucket_keys.LEDGER_PREFIX])),
        _list_bucket(topology, [bucket_keys.RAW_PREFIX, bucket_keys.CURATED_PREFIX]),
        allow(
            ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"],
            *_catalog(topology, "orders_*"),
        ),
        _glue_logs(topology, "/aws-glue/jobs"),
    ]


def _catalog(topology: Topology, tables: str) -> list[str]:
    """A table's action is checked on the catalog, the database and the table."""
    catalog = topology.database.arn.replace(f":database/{topology.database.name}", ":catalog")
    table = topology.database.arn.replace(":database/", ":table/")
    return [catalog, topology.database.arn, f"{table}/{tables}"]


def _glue_logs(topology: Topology, group: str) -> Document:
    """Glue's log groups belong to the account, not to this pipeline: Glue makes them when they are missing."""
    start = topology.database.arn.replace(":glue:", ":logs:").replace(
        f"database/{topology.database.name}", "log-group:"
    )
    encrypt = ["logs:AssociateKmsKey"] if topology.settings.kms_key_arn else []
    return allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", *encrypt], f"{start}{group}*")


def _objects(topology: Topology, prefixes: Sequence[str]) -> list[str]:
    return [f"{topology.bucket.arn}/{prefix}*" for prefix in prefixes]


def _list_bucket(topology: Topology, prefixes: Sequence[str]) -> Document:
    condition = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}
    return {**allow(["s3:ListBucket"], topology.bucket.arn), "Condition": condition}


def allow(actions: Sequence[str], *resources: str) -> Document:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
