"""Uploads the code that AWS runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException

from sales_cdc.aws.explained import explained
from sales_cdc.dag_page.links import ObjectLink
from sales_cdc.provisioning.packaging import sha256, zipped
from sales_cdc.provisioning.resources.s3 import ObjectHook


class UploadArtifactOperator(AwsBaseOperator[ObjectHook]):
    """One file of this project as an object, uploaded only when its content differs from what is there.

    Args:
        path: the file.
        bucket, key: where it goes; a key that ends in ``.zip`` gets the file as a Lambda deployment package.

    Returns:
        ``name`` and ``arn`` of the object, ``action``, and the content's base64 ``sha256``.

    Raises:
        AirflowFailException: there is no such file.
        ResourceError: S3 refused.
    """

    aws_hook_class = ObjectHook
    template_fields = aws_template_fields("bucket", "key")
    operator_extra_links = (ObjectLink(),)

    def __init__(self, *, path: Path, bucket: str, key: str, **kwargs: Any) -> None:
        super().__init__(multiple_outputs=True, **kwargs)
        self.path = path
        self.bucket = bucket
        self.key = key

    def execute(self, context: Any) -> dict[str, str]:
        content = self._content()
        digest = sha256(content)
        with explained(f"Could not upload {self.path.name} to s3://{self.bucket}/{self.key}"):
            found = self.hook.sha256(self.bucket, self.key)
            if found != digest:
                self.hook.put(self.bucket, self.key, content, digest)
        self.written_uri = f"s3://{self.bucket}/{self.key}"
        action = "unchanged" if found == digest else "created" if found is None else "updated"
        arn = f"arn:{self.hook.conn_partition}:s3:::{self.bucket}/{self.key}"
        return {"name": self.key, "arn": arn, "action": action, "sha256": digest}

    def _content(self) -> bytes:
        try:
            source = self.path.read_bytes()
        except FileNotFoundError as error:
            raise AirflowFailException(
                f"Could not upload {self.path.name}: there is no file {self.path}. Deploy the project's folder include/ "
                "beside dags/."
            ) from error
        return zipped(self.path.name, source) if self.key.endswith(".zip") else source
