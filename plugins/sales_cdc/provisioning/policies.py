"""Grant each service's role the least privilege it needs; pure functions of the topology.

Every document is IAM's JSON as a dictionary. Its ARNs may hold Jinja, which Airflow renders when the task runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.topology import ENTITY, Service, Topology

Document = dict[str, Any]

PRINCIPALS: dict[Service, str] = {
    "pipe": "pipes.amazonaws.com",
    "delivery": "firehose.amazonaws.com",
    "transformer": "lambda.amazonaws.com",
    "crawler": "glue.amazonaws.com",
    "job": "glue.amazonaws.com",
}


EVENTS_ACTIONS = (
    "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "ListQueueTags", "ListDeadLetterSourceQueues",
    "ReceiveMessage", "DeleteMessage", "PurgeQueue",
)  # fmt: skip
"""What a crawler by S3's events does on its queue. Glue refuses a crawler whose role lacks access to the queue.

Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html,
https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/glue/crawler_test.go, https://github.com/aws/aws-cdk/issues/33907
"""


def trust_policy(topology: Topology, service: Service) -> Document:
    """Let the service assume its role, for this account's resources only.

    ``IfExists``: some services do not send the account or the ARN that they act for; then only the principal is checked.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
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
    """Return what the service's role may do.

    Example::

        permissions(topology, "transformer")["Statement"]
    """
    statements = {
        "pipe": _pipe,
        "delivery": _delivery,
        "transformer": _transformer,
        "crawler": _crawler,
        "job": _job,
    }[service]
    return document(*statements(topology), *_key(topology, service))


def alerts_topic_policy(topology: Topology) -> Document:
    """Let this deployment's alarms publish to the topic of alerts.

    Principals of the account need no line here: their own policies decide. Source:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    return document(
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topology.alerts_topic.arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": topology.account},
                "ArnLike": {"aws:SourceArn": topology.alarm("*").arn},
            },
        }
    )


def through_key(topology: Topology, actions: Sequence[str], services: Sequence[str]) -> list[Document]:
    """Allow actions on the deployment's key, only through these services; nothing when there is no key.

    An adopted table may be encrypted with a key that only its owner knows: through DynamoDB any key of the account serves then, as far
    as its own policy lets it.
    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    own, adopted = topology.settings.kms_key_arn, topology.adopts_table
    keys = {
        own: [service for service in services if not (adopted and service == "dynamodb")] if own else [],
        _any_key(topology): [service for service in services if adopted and service == "dynamodb"],
    }
    return [
        {
            **allow([f"kms:{action}" for action in actions], str(key)),
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        f"{service}.{topology.settings.region}.{_suffix(topology)}" for service in through
                    ]
                }
            },
        }
        for key, through in keys.items()
        if through
    ]


def _any_key(topology: Topology) -> str:
    return topology.stream.arn.replace(":kinesis:", ":kms:").replace(f"stream/{topology.stream.name}", "key/*")


def _suffix(topology: Topology) -> str:
    return "amazonaws.com.cn" if topology.partition == "aws-cn" else "amazonaws.com"


def _key(topology: Topology, service: Service) -> list[Document]:
    """Allow a service what it needs of the deployment's key.

    Producers generate data keys, consumers decrypt. Sources:
    https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html,
    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
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


def bucket_policy(topology: Topology) -> Document:
    """Deny every request without TLS.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
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
    """Allow the pipe to read the table's stream, and to write to Kinesis and its dead-letter queue.

    ``ListStreams`` takes no resource. Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html,
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """
    return [
        allow(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            f"{topology.table.arn}/stream/*",
        ),
        allow(["dynamodb:ListStreams"], "*"),
        allow(["kinesis:PutRecords"], topology.stream.arn),
        allow(["sqs:SendMessage"], topology.dead_letter_queue.arn),
    ]


def _delivery(topology: Topology) -> list[Document]:
    """Allow Firehose to read Kinesis, to call the transformer, and to write objects and logs.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
    """
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
    """Allow the transformer to write its logs; setup creates its log group.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    return [allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{topology.transformer_log.arn}:*")]


def _crawler(topology: Topology) -> list[Document]:
    """Allow the crawler to read raw objects and their events, and to write the raw table.

    The actions on the queue are those of AWS's page on crawls by events, but for ``DeleteMessageBatch``, which is no action of IAM.
    Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html,
    https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html,
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
    """
    partitions = ["GetPartitions", "BatchGetPartition", "BatchCreatePartition", "BatchUpdatePartition"]
    tables = ["GetTable", "GetTables", "CreateTable", "UpdateTable", *partitions]
    return [
        allow(["s3:GetObject"], *_objects(topology, [bucket_keys.RAW_PREFIX])),
        *_look_into_bucket(topology, [bucket_keys.RAW_PREFIX]),
        allow([f"sqs:{action}" for action in EVENTS_ACTIONS], topology.raw_events_queue.arn),
        *_catalog(topology, tables, f"{topology.RAW_TABLE_PREFIX}*"),
        _glue_logs(topology, "/aws-glue/crawlers"),
    ]


def _job(topology: Topology) -> list[Document]:
    """Allow the job to read raw objects and to write the curated tables and the ledger.

    Iceberg needs DeleteObject to clean up its own files. The job looks for the rebuild's mark.
    Source: https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html
    """
    read = [bucket_keys.RAW_PREFIX, bucket_keys.CURATED_PREFIX, bucket_keys.ARTIFACTS_PREFIX]
    return [
        allow(["s3:GetObject"], *_objects(topology, read)),
        allow(["s3:PutObject", "s3:DeleteObject"], *_objects(topology, [bucket_keys.CURATED_PREFIX])),
        allow(["s3:PutObject"], *_objects(topology, [bucket_keys.LEDGER_PREFIX])),
        *_look_into_bucket(topology, [bucket_keys.RAW_PREFIX, bucket_keys.CURATED_PREFIX, bucket_keys.REBUILD_RUNS]),
        *_catalog(topology, ["GetTable", "CreateTable", "UpdateTable"], f"{ENTITY}_*"),
        _glue_logs(topology, "/aws-glue/jobs"),
    ]


def _catalog(topology: Topology, actions: Sequence[str], tables: str) -> list[Document]:
    """Allow reading the database, and actions on tables, which Glue checks on catalog, database and table."""
    catalog = topology.database.arn.replace(f":database/{topology.database.name}", ":catalog")
    table = topology.database.arn.replace(":database/", ":table/")
    return [
        allow(["glue:GetDatabase"], catalog, topology.database.arn),
        allow([f"glue:{action}" for action in actions], catalog, topology.database.arn, f"{table}/{tables}"),
    ]


def _glue_logs(topology: Topology, group: str) -> Document:
    """Allow writing Glue's logs; Glue creates its log groups, which belong to the account."""
    start = topology.database.arn.replace(":glue:", ":logs:").replace(
        f"database/{topology.database.name}", "log-group:"
    )
    encrypt = ["logs:AssociateKmsKey"] if topology.settings.kms_key_arn else []
    return allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", *encrypt], f"{start}{group}*")


def _objects(topology: Topology, prefixes: Sequence[str]) -> list[str]:
    return [f"{topology.bucket.arn}/{prefix}*" for prefix in prefixes]


def _look_into_bucket(topology: Topology, prefixes: Sequence[str]) -> list[Document]:
    """Allow finding the bucket's region, and listing prefixes, which clients write with and without their last slash.

    AWS's own role for Glue allows both actions on every bucket.
    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html
    """
    listed = [pattern for prefix in prefixes for pattern in (prefix.rstrip("/"), f"{prefix}*")]
    condition = {"StringLike": {"s3:prefix": listed}}
    return [
        allow(["s3:GetBucketLocation"], topology.bucket.arn),
        {**allow(["s3:ListBucket"], topology.bucket.arn), "Condition": condition},
    ]


def allow(actions: Sequence[str], *resources: str) -> Document:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
