"""The lake: bucket, catalogue, crawler, Spark job and work group, as AWS's create requests."""

from __future__ import annotations

import json
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning import policies

Request = dict[str, Any]

RESULTS_DAYS = 7
EXPORTS_DAYS = 7
OLD_VERSIONS_DAYS = 30


def bucket(topology: Topology) -> Request:
    """Not one call but six: the bucket's sub-resources under the names of their ``Put…`` operations.

    Versioned: for 30 days, raw changes that somebody deletes can be brought back; no stream keeps them that long.
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
        "Lifecycle": {"Rules": _lifecycle_rules()},
        "Notification": {"EventBridgeConfiguration": {}},
        "Policy": policies.bucket_policy(topology),
        "Tags": topology.tags,
    }


def _lifecycle_rules() -> list[Request]:
    return [
        {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        },
        {
            "ID": "query-results",
            "Status": "Enabled",
            "Filter": {"Prefix": bucket_keys.ATHENA_RESULTS_PREFIX},
            "Expiration": {"Days": RESULTS_DAYS},
        },
        {
            "ID": "exports",
            "Status": "Enabled",
            "Filter": {"Prefix": bucket_keys.EXPORTS_PREFIX},
            "Expiration": {"Days": EXPORTS_DAYS},
        },
    ]


def database(topology: Topology) -> Request:
    """Glue ``CreateDatabase``. The parameters tell whose it is."""
    return {
        "DatabaseInput": {
            "Name": topology.database.name,
            "Description": "Changes of sales orders, raw and curated.",
            "LocationUri": topology.s3_uri(bucket_keys.CURATED_PREFIX),
            "Parameters": topology.tags,
        },
        "Tags": topology.tags,
    }


def classifier(topology: Topology) -> Request:
    """Glue ``CreateClassifier``. A classifier carries no tags."""
    return {"JsonClassifier": {"Name": topology.classifier.name, "JsonPath": topology.ORDERS_JSON_PATH}}


def crawler(topology: Topology) -> Request:
    """Glue ``CreateCrawler``.

    One table whatever the files hold, at the third level (bucket, ``raw``, ``orders``); new attributes become columns, types
    widen (a price that was whole at first), and partitions inherit the table's schema: a type that drifts between hours would otherwise fail every query
    (HIVE_PARTITION_SCHEMA_MISMATCH). Source: *Setting crawler configuration options*.
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
        "Targets": {"S3Targets": [{"Path": topology.s3_uri(bucket_keys.RAW_PREFIX)}]},
        "TablePrefix": topology.RAW_TABLE_PREFIX,
        "Classifiers": [topology.classifier.name],
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "Configuration": json.dumps(configuration),
        **({"CrawlerSecurityConfiguration": topology.security_configuration.name} if _key(topology) else {}),
        "Tags": topology.tags,
    }


def security_configuration(topology: Topology) -> Request:
    """Glue ``CreateSecurityConfiguration``: what crawler and job write, and their logs, with the deployment's key.

    It carries no tags, and cannot be changed: setup replaces it when the key is another. Source: *Setting up encryption in AWS Glue*.
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
    """Glue ``CreateJob``: the Spark job that curates. Source: *Using the Iceberg framework in AWS Glue*."""
    return {
        "Name": topology.job.name,
        "Role": topology.role("job").arn,
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": topology.s3_uri(topology.JOB_KEY)},
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "Timeout": 60,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 3},
        "DefaultArguments": {
            "--datalake-formats": "iceberg",
            "--job-language": "python",
            "--extra-py-files": topology.s3_uri(topology.JOB_PARTS_KEY),
            "--extra-files": topology.s3_uri(topology.CONTRACT_KEY),
            "--contract": topology.CONTRACT_KEY.removeprefix(bucket_keys.ARTIFACTS_PREFIX),
            "--bucket": topology.bucket.name,
            "--database": topology.database.name,
            "--warehouse": topology.s3_uri(bucket_keys.CURATED_PREFIX),
        },
        **({"SecurityConfiguration": topology.security_configuration.name} if _key(topology) else {}),
        "Tags": topology.tags,
    }


def workgroup(topology: Topology) -> Request:
    """Athena ``CreateWorkGroup``: results stay in the bucket, and a query over 100 GB is cancelled."""
    key = _key(topology)
    return {
        "Name": topology.workgroup.name,
        "Description": "Queries on the changes of sales orders.",
        "Configuration": {
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "BytesScannedCutoffPerQuery": topology.QUERY_CUTOFF_BYTES,
            "ResultConfiguration": {
                "OutputLocation": topology.s3_uri(bucket_keys.ATHENA_RESULTS_PREFIX),
                "EncryptionConfiguration": (
                    {"EncryptionOption": "SSE_KMS", "KmsKey": key} if key else {"EncryptionOption": "SSE_S3"}
                ),
            },
        },
        "Tags": topology.tag_list,
    }
