"""Grant the principal of setup what it needs where a CloudFormation stack made the resources; pure functions of the topology."""

from __future__ import annotations

from sales_cdc.contract import bucket_keys
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.policies import Document, allow, document, through_key

READ_TO_CHANGE = {
    "iam:ListRolePolicies",
    "iam:ListAttachedRolePolicies",
    "s3:ListBucketVersions",
    "lambda:GetFunctionConfiguration",
}
"""The reads that only a change or a removal needs."""

WRITTEN = (bucket_keys.ARTIFACTS_PREFIX, bucket_keys.STREAMS, bucket_keys.RAW_PREFIX, bucket_keys.ERRORS_PREFIX)
"""The job's code; what a former stream of the table still held, and how far it is read."""


def verifying(topology: Topology, *full: Document) -> Document:
    """Allow what setup and teardown do to a stack's resources: read each, upload the job's code, send a probe order, deliver a former
    stream's changes.

    Nothing is created, changed, removed or passed.

    Args:
        full: the documents of a setup that makes the resources; the reads are theirs.
    """
    reads = [
        {**statement, "Action": actions}
        for each in full
        for statement in each["Statement"]
        if (actions := [action for action in statement["Action"] if _verifies(action)])
    ]
    key = through_key(topology, ["Decrypt", "GenerateDataKey"], ["dynamodb", "kinesis", "lambda", "s3"])
    return document(
        *reads,
        allow(["dynamodb:PutItem", "dynamodb:DeleteItem"], topology.table.arn),
        allow(["s3:PutObject"], *(f"{topology.bucket.arn}/{prefix}*" for prefix in WRITTEN)),
        allow(["lambda:InvokeFunction"], topology.transformer.arn),
        *([*key, allow(["glue:GetSecurityConfiguration"], "*")] if key else []),
    )


def _verifies(action: str) -> bool:
    return action.partition(":")[2].startswith(("Get", "List", "Describe")) and action not in READ_TO_CHANGE
