"""ExportTableToPointInTime: write the objects of an export to the bucket, which MiniStack does not do.

The export holds the table as it was at the time of the request; MiniStack keeps no earlier states. Objects are written with
the caller's own permissions, as on AWS. Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.emulator.seams import require
from local_cloud.wire import Answer, Handler

ITEMS_A_FILE = 50_000
Keys = Mapping[str, Any] | None
S3ClientOf = Callable[[Keys], Any]
KeysOf = Callable[[Mapping[str, str], Mapping[str, Any]], Keys]
_encode = msgspec.json.Encoder().encode


class Exports:
    """Make the exports that MiniStack accepts.

    Args:
        dynamodb: ``ministack.services.dynamodb``.
        keys_of: returns the caller's credentials, from a request's headers and query; raises PermissionError.
        s3_of: returns an S3 client with these credentials.

    Raises:
        SeamMovedError: MiniStack lacks a name that this needs.
    """

    def __init__(self, dynamodb: Any, keys_of: KeysOf, s3_of: S3ClientOf) -> None:
        require(
            dynamodb, "_tables", "_exports", "_pitr_settings", "_table_name_from_arn", "_EXPORT_COMPLETE_AFTER_SEC"
        )  # fmt: skip
        self._dynamodb, self._keys_of, self._s3_of = dynamodb, keys_of, s3_of
        self._running: dict[str, asyncio.Task[None]] = {}
        dynamodb._EXPORT_COMPLETE_AFTER_SEC = math.inf  # time alone completes no export

    def around(self, handler: Handler) -> Handler:
        """Return the handler with exports: it starts them, and reports those that a stop interrupted as failed."""

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            if action in {"DescribeExport", "ListExports"}:
                self._fail_interrupted()
            if action != "ExportTableToPointInTime":
                return await handler(method, path, headers, body, query)
            request = json.loads(body)
            if refusal := self._refusal(request):
                return refusal
            answer = await handler(method, path, headers, body, query)
            if answer[0] == 200:
                self._start(json.loads(answer[2])["ExportDescription"]["ExportArn"], self._keys_of(headers, query))
            return answer

        return handle

    def _refusal(self, request: Mapping[str, Any]) -> Answer | None:
        name = self._dynamodb._table_name_from_arn(request.get("TableArn") or "")
        if name in self._dynamodb._tables and not self._dynamodb._pitr_settings.get(name):
            message = f"Point in time recovery is not enabled for table '{name}'"
            return _error("PointInTimeRecoveryUnavailableException", message)
        if "ExportTime" in request:
            return _error(
                "InvalidExportTimeException", "The local cloud keeps no earlier states: leave ExportTime out."
            )
        if (
            request.get("ExportFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON"
            or "IncrementalExportSpecification" in request
        ):
            return _error("ValidationException", "The local cloud exports whole tables, as DYNAMODB_JSON.")
        return None

    def _start(self, arn: str, keys: Keys) -> None:
        description = self._dynamodb._exports[arn]
        if "ExportTime" in description:
            return  # the same ClientToken as before
        description["ExportTime"] = description["StartTime"]
        table = self._dynamodb._tables[self._dynamodb._table_name_from_arn(description["TableArn"])]
        items = [
            item for row in table["items"].values() for item in row.values()
        ]  # a write replaces an item and leaves this one as it is
        task = asyncio.create_task(self._run(description, items, keys))
        self._running[arn] = task
        task.add_done_callback(lambda _: self._running.pop(arn))

    async def _run(self, description: dict[str, Any], items: list[Any], keys: Keys) -> None:
        try:
            result = await asyncio.to_thread(lambda: write_export(self._s3_of(keys), description, items))
        except (BotoCoreError, ClientError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code", "Unknown")
            result = {"ExportStatus": "FAILED", "FailureCode": f"S3{code}", "FailureMessage": str(error)}
        description.update(result, EndTime=time.time())

    def _fail_interrupted(self) -> None:
        for arn, description in list(self._dynamodb._exports.items()):
            if description["ExportStatus"] == "IN_PROGRESS" and arn not in self._running:
                description.update(
                    ExportStatus="FAILED", FailureCode="Interrupted", FailureMessage="The local cloud was stopped."
                )


def write_export(s3: Any, description: Mapping[str, Any], items: list[Any]) -> dict[str, Any]:
    """Write the export's objects; return the fields that its description gets when it is completed."""
    bucket, prefix = description["S3Bucket"], description.get("S3Prefix")
    folder = f"{prefix}/AWSDynamoDB" if prefix else "AWSDynamoDB"
    folder = f"{folder}/{description['ExportArn'].rpartition('/')[2]}"

    def put(name: str, body: bytes) -> str:
        return str(s3.put_object(Bucket=bucket, Key=f"{folder}/{name}", Body=body)["ETag"])

    put("_started", b"")
    files = []
    for number, (count, packed) in enumerate(_packed(items)):
        etag = put(f"data/{number:08d}.json.gz", packed).strip('"')
        key = f"{folder}/data/{number:08d}.json.gz"
        files.append({"itemCount": count, "md5Checksum": _md5(packed), "etag": etag, "dataFileS3Key": key})
    size = sum(len(_encode(item)) for item in items)
    for name, body in (
        ("manifest-files", b"".join(_encode(file) + b"\n" for file in files)),
        ("manifest-summary", _encode(_summary(description, folder, item_count=len(items), size_bytes=size))),
    ):
        put(f"{name}.json", body)
        put(f"{name}.md5", _md5(body).encode())
    return {
        "ExportStatus": "COMPLETED",
        "ExportManifest": f"{folder}/manifest-summary.json",
        "ItemCount": len(items),
        "BilledSizeBytes": size,
    }


def _summary(description: Mapping[str, Any], folder: str, *, item_count: int, size_bytes: int) -> dict[str, Any]:
    return {
        "version": "2020-06-30",
        "exportArn": description["ExportArn"],
        "startTime": _iso(description["StartTime"]),
        "endTime": _iso(time.time()),
        "tableArn": description["TableArn"],
        "tableId": description["TableId"],
        "exportTime": _iso(description["ExportTime"]),
        "s3Bucket": description["S3Bucket"],
        "s3Prefix": description.get("S3Prefix"),
        "s3SseAlgorithm": description.get("S3SseAlgorithm", "AES256"),
        "s3SseKmsKeyId": description.get("S3SseKmsKeyId"),
        "manifestFilesS3Key": f"{folder}/manifest-files.json",
        "billedSizeBytes": size_bytes,
        "itemCount": item_count,
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }


def _packed(items: list[Any]) -> Iterator[tuple[int, bytes]]:
    """Yield the content of each file with its number of items; an empty table makes one empty file."""
    for at in range(0, max(1, len(items)), ITEMS_A_FILE):
        part = items[at : at + ITEMS_A_FILE]
        yield len(part), gzip.compress(b"".join(_encode({"Item": item}) + b"\n" for item in part), 1)


def _md5(body: bytes) -> str:
    return base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(code: str, message: str) -> Answer:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message})
    return 400, {"Content-Type": "application/x-amz-json-1.0"}, body.encode()
