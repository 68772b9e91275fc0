"""Grant Airflow's own principal what it needs to provision and to operate; pure functions of the topology.

The principal that runs setup and teardown may create and remove only what carries this deployment's names. The one that runs the
other DAGs may create and remove no resource. Each document fits a managed policy (6,144 characters).
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from __future__ import annotations

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.topology import ENTITY, SERVICES, Topology
from sales_cdc.provisioning.policies import PRINCIPALS, Document, allow, document, through_key
from sales_cdc.provisioning.stack_policy import verifying
from sales_cdc.provisioning.watch_policies import heartbeat, watching


def provisioning(topology: Topology) -> Document:
    """Allow what ``sales_cdc_setup`` and ``sales_cdc_teardown`` do to roles, the flow of changes, and its queues.

    The same principal needs ``provisioning_lake``: the two would be too long as one document.
    """
    return document(*_roles(topology), *_flow(topology))


def provisioning_lake(topology: Topology) -> Document:
    """Allow what ``sales_cdc_setup`` and ``sales_cdc_teardown`` do to bucket, catalog, crawler, job and work group, and to alarms."""
    return document(*_bucket(topology), *_glue(topology), _workgroup(topology), *watching(topology))


def encrypting(topology: Topology) -> Document:
    """Allow what setup and teardown do with a customer managed key.

    It is a document of its own, because ``provisioning`` would be too long with it. DynamoDB and Lambda keep a grant that their
    caller gives them. The probe order is written, carried and read under the key. Sources:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html,
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html,
    https://docs.aws.amazon.com/glue/latest/dg/console-security-configurations.html
    """
    used = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "CreateGrant"]
    logs = [topology.transformer_log.arn, topology.delivery_log.arn]
    configuration = [f"glue:{verb}SecurityConfiguration" for verb in ("Create", "Get", "Delete")]
    return document(
        allow(["kms:DescribeKey"], str(topology.settings.kms_key_arn)),
        *through_key(topology, used, ["dynamodb", "kinesis", "lambda", "s3"]),
        allow(["logs:AssociateKmsKey", "logs:DisassociateKmsKey"], *logs),
        allow(configuration, "*"),  # the actions take no resource
    )


def documents(topology: Topology) -> dict[str, Document]:
    """Return the documents of this deployment, by name; whoever runs setup needs little when a stack makes the resources.

    Example::

        documents(topology)["operating"]["Statement"]
    """
    if topology.settings.is_of_a_stack:
        made = (provisioning(topology), provisioning_lake(topology))
        return {"provisioning": verifying(topology, *made), "operating": operating(topology)}
    found = {
        "provisioning": provisioning(topology),
        "provisioning-lake": provisioning_lake(topology),
        "operating": operating(topology),
    }
    return found | ({"encrypting": encrypting(topology)} if topology.settings.kms_key_arn else {})


def operating(topology: Topology) -> Document:
    """Allow what every other DAG does, and queries in the pipeline's work group."""
    key = through_key(topology, ["GenerateDataKey", "Decrypt"], ["dynamodb", "kinesis", "s3", "sqs"])
    return document(*_orders(topology), *_landing_zone(topology), *_queries(topology), *_repairs(topology), *key)


# To provision


def _roles(topology: Topology) -> list[Document]:
    roles = [topology.role(SERVICES[0]).arn.replace(f"-{SERVICES[0]}-", "-*-")]
    made = ["CreateRole", "TagRole", "GetRole", "UpdateRole", "UpdateAssumeRolePolicy", "DeleteRole"]
    inline = ["GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "ListRolePolicies"]
    attached = ["ListAttachedRolePolicies", "DetachRolePolicy"]
    passed = {"StringEquals": {"iam:PassedToService": sorted(set(PRINCIPALS.values()))}}
    return [
        allow([f"iam:{action}" for action in [*made, *inline, *attached]], *roles),
        {**allow(["iam:PassRole"], *roles), "Condition": passed},
    ]


def _bucket(topology: Topology) -> list[Document]:
    """Allow the bucket with its sub-resources and objects; the tags of ``CreateBucket`` need ``s3:TagResource``.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    """
    parts = ["BucketTagging", "BucketPublicAccessBlock", "EncryptionConfiguration", "BucketVersioning"]
    parts += ["LifecycleConfiguration", "BucketPolicy", "BucketNotification"]
    on_bucket = ["CreateBucket", "TagResource", "DeleteBucket", "ListBucket", "ListBucketVersions"]
    on_bucket += [f"{verb}{part}" for verb in ("Get", "Put") for part in parts]
    on_objects = ["GetObject", "PutObject", "DeleteObject", "DeleteObjectVersion"]
    return [
        allow([f"s3:{action}" for action in on_bucket], topology.bucket.arn),
        allow([f"s3:{action}" for action in on_objects], f"{topology.bucket.arn}/*"),
    ]


def _glue(topology: Topology) -> list[Document]:
    """Allow the catalog's database, crawler and job.

    ``DeleteDatabase`` is checked on the database's tables and functions as well. The actions on all resources take none.
    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
    """
    verbs = ("Get", "Update", "Delete")
    crawler, job = ([f"{verb}{kind}" for verb in verbs] for kind in ("Crawler", "Job"))
    database = topology.database.arn
    within = [f"{database.replace(':database/', f':{kind}/')}/*" for kind in ("table", "userDefinedFunction")]
    unbound = ["CreateCrawler", "CreateClassifier", "GetClassifier", "DeleteClassifier"]
    statements = [
        (["CreateDatabase", "GetDatabase", "UpdateDatabase"], [_catalog(topology), database]),
        (["DeleteDatabase"], [_catalog(topology), database, *within]),
        (["GetTable"], [_catalog(topology), database, within[0]]),
        ([*crawler, "StopCrawler"], [topology.crawler.arn]),
        (["CreateJob", *job], [topology.job.arn]),
        (["TagResource"], [database, topology.crawler.arn, topology.job.arn]),
        (["GetTags"], [topology.crawler.arn, topology.job.arn]),
        (unbound, ["*"]),
    ]
    return [allow([f"glue:{action}" for action in actions], *on) for actions, on in statements]


def _workgroup(topology: Topology) -> Document:
    actions = [f"{verb}WorkGroup" for verb in ("Create", "Get", "Update", "Delete")]
    return allow(
        [f"athena:{action}" for action in [*actions, "TagResource", "ListTagsForResource"]], topology.workgroup.arn
    )


FLOW_ACTIONS = {
    "dynamodb": ("CreateTable", "TagResource", "DescribeTable", "UpdateTable", "DeleteTable", "ListTagsOfResource",
                 "DescribeContinuousBackups", "UpdateContinuousBackups", "PutItem", "DeleteItem"),
    "kinesis": ("CreateStream", "AddTagsToStream", "DescribeStreamSummary", "ListTagsForStream", "DeleteStream",
                "ListShards", "GetShardIterator", "GetRecords"),
    "firehose": ("CreateDeliveryStream", "TagDeliveryStream", "DescribeDeliveryStream", "ListTagsForDeliveryStream",
                 "UpdateDestination", "DeleteDeliveryStream"),
    "lambda": ("CreateFunction", "TagResource", "ListTags", "GetFunction", "GetFunctionConfiguration",
               "UpdateFunctionCode", "UpdateFunctionConfiguration", "DeleteFunction", "InvokeFunction"),
    "sqs": ("CreateQueue", "TagQueue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "ListQueueTags",
            "DeleteQueue"),
    "events": ("PutRule", "TagResource", "DescribeRule", "ListTagsForResource", "PutTargets", "ListTargetsByRule",
               "RemoveTargets", "DeleteRule"),
    "pipes": ("CreatePipe", "TagResource", "DescribePipe", "UpdatePipe", "StopPipe", "DeletePipe"),
    "logs": ("CreateLogGroup", "TagResource", "DescribeLogStreams", "PutRetentionPolicy", "ListTagsForResource",
             "DeleteLogGroup"),
}  # fmt: skip


ADOPTING_ACTIONS = ("DescribeTable", "UpdateTable", "PutItem", "DeleteItem")
"""On an adopted table: its stream is enabled, and a probe written, only where the Params of setup say so."""


def _flow(topology: Topology) -> list[Document]:
    """Allow each service's actions on this deployment's resources.

    ``StartStreamEncryption`` is checked on the key as well, also on the account's own of Kinesis. The actions on all resources take
    none. Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html
    """
    logs = (topology.transformer_log.arn, topology.delivery_log.arn)
    key = topology.settings.kms_key_arn or topology.table.arn.replace(":dynamodb:", ":kms:").replace(
        f"table/{topology.table.name}", "key/*"
    )
    resources = {
        "dynamodb": [topology.table.arn],
        "kinesis": [topology.stream.arn],
        "firehose": [topology.delivery.arn],
        "lambda": [topology.transformer.arn],
        "sqs": [topology.dead_letter_queue.arn, topology.arrivals_queue.arn, topology.raw_events_queue.arn],
        "events": [topology.arrivals_rule.arn],
        "pipes": [topology.pipe.arn],
        "logs": [arn for log in logs for arn in (log, f"{log}:*")],
    }
    actions = {**FLOW_ACTIONS, **({"dynamodb": ADOPTING_ACTIONS} if topology.adopts_table else {})}
    return [
        *(allow([f"{service}:{action}" for action in actions[service]], *on) for service, on in resources.items()),
        allow(
            [f"dynamodb:{each}" for each in ("DescribeStream", "GetShardIterator", "GetRecords")],
            f"{topology.table.arn}/stream/*",
        ),
        allow(["kinesis:StartStreamEncryption"], topology.stream.arn, key),
        allow(["logs:CreateLogStream"], f"{topology.delivery_log.arn}:log-stream:*"),
        allow(["logs:DescribeLogGroups", "kinesis:UpdateStreamMode", "dynamodb:ListStreams"], "*"),
    ]


# To operate


def _orders(topology: Topology) -> list[Document]:
    """Allow reading and writing orders; a transaction needs the permission of each write in it."""
    items = ["Scan", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "DescribeTable"]
    items += ["ExportTableToPointInTime"]
    exports = f"{topology.bucket.arn}/{bucket_keys.EXPORTS_PREFIX}*"
    return [
        allow([f"dynamodb:{action}" for action in items], topology.table.arn),
        allow(["dynamodb:DescribeExport"], f"{topology.table.arn}/export/*"),
        allow(["s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"], exports),  # DynamoDB writes as its caller
    ]


def _landing_zone(topology: Topology) -> list[Document]:
    writable = (bucket_keys.LEDGER_PREFIX, bucket_keys.RAW_PREFIX, bucket_keys.ERRORS_PREFIX)
    return [
        allow(
            ["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketNotification", "s3:ListBucketMultipartUploads"],
            topology.bucket.arn,
        ),
        allow(["s3:GetObject"], f"{topology.bucket.arn}/*"),
        allow(["s3:PutObject"], *(f"{topology.bucket.arn}/{prefix}*" for prefix in writable)),
        allow(
            ["s3:DeleteObject"],
            *(
                f"{topology.bucket.arn}/{prefix}*"
                for prefix in (bucket_keys.ERRORS_PREFIX, bucket_keys.UNCHECKED, bucket_keys.EXCHANGES)
            ),
        ),
    ]


def _queries(topology: Topology) -> list[Document]:
    """Allow queries: Athena uses its caller's permissions on the catalog, the results and the tables' files.

    Its DDL asks for the catalog's database ``default``, whatever database it names. Sources:
    https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html,
    https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
    """
    athena = ["StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup"]
    tables = [
        "GetTable",
        "GetTables",
        "GetPartitions",
        "GetPartition",
        "BatchGetPartition",
        "BatchCreatePartition",
        "BatchUpdatePartition",
        "CreateTable",
        "UpdateTable",
    ]
    crawl = ["StartCrawler", "GetCrawler", "UpdateCrawler"]
    run = ["StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun", "GetJob"]
    removed = [
        f"{topology.RAW_TABLE_PREFIX}*",
        f"{ENTITY}_rebuild_*",
        f"{ENTITY}_old_*",
    ]  # of foreign objects; of a rebuild
    files = [
        f"{topology.bucket.arn}/{prefix}*" for prefix in (bucket_keys.CURATED_PREFIX, bucket_keys.ATHENA_RESULTS_PREFIX)
    ]
    catalog, database = _catalog(topology), topology.database.arn
    within = f"{database.replace(':database/', ':table/')}/*"
    default = database.replace(f":database/{topology.database.name}", ":database/default")
    return [
        allow([f"athena:{action}" for action in athena], topology.workgroup.arn),
        allow(["glue:GetDatabase"], catalog, database, default),
        allow([f"glue:{action}" for action in tables], catalog, database, within),
        allow(["glue:DeleteTable"], catalog, database, *(f"{within.removesuffix('*')}{name}" for name in removed)),
        allow([f"glue:{action}" for action in crawl], topology.crawler.arn),
        allow([f"glue:{action}" for action in run], topology.job.arn),
        allow(["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:DeleteObject"], *files),
    ]


def _repairs(topology: Topology) -> list[Document]:
    """Allow redrive, probes and drill.

    The redrive reads the positions of dead letters and calls the transformer. Probes look at each hop. The drill adds copies.
    """
    letters = ["GetQueueUrl", "GetQueueAttributes", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"]
    positions = [f"dynamodb:{action}" for action in ("DescribeStream", "GetShardIterator", "GetRecords")]
    stream = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords", "PutRecords"]
    return [
        allow([f"sqs:{action}" for action in letters], topology.dead_letter_queue.arn, topology.arrivals_queue.arn),
        allow(positions, f"{topology.table.arn}/stream/*"),
        allow(["lambda:InvokeFunction"], topology.transformer.arn),
        allow([f"kinesis:{action}" for action in stream], topology.stream.arn),
        allow(["firehose:DescribeDeliveryStream"], topology.delivery.arn),
        allow(["pipes:DescribePipe"], topology.pipe.arn),
        allow(["events:DescribeRule"], topology.arrivals_rule.arn),
        allow(["cloudwatch:GetMetricData", "glue:GetCrawlerMetrics"], "*"),  # they take no resource
        allow(["cloudwatch:DescribeAlarms"], topology.every_alarm),
        heartbeat(),
        *([allow(["sns:Publish"], topology.alerts_topic.arn)] if topology.settings.on_failure == "sns" else []),
    ]


def _catalog(topology: Topology) -> str:
    return topology.database.arn.replace(f":database/{topology.database.name}", ":catalog")
