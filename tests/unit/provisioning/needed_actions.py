"""Name the actions that calls need where AWS's pages say so, and botocore's operation does not.

Each entry has its source: a page of AWS, or the file of the plugin that makes the call.
"""

from __future__ import annotations

WITHOUT_PERMISSION = {"sts:GetCallerIdentity"}
"""Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""

ACTIONS_OF_OPERATIONS = {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    "s3:CreateBucket": ["s3:CreateBucket", "s3:TagResource"],  # it creates with tags
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:ListObjectsV2": ["s3:ListBucket"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions"],
    "s3:HeadObject": ["s3:GetObject"],
    "s3:DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],  # it names versions
    "s3:GetPublicAccessBlock": ["s3:GetBucketPublicAccessBlock"],
    "s3:PutPublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    "s3:GetBucketEncryption": ["s3:GetEncryptionConfiguration"],
    "s3:PutBucketEncryption": ["s3:PutEncryptionConfiguration"],
    "s3:GetBucketLifecycleConfiguration": ["s3:GetLifecycleConfiguration"],
    "s3:PutBucketLifecycleConfiguration": ["s3:PutLifecycleConfiguration"],
    "s3:GetBucketNotificationConfiguration": ["s3:GetBucketNotification"],
    "s3:PutBucketNotificationConfiguration": ["s3:PutBucketNotification"],
    # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    "lambda:Invoke": ["lambda:InvokeFunction"],
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    "dynamodb:TransactWriteItems": ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    **{
        f"monitoring:{operation}": [f"cloudwatch:{operation}"]
        for operation in (
            "DeleteAlarms",
            "DescribeAlarms",
            "GetMetricData",
            "ListMetrics",
            "ListTagsForResource",
            "PutMetricAlarm",
            "PutMetricData",
        )
    },
}

TAGGING = {
    "athena": "athena:TagResource",
    "dynamodb": "dynamodb:TagResource",
    "events": "events:TagResource",
    "firehose": "firehose:TagDeliveryStream",
    "glue": "glue:TagResource",
    "iam": "iam:TagRole",
    "kinesis": "kinesis:AddTagsToStream",
    "lambda": "lambda:TagResource",
    "logs": "logs:TagResource",
    "monitoring": "cloudwatch:TagResource",
    "pipes": "pipes:TagResource",
    "s3": "s3:TagResource",
    "sns": "sns:TagResource",
    "sqs": "sqs:TagQueue",
}
"""The action that the tags of a create call need, by service."""

RARELY_CALLED: dict[str, dict[str, tuple[str, str]]] = {
    "provisioning": {
        "athena:UpdateWorkGroup": ("provisioning", "UpdateWorkGroup"),
        "dynamodb:DescribeStream": ("provisioning", "DescribeStream"),
        "dynamodb:GetRecords": ("redrive", "get_records"),
        "dynamodb:GetShardIterator": ("redrive", "get_shard_iterator"),
        "dynamodb:ListStreams": ("redrive", "list_streams"),
        "firehose:UpdateDestination": ("provisioning", "UpdateDestination"),
        "glue:CreateSecurityConfiguration": ("provisioning", "CreateSecurityConfiguration"),
        "glue:GetSecurityConfiguration": ("provisioning", "GetSecurityConfiguration"),
        "glue:DeleteSecurityConfiguration": ("provisioning", "DeleteSecurityConfiguration"),
        "glue:StopCrawler": ("provisioning", "StopCrawler"),
        "glue:UpdateCrawler": ("provisioning", "UpdateCrawler"),
        "glue:UpdateDatabase": ("provisioning", "UpdateDatabase"),
        "glue:UpdateJob": ("provisioning", "UpdateJob"),
        "iam:DetachRolePolicy": ("provisioning", "DetachRolePolicy"),
        "iam:UpdateAssumeRolePolicy": ("provisioning", "UpdateAssumeRolePolicy"),
        "iam:UpdateRole": ("provisioning", "UpdateRole"),
        "kinesis:GetRecords": ("provisioning", "GetRecords"),
        "kinesis:GetShardIterator": ("provisioning", "GetShardIterator"),
        "kinesis:ListShards": ("provisioning", "ListShards"),
        "kinesis:UpdateStreamMode": ("provisioning", "UpdateStreamMode"),
        "lambda:InvokeFunction": ("redrive", "Invoke"),
        "lambda:ListTags": ("provisioning", "ListTags"),
        "lambda:UpdateFunctionCode": ("provisioning", "UpdateFunctionCode"),
        "lambda:UpdateFunctionConfiguration": ("provisioning", "UpdateFunctionConfiguration"),
        "logs:AssociateKmsKey": ("provisioning", "AssociateKmsKey"),
        "logs:DisassociateKmsKey": ("provisioning", "DisassociateKmsKey"),
        "pipes:StopPipe": ("provisioning", "StopPipe"),
        "pipes:UpdatePipe": ("provisioning", "UpdatePipe"),
        "s3:PutBucketNotification": ("provisioning", "bucket_notification_configuration"),
        "s3:PutBucketPublicAccessBlock": ("provisioning", "PublicAccessBlock"),
        "s3:PutBucketTagging": ("provisioning", "PutBucketTagging"),
        "sns:SetTopicAttributes": ("provisioning", "SetTopicAttributes"),
        "sqs:SetQueueAttributes": ("provisioning", "SetQueueAttributes"),
    },
    "verifying": {
        "dynamodb:DescribeStream": ("provisioning", "DescribeStream"),
        "dynamodb:GetRecords": ("redrive", "get_records"),
        "dynamodb:GetShardIterator": ("redrive", "get_shard_iterator"),
        "dynamodb:ListStreams": ("redrive", "list_streams"),
        "lambda:InvokeFunction": ("redrive", "Invoke"),
        "glue:GetSecurityConfiguration": ("provisioning", "GetSecurityConfiguration"),
        "glue:GetTable": ("provisioning", "GetTable"),
        "kinesis:GetRecords": ("provisioning", "GetRecords"),
        "kinesis:GetShardIterator": ("provisioning", "GetShardIterator"),
        "kinesis:ListShards": ("provisioning", "ListShards"),
        "lambda:ListTags": ("provisioning", "ListTags"),
    },
    "operating": {
        "glue:UpdateCrawler": ("batch", "UpdateCrawler"),
        "athena:StopQueryExecution": ("aws", "StopQueryExecution"),
        "dynamodb:BatchGetItem": ("aws", "BatchGetItem"),
        "dynamodb:GetRecords": ("aws", "GetRecords"),
        "dynamodb:GetShardIterator": ("aws", "GetShardIterator"),
        "glue:BatchCreatePartition": ("batch", "BatchCreatePartition"),
        "glue:BatchUpdatePartition": ("batch", "BatchUpdatePartition"),
        "glue:DeleteTable": ("batch", "DeleteTable"),
        "kinesis:GetRecords": ("drill", "GetRecords"),
        "kinesis:GetShardIterator": ("drill", "GetShardIterator"),
        "kinesis:PutRecords": ("drill", "PutRecords"),
        "lambda:InvokeFunction": ("redrive", "Invoke"),
        "s3:DeleteObject": ("redrive", "DeleteObject"),
        "sqs:ChangeMessageVisibility": ("aws", "ChangeMessageVisibility"),
        "sqs:DeleteMessage": ("aws", "DeleteMessage"),
    },
}
"""By principal and action: the room whose code calls the operation that needs it, when something differs from its definition or has failed."""

GUIDE = "https://docs.aws.amazon.com"
GRANTS = f"{GUIDE}/amazondynamodb/latest/developerguide/encryption.usagenotes.html"
ENVIRONMENT = f"{GUIDE}/lambda/latest/dg/configuration-envvars-encryption.html"
ATHENA_CATALOG = f"{GUIDE}/athena/latest/ug/fine-grained-access-to-glue-resources.html"
ATHENA_RESULTS = f"{GUIDE}/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html"
EXPORT = f"{GUIDE}/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html"
GLUE_EVENTS = f"{GUIDE}/glue/latest/dg/crawler-s3-event-notifications.html"
S3_KEY = f"{GUIDE}/AmazonS3/latest/userguide/UsingKMSEncryption.html"

STOPPED_JOB = "https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/glue.html"

NOT_CALLED_BY_US: dict[str, dict[str, str]] = {
    "provisioning": {
        "iam:PassRole": f"{GUIDE}/IAM/latest/UserGuide/id_roles_use_passrole.html",
        "kms:CreateGrant": GRANTS,
        "kms:DescribeKey": GRANTS,
        "kms:ReEncryptFrom": GRANTS,
        "kms:ReEncryptTo": GRANTS,
        "kms:Encrypt": ENVIRONMENT,
        "kms:Decrypt": S3_KEY,
        "kms:GenerateDataKey": S3_KEY,
    },
    "verifying": {"kms:Decrypt": ENVIRONMENT, "kms:GenerateDataKey": S3_KEY},
    "operating": {
        "glue:BatchGetPartition": ATHENA_CATALOG,
        "glue:GetPartition": ATHENA_CATALOG,
        "glue:GetPartitions": ATHENA_CATALOG,
        "glue:GetDatabase": ATHENA_CATALOG,
        "glue:CreateTable": ATHENA_CATALOG,
        "glue:UpdateTable": ATHENA_CATALOG,
        "glue:BatchStopJobRun": STOPPED_JOB,
        "kms:Decrypt": S3_KEY,
        "kms:GenerateDataKey": S3_KEY,
        "s3:AbortMultipartUpload": ATHENA_RESULTS,
        "s3:GetBucketLocation": ATHENA_RESULTS,
        "s3:ListBucketMultipartUploads": ATHENA_RESULTS,
        "s3:ListMultipartUploadParts": ATHENA_RESULTS,
        "s3:PutObjectAcl": EXPORT,
    },
}
"""By principal and action: the page which says that a service, or Airflow's operator, does this with its caller's permissions."""

GLUE_LOGS = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
GLUE_ROLE = f"{GUIDE}/aws-managed-policy/latest/reference/AWSGlueServiceRole.html"
GLUE_ENCRYPTION = f"{GUIDE}/glue/latest/dg/set-up-encryption.html"
PIPES = f"{GUIDE}/eventbridge/latest/userguide/eb-pipes-permissions.html"
FIREHOSE = f"{GUIDE}/firehose/latest/dev/controlling-access.html"

ASKED_OF_ROLES: dict[str, list[tuple[str, set[str]]]] = {
    "pipe": [
        (PIPES, {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}),
        (PIPES, {"kinesis:PutRecords", "sqs:SendMessage"}),
        (f"{GUIDE}/streams/latest/dev/permissions-user-key-KMS.html", {"kms:GenerateDataKey"}),
        (f"{GUIDE}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html", {"kms:Decrypt"}),
    ],
    "delivery": [
        (FIREHOSE, {"s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject"}),
        (FIREHOSE, {"kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"}),
        (FIREHOSE, {"kms:Decrypt", "kms:GenerateDataKey", "logs:PutLogEvents"}),
        (FIREHOSE, {"lambda:InvokeFunction", "lambda:GetFunctionConfiguration"}),
    ],
    "transformer": [
        (f"{GUIDE}/lambda/latest/dg/lambda-intro-execution-role.html", {"logs:CreateLogStream", "logs:PutLogEvents"}),
        (ENVIRONMENT, {"kms:Decrypt"}),
    ],
    "crawler": [
        (f"{GUIDE}/glue/latest/dg/crawler-prereqs.html", {"s3:GetObject"}),
        (GLUE_ROLE, {"s3:GetBucketLocation", "s3:ListBucket", *GLUE_LOGS}),
        (GLUE_ROLE, {"glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable"}),
        (GLUE_ROLE, {"glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition", "glue:BatchUpdatePartition"}),
        (GLUE_ENCRYPTION, {"logs:AssociateKmsKey", "kms:Decrypt"}),
        (GLUE_EVENTS, {"sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues", "sqs:ReceiveMessage"}),
        (GLUE_EVENTS, {"sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:SetQueueAttributes", "sqs:PurgeQueue"}),
    ],
    "job": [
        (GLUE_ROLE, {"s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", *GLUE_LOGS}),
        ("https://iceberg.apache.org/docs/latest/aws/#glue-catalog", {"glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"}),
        (GLUE_ENCRYPTION, {"logs:AssociateKmsKey", "kms:Decrypt", "kms:GenerateDataKey"}),
    ],
}  # fmt: skip
"""By role: the pages that say what the service asks of it, with the actions.

Of AWS's own role for Glue ours leave out what a crawler and a job within S3 do not use: every other action of Glue, network
interfaces, reading IAM, listing all buckets, and metrics, which the job does not publish.
"""
