"""Requests for S3 that nobody signed.

PyAthena's ``test_error_translation_permission_error`` shows what AWS answers:
https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/filesystem/test_s3.py
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration


def test_an_unsigned_request_needs_a_policy_that_allows_everybody(cloud: Any, prefix: str) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=prefix)
    s3.put_object(Bucket=prefix, Key="a/b.txt", Body=b"x")
    nobody = boto3.client(
        "s3", endpoint_url=cloud.endpoint, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    for call in (nobody.head_object, nobody.get_object):
        with pytest.raises(ClientError) as refused:
            call(Bucket=prefix, Key="a/b.txt")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with pytest.raises(ClientError, match="AccessDenied"):
        nobody.put_object(Bucket=prefix, Key="a/c.txt", Body=b"")
    everybody = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{prefix}/a/*",
    }  # fmt: skip
    s3.delete_public_access_block(Bucket=prefix)
    s3.put_bucket_policy(Bucket=prefix, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    assert nobody.get_object(Bucket=prefix, Key="a/b.txt")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="AccessDenied"):
        nobody.list_objects_v2(Bucket=prefix)


def test_a_signed_link_and_a_signed_form_need_no_other_signature(cloud: Any, prefix: str) -> None:
    """AWS: Download and upload objects with presigned URLs; POST Object.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
    """
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=prefix)
    form = s3.generate_presigned_post(prefix, "k")
    fields = {**form["fields"], "file": ("k", b"x")}
    assert urllib3.request("POST", form["url"], fields=fields, retries=False).status == 204
    link = s3.generate_presigned_url("get_object", {"Bucket": prefix, "Key": "k"})
    assert urllib3.request("GET", link, retries=False).data == b"x"
