"""Ask for the permissions that Glue needs of a role for a place in S3, before a crawl or a job run uses it.

AWS's own policy for Glue's roles lets them read a bucket's location and list it. Hadoop's file systems and Glue list a folder with its
closing slash and without it, so a policy by ``s3:prefix`` has to allow both ``raw/orders`` and ``raw/orders/``. When AWS asks for
which is not documented: the local cloud asks for all of it at the start, so that what passes here passes there. Sources:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html (s3:prefix)
"""

from __future__ import annotations

from typing import Any

DENIALS = frozenset({"AccessDenied", "403"})


def check_access(s3: Any, bucket: str, prefix: str) -> None:
    """Look at the bucket, and list the prefix without and with its closing slash.

    Args:
        s3: a client that acts as the role.
        bucket: the bucket's name.
        prefix: a folder, or an object; empty for the whole bucket.

    Raises:
        botocore.exceptions.ClientError: the bucket is missing, or the role may not do one of these.
    """
    s3.get_bucket_location(Bucket=bucket)
    for each in dict.fromkeys((prefix.rstrip("/"), prefix)):
        s3.list_objects_v2(Bucket=bucket, Prefix=each, MaxKeys=1)
