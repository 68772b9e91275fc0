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
    "monitoring:GetMetricData": ["cloudwatch:GetMetricData"],
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
    "pipes": "pipes:TagResource",
    "s3": "s3:TagResource",
    "sqs": "sqs:TagQueue",
}
"""The action that the tags of a create call need, by service."""

RESOURCES = "provisioning/resources"
RARELY_CALLED: dict[str, dict[str, tuple[str, str]]] = {
    "provisioning": {
        "athena:UpdateWorkGroup": (f"{RESOURCES}/workgroup.py", "UpdateWorkGroup"),
        "dynamodb:DescribeStream": (f"{RESOURCES}/table_stream.py", "DescribeStream"),
        "firehose:UpdateDestination": (f"{RESOURCES}/delivery_stream.py", "UpdateDestination"),
        "glue:CreateSecurityConfiguration": (f"{RESOURCES}/security_configuration.py", "CreateSecurityConfiguration"),
        "glue:GetSecurityConfiguration": (f"{RESOURCES}/security_configuration.py", "GetSecurityConfiguration"),
        "glue:DeleteSecurityConfiguration": (f"{RESOURCES}/security_configuration.py", "DeleteSecurityConfiguration"),
        "glue:StopCrawler": (f"{RESOURCES}/crawler.py", "StopCrawler"),
        "glue:UpdateCrawler": (f"{RESOURCES}/crawler.py", "UpdateCrawler"),
        "glue:UpdateDatabase": (f"{RESOURCES}/database.py", "UpdateDatabase"),
        "glue:UpdateJob": (f"{RESOURCES}/job.py", "UpdateJob"),
        "iam:DetachRolePolicy": (f"{RESOURCES}/role.py", "DetachRolePolicy"),
        "iam:UpdateAssumeRolePolicy": (f"{RESOURCES}/role.py", "UpdateAssumeRolePolicy"),
        "iam:UpdateRole": (f"{RESOURCES}/role.py", "UpdateRole"),
        "kinesis:GetRecords": (f"{RESOURCES}/stream.py", "GetRecords"),
        "kinesis:GetShardIterator": (f"{RESOURCES}/stream.py", "GetShardIterator"),
        "kinesis:ListShards": (f"{RESOURCES}/stream.py", "ListShards"),
        "kinesis:UpdateStreamMode": (f"{RESOURCES}/stream.py", "UpdateStreamMode"),
        "lambda:ListTags": (f"{RESOURCES}/function.py", "ListTags"),
        "lambda:UpdateFunctionCode": (f"{RESOURCES}/function.py", "UpdateFunctionCode"),
        "lambda:UpdateFunctionConfiguration": (f"{RESOURCES}/function.py", "UpdateFunctionConfiguration"),
        "logs:AssociateKmsKey": (f"{RESOURCES}/log_group.py", "AssociateKmsKey"),
        "logs:DisassociateKmsKey": (f"{RESOURCES}/log_group.py", "DisassociateKmsKey"),
        "pipes:UpdatePipe": (f"{RESOURCES}/pipe.py", "UpdatePipe"),
        "s3:PutBucketPublicAccessBlock": (f"{RESOURCES}/bucket.py", "PublicAccessBlock"),
        "s3:PutBucketTagging": (f"{RESOURCES}/bucket.py", "PutBucketTagging"),
        "sqs:SetQueueAttributes": (f"{RESOURCES}/queue.py", "SetQueueAttributes"),
    },
    "operating": {
        "athena:StopQueryExecution": ("page/reads/lake_query.py", "StopQueryExecution"),
        "dynamodb:BatchGetItem": ("aws/orders_table.py", "BatchGetItem"),
        "dynamodb:GetRecords": ("aws/dead_letters.py", "GetRecords"),
        "dynamodb:GetShardIterator": ("aws/dead_letters.py", "GetShardIterator"),
        "kinesis:GetRecords": ("drill/operators.py", "GetRecords"),
        "kinesis:GetShardIterator": ("drill/operators.py", "GetShardIterator"),
        "kinesis:PutRecords": ("drill/operators.py", "PutRecords"),
        "lambda:InvokeFunction": ("redrive/transformer.py", "Invoke"),
        "s3:DeleteObject": ("redrive/error_zone.py", "DeleteObject"),
        "sqs:ChangeMessageVisibility": ("aws/dead_letters.py", "ChangeMessageVisibility"),
        "sqs:DeleteMessage": ("aws/dead_letters.py", "DeleteMessage"),
    },
}
"""By principal and action: the file and the operation that need it, when something differs from its definition or has failed."""

GUIDE = "https://docs.aws.amazon.com"
GRANTS = f"{GUIDE}/amazondynamodb/latest/developerguide/encryption.usagenotes.html"
ENVIRONMENT = f"{GUIDE}/lambda/latest/dg/configuration-envvars-encryption.html"
ATHENA_CATALOG = f"{GUIDE}/athena/latest/ug/fine-grained-access-to-glue-resources.html"
ATHENA_RESULTS = f"{GUIDE}/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html"
EXPORT = f"{GUIDE}/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html"
S3_KEY = f"{GUIDE}/AmazonS3/latest/userguide/UsingKMSEncryption.html"

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
    "operating": {
        "glue:BatchGetPartition": ATHENA_CATALOG,
        "glue:GetPartition": ATHENA_CATALOG,
        "glue:GetPartitions": ATHENA_CATALOG,
        "glue:GetDatabase": ATHENA_CATALOG,
        "glue:CreateTable": ATHENA_CATALOG,
        "glue:UpdateTable": ATHENA_CATALOG,
        "kms:Decrypt": S3_KEY,
        "kms:GenerateDataKey": S3_KEY,
        "s3:AbortMultipartUpload": ATHENA_RESULTS,
        "s3:GetBucketLocation": ATHENA_RESULTS,
        "s3:ListBucketMultipartUploads": ATHENA_RESULTS,
        "s3:ListMultipartUploadParts": ATHENA_RESULTS,
        "s3:PutObjectAcl": EXPORT,
    },
}
"""By principal and action: the page of AWS which says that a service does this with its caller's permissions."""

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
