"""Split locations in S3."""

from __future__ import annotations


def split_location(location: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``."""
    bucket, _, key = location.removeprefix("s3://").removeprefix("s3a://").removeprefix("s3n://").partition("/")
    return bucket, key
