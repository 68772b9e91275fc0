"""Define table, pipe, stream, transformer and delivery stream, with their roles and logs."""

from __future__ import annotations

import json
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.topology import ENTITY, Resource, Service, Topology
from sales_cdc.provisioning import policies, queue_policies

Request = dict[str, Any]

PIPE_BATCH_RECORDS = 500  # Kinesis's limit for one call
PIPE_RETRIES = 6
"""How often the pipe tries again what the target refuses, such as a key of more than 256 characters or a missing permission.

Pipes knows no permanent refusal: it retries every refusal up to this number, and its shard waits meanwhile. Faults of the services
(throttling, no connection) do not count, and are retried until the record is too old. What the pipe gives up can be redriven for a day.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""
PIPE_RECORD_AGE_SECONDS = 12 * 3600  # a DynamoDB stream keeps records for 24 hours
DEAD_LETTERS_SECONDS = 14 * 24 * 3600  # SQS's limit
NOTICES_SECONDS = 24 * 3600
RAW_EVENTS_SECONDS = 14 * 24 * 3600  # SQS's limit
TRANSFORMER_RETRIES = 3
TRANSFORMER_TIMEOUT_SECONDS = 60
LOGS_DAYS = 30
DELIVERY_LOG_STREAM = "S3Delivery"


def role(topology: Topology, service: Service) -> Request:
    """Define a role by IAM's ``CreateRole``; ``Permissions`` become its one inline policy.

    Example::

        role(topology, "pipe")["RoleName"]  # "sales-cdc-pipe-us-east-1"
    """
    return {
        "RoleName": topology.role(service).name,
        "Description": f"What the {service} of {topology.prefix} may do.",
        "AssumeRolePolicyDocument": policies.trust_policy(topology, service),
        "Permissions": policies.permissions(topology, service),
        "Tags": topology.tag_list,
    }


def stream(topology: Topology) -> Request:
    """Define the stream by Kinesis's ``CreateStream``; ``KeyId`` is the key of its server-side encryption."""
    return {
        "StreamName": topology.stream.name,
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
        "KeyId": topology.settings.kms_key_arn or "alias/aws/kinesis",
        "Tags": topology.tags,
    }


def log_group(topology: Topology, group: Resource) -> Request:
    """Define a log group by CloudWatch Logs' ``CreateLogGroup``.

    Firehose does not create the log stream that it writes to.
    """
    streams = [DELIVERY_LOG_STREAM] if group == topology.delivery_log else []
    key = topology.settings.kms_key_arn
    return {
        **({"kmsKeyId": key} if key else {}),
        "logGroupName": group.name,
        "retentionInDays": LOGS_DAYS,
        "logStreamNames": streams,
        "tags": topology.tags,
    }


def transformer(topology: Topology, code_sha256: str) -> Request:
    """Define the transformer by Lambda's ``CreateFunction``; ``CodeSha256`` is its code's base64 digest."""
    key = topology.settings.kms_key_arn
    return {
        **({"KMSKeyArn": key} if key else {}),
        "FunctionName": topology.transformer.name,
        "Description": "Turns DynamoDB stream records into change events, for Firehose.",
        "Runtime": "python3.13",
        "Architectures": ["arm64"],
        "Handler": "lambda_transformer.handler",
        "Role": topology.role("transformer").arn,
        "Code": {"S3Bucket": topology.bucket.name, "S3Key": topology.TRANSFORMER_KEY},
        "CodeSha256": code_sha256,
        "Timeout": TRANSFORMER_TIMEOUT_SECONDS,
        "MemorySize": 512,
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": topology.transformer_log.name},
        "Tags": topology.tags,
    }


def delivery(topology: Topology) -> Request:
    """Define the delivery stream by Firehose's ``CreateDeliveryStream``: Kinesis, transformer, S3.

    The processor has buffer hints of its own, which hold every record back for 60 s by default. With a shorter interval they are 0,
    so that a record waits only in the destination's buffer.
    Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html
    """
    role_arn = topology.role("delivery").arn
    return {
        "DeliveryStreamName": topology.delivery.name,
        "DeliveryStreamType": "KinesisStreamAsSource",
        "KinesisStreamSourceConfiguration": {"KinesisStreamARN": topology.stream.arn, "RoleARN": role_arn},
        "ExtendedS3DestinationConfiguration": {"RoleARN": role_arn, **_destination(topology)},
        "Tags": topology.tag_list,
    }


def _destination(topology: Topology) -> Request:
    settings, key = topology.settings, topology.settings.kms_key_arn
    return {
        "BucketARN": topology.bucket.arn,
        "Prefix": f"{bucket_keys.RAW_PREFIX}dt=!{{timestamp:yyyy-MM-dd}}/hr=!{{timestamp:HH}}/",
        "ErrorOutputPrefix": f"{bucket_keys.ERRORS_PREFIX}!{{firehose:error-output-type}}/dt=!{{timestamp:yyyy-MM-dd}}/",
        "FileExtension": ".json",
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": (
            {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}} if key else {"NoEncryptionConfig": "NoEncryption"}
        ),
        "BufferingHints": {
            "SizeInMBs": settings.firehose_size_mb,
            "IntervalInSeconds": settings.firehose_interval_seconds,
        },
        "ProcessingConfiguration": {"Enabled": True, "Processors": [_processor(topology)]},
        "CloudWatchLoggingOptions": {
            "Enabled": True,
            "LogGroupName": topology.delivery_log.name,
            "LogStreamName": DELIVERY_LOG_STREAM,
        },
    }


def _processor(topology: Topology) -> Request:
    parameters = {
        "LambdaArn": topology.transformer.arn,
        "NumberOfRetries": str(TRANSFORMER_RETRIES),
        "BufferSizeInMBs": "1",
        "BufferIntervalInSeconds": "60" if topology.settings.firehose_interval_seconds >= 60 else "0",
    }
    named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": "Lambda", "Parameters": named}


def table(topology: Topology) -> Request:
    """Define the table by DynamoDB's ``CreateTable``.

    It is protected against deletion; a confirmed teardown disables the protection.
    """
    key, attributes = topology.settings.kms_key_arn, declared_contract().key
    return {
        "TableName": topology.table.name,
        "KeySchema": [
            {"AttributeName": each.name, "KeyType": part}
            for each, part in zip(attributes, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": each.name, "AttributeType": each.type} for each in attributes],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": topology.settings.stream_view_type},
        "SSESpecification": ({"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {"Enabled": False}),
        "DeletionProtectionEnabled": True,
        "Tags": topology.tag_list,
    }


def dead_letter_queue(topology: Topology) -> Request:
    """Define the dead-letter queue by SQS's ``CreateQueue``."""
    return {
        "QueueName": topology.dead_letter_queue.name,
        "Attributes": {"MessageRetentionPeriod": str(DEAD_LETTERS_SECONDS), **_queue_key(topology)},
        "tags": topology.tags,
    }


def _queue_key(topology: Topology) -> dict[str, str]:
    """Return the attribute for the deployment's key, or for SQS's own; a queue takes one of them."""
    key = topology.settings.kms_key_arn
    return {"KmsMasterKeyId": key} if key else {"SqsManagedSseEnabled": "true"}


def arrivals_queue(topology: Topology) -> Request:
    """Define the queue of arrivals by SQS's ``CreateQueue``.

    It keeps notices for a day: by then the daily batch has read their objects.
    """
    return {
        "QueueName": topology.arrivals_queue.name,
        "Attributes": {
            "MessageRetentionPeriod": str(NOTICES_SECONDS),
            **_queue_key(topology),
            "Policy": json.dumps(queue_policies.arrivals_queue_policy(topology)),
        },
        "tags": topology.tags,
    }


def raw_events_queue(topology: Topology) -> Request:
    """Define the queue of S3's events on raw objects by SQS's ``CreateQueue``.

    It keeps events as long as SQS can, for a batch that is paused. They name objects and hold no value of an order: SQS's own key
    encrypts them, so that the policy of the deployment's key need not admit S3.
    """
    return {
        "QueueName": topology.raw_events_queue.name,
        "Attributes": {
            "MessageRetentionPeriod": str(RAW_EVENTS_SECONDS),
            "SqsManagedSseEnabled": "true",
            "Policy": json.dumps(queue_policies.raw_events_queue_policy(topology)),
        },
        "tags": topology.tags,
    }


def arrivals_rule(topology: Topology) -> Request:
    """Define the rule of arrivals by EventBridge's ``PutRule`` and ``PutTargets``.

    It is disabled unless SALES_CDC_EVENT_DRIVEN is on.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
    """
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [topology.bucket.name]},
            "object": {"key": [{"prefix": bucket_keys.RAW_PREFIX}]},
        },
    }
    return {
        "Name": topology.arrivals_rule.name,
        "Description": "New raw objects, to the queue that starts the batch.",
        "EventPattern": json.dumps(pattern),
        "State": "ENABLED" if topology.settings.event_driven else "DISABLED",
        "Targets": [{"Id": "arrivals", "Arn": topology.arrivals_queue.arn}],
        "Tags": topology.tag_list,
    }


def pipe(topology: Topology, source_arn: str) -> Request:
    """Define the pipe by Pipes' ``CreatePipe``: the table's stream to Kinesis, from the oldest record.

    Retries and record age are bounded: both are infinite by default, and one poison record would stop the pipe for ever. The pipe
    halves a failing batch until only the poison record is left, and sends its position to the dead-letter queue.

    Args:
        source_arn: the ARN of the table's stream, a new one each time that the stream is enabled.
    """
    return {
        "Name": topology.pipe.name,
        "Description": f"Every change of {'an order' if ENTITY == 'orders' else ENTITY}, into Kinesis.",
        "DesiredState": "RUNNING",
        "RoleArn": topology.role("pipe").arn,
        "Source": source_arn,
        "SourceParameters": {
            "DynamoDBStreamParameters": {
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": PIPE_BATCH_RECORDS,
                "MaximumBatchingWindowInSeconds": 0,
                "MaximumRetryAttempts": PIPE_RETRIES,
                "MaximumRecordAgeInSeconds": PIPE_RECORD_AGE_SECONDS,
                "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                "DeadLetterConfig": {"Arn": topology.dead_letter_queue.arn},
            }
        },
        "Target": topology.stream.arn,
        "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": topology.settings.pipe_partition_key}},
        "Tags": topology.tags,
    }
