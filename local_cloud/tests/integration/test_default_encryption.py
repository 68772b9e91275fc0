"""Objects of S3 whose requests say nothing of encryption.

awswrangler's ``test_csv_additional_kwargs`` and ``test_copy_additional_kwargs`` show what AWS answers:
https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_s3_text.py
"""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.integration


def test_an_object_says_that_s3_encrypts_it(cloud: Any, prefix: str) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=prefix)
    assert s3.put_object(Bucket=prefix, Key="put", Body=b"x")["ServerSideEncryption"] == "AES256"
    s3.copy_object(Bucket=prefix, Key="copied", CopySource={"Bucket": prefix, "Key": "put"})
    upload = {"Bucket": prefix, "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"ETag": s3.upload_part(**upload, PartNumber=1, Body=b"y")["ETag"], "PartNumber": 1}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    for key in ("put", "copied", "parts"):
        assert s3.head_object(Bucket=prefix, Key=key)["ServerSideEncryption"] == "AES256"
        assert s3.get_object(Bucket=prefix, Key=key)["ServerSideEncryption"] == "AES256"


def test_a_bucket_or_a_request_that_names_another_way_has_it(cloud: Any, prefix: str) -> None:
    s3, key = cloud.client("s3"), cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=prefix)
    s3.put_object(Bucket=prefix, Key="asked", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=prefix, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=prefix, Key="default", Body=b"x")
    for name in ("asked", "default"):
        found = s3.head_object(Bucket=prefix, Key=name)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
