"""A run's folder in the bucket's ledger: documents by name, and what refuses them."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import explained
from sales_cdc.contract import bucket_keys

_quoted = json.encoder.encode_basestring_ascii


class ForeignPlanError(ValueError):
    """The run's folder holds the plan of another run or of other parameters; a run's plan never changes."""


class LedgerFolder:
    """The folder of one run, through an S3 client; ``now`` returns the time as ISO-8601 UTC text.

    Every method raises CallRefusedError when the bucket is missing, denied, or does not answer.
    Source: Amazon S3 API Reference, *PutObject*, *GetObject*.
    """

    RUNS: ClassVar[str]
    """Under which the folders of all runs of a kind are."""

    def __init__(self, client: Any, bucket: str, run_id: str, now: Callable[[], str]) -> None:
        self._client = client
        self._bucket = bucket
        self._now = now
        self.run_id = run_id
        self.prefix = bucket_keys.folder_of(self.RUNS, run_id)

    @property
    def uri(self) -> str:
        return f"s3://{self._bucket}/{self.prefix}"

    def _own_header(self) -> dict[str, Any] | None:
        """``run.json``; None when there is none.

        Raises:
            ForeignPlanError: another run's id gives the same folder.
        """
        header = self._get("run.json")
        if header is not None and header["run_id"] != self.run_id:
            raise ForeignPlanError(
                f"{self.uri} belongs to the run '{header['run_id']}', not to '{self.run_id}': choose a run id that differs "
                "in letters or digits. Nothing was written."
            )
        return header

    def _get(self, name: str) -> dict[str, Any] | None:
        """A document, its numbers exact; None when there is none."""
        try:
            document: dict[str, Any] = json.loads(self._body(f"{self.prefix}{name}"), parse_float=Decimal)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        return document

    def _body(self, key: str) -> bytes:
        with explained("read the ledger in the bucket", self._bucket):
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return body

    def _put(self, name: str, text: str, **conditions: str) -> None:
        with explained("write the ledger in the bucket", self._bucket):
            self._client.put_object(
                Bucket=self._bucket,
                Key=f"{self.prefix}{name}",
                Body=text.encode(),
                ContentType="application/json",
                **conditions,
            )


def json_line(document: Mapping[str, Any]) -> str:
    """One line of JSON in which a Decimal is a number with all of its digits."""
    return f"{_json(document)}\n"


def _json(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_quoted(name)}: {_json(held)}" for name, held in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)
