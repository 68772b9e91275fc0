"""Say of each object of S3 that it is encrypted by S3's own keys, where neither its request nor its bucket asks for another way.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html ("Amazon S3 now applies server-side encryption with
Amazon S3 managed keys (SSE-S3) as the base level of encryption for every bucket"; the status is in the response's header).
"""

from __future__ import annotations

from typing import Any

from local_cloud.emulator.seams import require


def patch_default_encryption(s3: Any) -> None:
    """Extend what ``ministack.services.s3`` keeps of an object that is written.

    Raises:
        SeamMovedError: MiniStack lacks the function.
    """
    require(s3, "_bucket_default_sse_headers")
    of_bucket = s3._bucket_default_sse_headers

    def headers(bucket_name: str) -> dict[str, str]:
        found: dict[str, str] = of_bucket(bucket_name)
        return found or {"x-amz-server-side-encryption": "AES256"}

    s3._bucket_default_sse_headers = headers
