"""Define bucket, Glue database, classifier, crawler, Spark job and Athena work group."""

from __future__ import annotations

import json
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment import sizing
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import ENTITY, Topology
from sales_cdc.provisioning import policies

Request = dict[str, Any]

DESCRIBED = "sales orders" if ENTITY == "orders" else ENTITY
RESULTS_DAYS = 7
EXPORTS_DAYS = 7
REMADE_VERSIONS_DAYS = 7
PASSING_VERSIONS_DAYS = 1


def bucket(topology: Topology) -> Request:
    """Define the bucket and its sub-resources, by S3's ``CreateBucket`` and ``Put…`` operations.

    It is versioned: a raw object that somebody deletes can be brought back, for 30 days by default. No stream keeps changes that long. It tells
    the crawler's queue which raw objects come and go, and EventBridge only for batches that arrivals start: each of those notices is paid for.
    """
    sse = (
        {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _key(topology)} if _key(topology) else {"SSEAlgorithm": "AES256"}
    )
    return {
        "Bucket": topology.bucket.name,
        "Region": topology.settings.region,
        "PublicAccessBlock": {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        "Encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault": sse, "BucketKeyEnabled": True}]},
        "Versioning": {"Status": "Enabled"},
        "Lifecycle": {"Rules": _lifecycle_rules(topology.settings)},
        "Notification": _notification(topology),
        "Policy": policies.bucket_policy(topology),
        "Tags": topology.tags,
    }


def _notification(topology: Topology) -> Request:
    """Return what the bucket tells whom.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    """
    raw = {"Key": {"FilterRules": [{"Name": "prefix", "Value": bucket_keys.RAW_PREFIX}]}}
    events = {
        "Id": "raw-events",
        "QueueArn": topology.raw_events_queue.arn,
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": raw,
    }
    arrivals: Request = {"EventBridgeConfiguration": {}} if topology.settings.event_driven else {}
    return {"QueueConfigurations": [events], **arrivals}


def _lifecycle_rules(settings: Settings) -> list[Request]:
    """Return what S3 deletes, and moves to cheaper storage, by itself; where rules overlap, the earlier day holds.

    Of what can be made again from ``raw/``, old versions go after a week: curated files, and errors that a redrive has delivered. Raw
    objects are never deleted, because audits read them and a rebuild needs them. The storage to which they move answers within
    milliseconds, so Athena, the crawler and the job read it as before.
    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/glacier-storage-classes.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Transition.html
    """
    oldest = _expiry("old-versions", "", settings.old_versions_days)
    return [
        *_archive(settings.raw_archive_days),
        {
            **oldest,
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        },
        _expiry("curated-versions", bucket_keys.CURATED_PREFIX, REMADE_VERSIONS_DAYS),
        _expiry("error-versions", bucket_keys.ERRORS_PREFIX, REMADE_VERSIONS_DAYS),
        {
            **_expiry("query-results", bucket_keys.ATHENA_RESULTS_PREFIX, PASSING_VERSIONS_DAYS),
            "Expiration": {"Days": RESULTS_DAYS},
        },
        {
            **_expiry("exports", bucket_keys.EXPORTS_PREFIX, PASSING_VERSIONS_DAYS),
            "Expiration": {"Days": EXPORTS_DAYS},
        },
    ]


def _archive(days: int) -> list[Request]:
    """Return the rule that moves raw objects; S3 moves none of less than 128 KB."""
    moved = {"Transitions": [{"Days": days, "StorageClass": "GLACIER_IR"}]}
    filters = {"Filter": {"Prefix": bucket_keys.RAW_PREFIX}}
    return [{"ID": "raw-archive", "Status": "Enabled", **filters, **moved}] if days else []


def _expiry(name: str, prefix: str, days: int) -> Request:
    return {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
    }


def database(topology: Topology) -> Request:
    """Define the database by Glue's ``CreateDatabase``; its parameters hold the deployment's tags."""
    return {
        "DatabaseInput": {
            "Name": topology.database.name,
            "Description": f"Changes of {DESCRIBED}, raw and curated.",
            "LocationUri": topology.s3_uri(bucket_keys.CURATED_PREFIX),
            "Parameters": topology.tags,
        },
        "Tags": topology.tags,
    }


def classifier(topology: Topology) -> Request:
    """Define the classifier by Glue's ``CreateClassifier``; it carries no tags."""
    return {"JsonClassifier": {"Name": topology.classifier.name, "JsonPath": topology.CLASSIFIER_PATH}}


def crawler(topology: Topology) -> Request:
    """Define the crawler by Glue's ``CreateCrawler``.

    It makes one table whatever the files hold, at the third level (bucket, ``raw``, the entity). New attributes become columns, and
    types widen (such as a price that was whole at first). Partitions inherit the table's schema: otherwise a type that differs
    between two hours would fail every query (HIVE_PARTITION_SCHEMA_MISMATCH).

    It lists the folders that S3's events name, so that a crawl follows the day. Its first crawl lists everything, and so does an
    audit's, for which the batch sets another policy.

    No page of AWS says what Glue does with a classifier's list of paths. Where its columns come out wrong, SALES_CDC_RAW_COLUMNS leaves
    the classifier off, and Glue's built-in one reads the lines.
    Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html,
    https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
    """
    configuration = {
        "Version": 1.0,
        "CrawlerOutput": {
            "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        },
        "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 3},
    }
    return {
        "Name": topology.crawler.name,
        "Role": topology.role("crawler").arn,
        "DatabaseName": topology.database.name,
        "Targets": {
            "S3Targets": [
                {
                    "Path": topology.s3_uri(bucket_keys.RAW_PREFIX),
                    "EventQueueArn": topology.raw_events_queue.arn,
                }
            ]
        },
        "TablePrefix": topology.RAW_TABLE_PREFIX,
        "Classifiers": [topology.classifier.name] if topology.settings.raw_columns == "classifier" else [],
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "Configuration": json.dumps(configuration),
        **({"CrawlerSecurityConfiguration": topology.security_configuration.name} if _key(topology) else {}),
        "Tags": topology.tags,
    }


def security_configuration(topology: Topology) -> Request:
    """Define the encryption of crawler and job, by Glue's ``CreateSecurityConfiguration``.

    The deployment's key encrypts what they write, and their logs. Glue cannot update a security configuration: setup replaces it when
    the key changes. It carries no tags.
    Source: https://docs.aws.amazon.com/glue/latest/dg/set-up-encryption.html
    """
    return {
        "Name": topology.security_configuration.name,
        "EncryptionConfiguration": {
            "S3Encryption": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": _key(topology)}],
            "CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": _key(topology)},
            "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "DISABLED"},
        },
    }


def _key(topology: Topology) -> str | None:
    return topology.settings.kms_key_arn


def job(topology: Topology) -> Request:
    """Define the Spark job that curates, by Glue's ``CreateJob``.

    Glue adds workers while there is work for them, up to the number that the deployment's rate needs, and takes them away again.
    Sources: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html,
    https://docs.aws.amazon.com/glue/latest/dg/auto-scaling.html
    """
    return {
        "Name": topology.job.name,
        "Role": topology.role("job").arn,
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": topology.s3_uri(topology.JOB_KEY)},
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": sizing.job_workers(topology.settings.changes_per_second),
        "Timeout": sizing.JOB_MINUTES,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 3},
        "DefaultArguments": {
            "--datalake-formats": "iceberg",
            "--enable-auto-scaling": "true",
            "--job-language": "python",
            "--extra-py-files": topology.s3_uri(topology.JOB_PARTS_KEY),
            "--extra-files": topology.s3_uri(topology.CONTRACT_KEY),
            "--contract": topology.CONTRACT_KEY.removeprefix(bucket_keys.ARTIFACTS_PREFIX),
            "--max_further_columns": str(topology.settings.max_further_columns),
            "--bucket": topology.bucket.name,
            "--database": topology.database.name,
            "--warehouse": topology.s3_uri(bucket_keys.CURATED_PREFIX),
        },
        **({"SecurityConfiguration": topology.security_configuration.name} if _key(topology) else {}),
        "Tags": topology.tags,
    }


def workgroup(topology: Topology) -> Request:
    """Define the work group by Athena's ``CreateWorkGroup``.

    Results stay in the bucket, and Athena cancels a query that reads more than the audits of the deployment's rate do.
    """
    key = _key(topology)
    return {
        "Name": topology.workgroup.name,
        "Description": f"Queries on the changes of {DESCRIBED}.",
        "Configuration": {
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "BytesScannedCutoffPerQuery": sizing.query_cutoff_bytes(topology.settings.changes_per_second),
            "ResultConfiguration": {
                "OutputLocation": topology.s3_uri(bucket_keys.ATHENA_RESULTS_PREFIX),
                "EncryptionConfiguration": (
                    {"EncryptionOption": "SSE_KMS", "KmsKey": key} if key else {"EncryptionOption": "SSE_S3"}
                ),
            },
        },
        "Tags": topology.tag_list,
    }
