"""Uploads the code that AWS runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.exceptions import ClientError

from sales_cdc.aws.task_errors import resource_errors
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.provisioning.packaging import Artifact, sha256
from sales_cdc.provisioning.patience import Patience, passes
from sales_cdc.provisioning.resources.objects import ObjectHook

NEW_BUCKET_SECONDS = 120


class UploadArtifactOperator(AwsBaseOperator[ObjectHook]):
    """Upload an artifact, only when its content differs from what is there.

    Args:
        artifact: its key and its files.
        bucket: where it goes.

    Returns:
        ``name`` and ``arn`` of the object, ``action``, and the content's base64 ``sha256``.

    Raises:
        AirflowFailException: a file is missing.
        ResourceError: S3 refused.
    """

    aws_hook_class = ObjectHook
    template_fields = aws_template_fields("bucket")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, artifact: Artifact, bucket: str, **kwargs: Any) -> None:
        super().__init__(multiple_outputs=True, **kwargs)
        self.artifact = artifact
        self.bucket = bucket

    def execute(self, context: Any) -> dict[str, str]:
        content, key = self._content(), self.artifact.key
        uri = f"s3://{self.bucket}/{key}"
        digest = sha256(content)
        with resource_errors(f"Could not upload {', '.join(self.artifact.files)} to {uri}"):
            found = self.hook.sha256(self.bucket, key)
            if found != digest:
                put = partial(self.hook.put, self.bucket, key, content, digest)
                Patience(NEW_BUCKET_SECONDS).outlast(put, _does_pass)
        self.written_uri = uri
        action = "unchanged" if found == digest else "created" if found is None else "updated"
        arn = f"arn:{self.hook.conn_partition}:s3:::{self.bucket}/{key}"
        return {"name": key, "arn": arn, "action": action, "sha256": digest}

    def _content(self) -> bytes:
        try:
            return self.artifact.content()
        except FileNotFoundError as error:
            missing = error.filename
            raise AirflowFailException(
                f"Could not upload {Path(missing).name}: there is no file {missing}. Deploy the project's folder include/ "
                "beside dags/."
            ) from error


def _does_pass(error: Exception) -> bool:
    """Return whether trying again may help; setup made the bucket a moment ago, so that it may be unknown to some of S3."""
    is_unknown = isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchBucket"
    return passes(error) or is_unknown
