"""The actions of Amazon Data Firehose, direct puts included.

No call waits for a delivery: the workers have their own threads. Source:
https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud import constraints
from local_cloud.context import Context
from local_cloud.counters import Counters
from local_cloud.firehose import encryption
from local_cloud.firehose.definition import invalid, new_stream, s3_of, updated_stream
from local_cloud.firehose.journal import JournalFullError
from local_cloud.firehose.kinesis_source import KinesisSource
from local_cloud.firehose.registry import Registry, Stream
from local_cloud.firehose.settings import PRINCIPAL
from local_cloud.firehose.states import IllegalMoveError, Status, move, status_of
from local_cloud.wire import Json, JsonService, Request, ServiceError

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
RECORD_LIMIT_BYTES = 1000 * 1024
BATCH_LIMIT_RECORDS, BATCH_LIMIT_BYTES = 500, 4 * 1024 * 1024
LIST_LIMIT, LIST_DEFAULT, TAG_LIMIT = 10_000, 10, 50


class FirehoseService(JsonService):
    """Answer requests about delivery streams: from Kinesis or direct puts, through an optional Lambda function, to S3."""

    name = "firehose"
    check = staticmethod(partial(constraints.check, "firehose"))

    def __init__(self, context: Context) -> None:
        self.metrics = Counters()
        self._clients = context.clients
        self._registry = Registry(context, self.metrics)

    def start(self) -> None:
        self._registry.resume()

    def stop(self) -> None:
        self._registry.close()

    def create_delivery_stream(self, params: Json, request: Request) -> Json:
        name = params.get("DeliveryStreamName") or ""
        if not _NAME.fullmatch(name):
            raise invalid(f"DeliveryStreamName {name!r} must match [a-zA-Z0-9_.-]+ and have at most 64 characters.")
        arn = _arn(request, name)
        stream = new_stream(params, arn)
        self._check_roles(stream)
        with self._registry.lock:
            if self._registry.get(arn) is not None:
                raise ServiceError(
                    "ResourceInUseException", f"Firehose {name} under accountId {request.account} already exists"
                )
            self._registry.put(stream)
        self._registry.settle(arn)
        return {"DeliveryStreamARN": arn}

    def describe_delivery_stream(self, params: Json, request: Request) -> Json:
        stream = self._stream(params, request)
        return {"DeliveryStreamDescription": {name: value for name, value in stream.items() if name != "Tags"}}

    def list_delivery_streams(self, params: Json, request: Request) -> Json:
        kind, after = params.get("DeliveryStreamType"), params.get("ExclusiveStartDeliveryStreamName") or ""
        home, limit = _arn(request, ""), _limit(params, LIST_DEFAULT, LIST_LIMIT)
        names = sorted(
            stream["DeliveryStreamName"]
            for stream in self._registry
            if stream["DeliveryStreamARN"].startswith(home) and kind in {None, stream["DeliveryStreamType"]}
        )
        names = [name for name in names if name > after]
        return {"DeliveryStreamNames": names[:limit], "HasMoreDeliveryStreams": len(names) > limit}

    def update_destination(self, params: Json, request: Request) -> Json:
        with self._registry.lock:
            stream = self._active(params, request)
            updated = updated_stream(stream, params)
            self._check_roles(updated)
            self._registry.put(updated)
        return {}

    def delete_delivery_stream(self, params: Json, request: Request) -> Json:
        with self._registry.lock:
            stream = self._stream(params, request)
            try:
                move(stream, Status.DELETING)
            except IllegalMoveError as error:
                raise ServiceError("ResourceInUseException", str(error)) from error
            self._registry.put(stream)
        self._registry.settle(stream["DeliveryStreamARN"])
        return {}

    def put_record(self, params: Json, request: Request) -> Json:
        (record_id,) = self._put(params, request, [params.get("Record") or {}])
        return {"RecordId": record_id, "Encrypted": encryption.is_on(self._stream(params, request))}

    def put_record_batch(self, params: Json, request: Request) -> Json:
        records = params.get("Records") or []
        if not 1 <= len(records) <= BATCH_LIMIT_RECORDS:
            raise invalid(f"Records has {len(records)} entries: a batch has from 1 to {BATCH_LIMIT_RECORDS}.")
        ids = self._put(params, request, records)
        encrypted = encryption.is_on(self._stream(params, request))
        return {"FailedPutCount": 0, "Encrypted": encrypted, "RequestResponses": [{"RecordId": one} for one in ids]}

    def start_delivery_stream_encryption(self, params: Json, request: Request) -> Json:
        wanted = params.get("DeliveryStreamEncryptionConfigurationInput") or {"KeyType": "AWS_OWNED_CMK"}
        return self._encrypt(params, request, wanted)

    def stop_delivery_stream_encryption(self, params: Json, request: Request) -> Json:
        return self._encrypt(params, request, None)

    def _encrypt(self, params: Json, request: Request, wanted: Json | None) -> Json:
        with self._registry.lock:
            stream = self._active(params, request)
            described = encryption.described(stream["DeliveryStreamType"], wanted)
            self._registry.put({**stream, "DeliveryStreamEncryptionConfiguration": described})
        return {}

    def tag_delivery_stream(self, params: Json, request: Request) -> Json:
        with self._registry.lock:
            stream = self._stream(params, request)
            stream["Tags"].update({tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []})
            if len(stream["Tags"]) > TAG_LIMIT:
                raise ServiceError("LimitExceededException", f"A delivery stream has at most {TAG_LIMIT} tags.")
            self._registry.put(stream)
        return {}

    def untag_delivery_stream(self, params: Json, request: Request) -> Json:
        with self._registry.lock:
            stream = self._stream(params, request)
            for key in params.get("TagKeys") or []:
                stream["Tags"].pop(key, None)
            self._registry.put(stream)
        return {}

    def list_tags_for_delivery_stream(self, params: Json, request: Request) -> Json:
        tags, after = self._stream(params, request)["Tags"], params.get("ExclusiveStartTagKey") or ""
        keys, limit = sorted(key for key in tags if key > after), _limit(params, TAG_LIMIT, TAG_LIMIT)
        shown = [{"Key": key, "Value": tags[key]} for key in keys[:limit]]
        return {"Tags": shown, "HasMoreTags": len(keys) > limit}

    def _put(self, params: Json, request: Request, records: list[Json]) -> list[str]:
        stream = self._active(params, request)
        if stream["DeliveryStreamType"] != "DirectPut":
            raise invalid(
                f"This operation is not permitted on KinesisStreamAsSource delivery stream type: "
                f"{stream['DeliveryStreamName']}"
            )
        data = [str(record.get("Data") or "") for record in records]
        sizes = [_size(one) for one in data]
        if max(sizes) > RECORD_LIMIT_BYTES:
            raise invalid(f"A record has {max(sizes)} bytes; the limit is {RECORD_LIMIT_BYTES}.")
        if sum(sizes) > BATCH_LIMIT_BYTES:
            raise invalid(f"The batch has {sum(sizes)} bytes; the limit is {BATCH_LIMIT_BYTES}.")
        journal = self._registry.journal(stream["DeliveryStreamARN"])
        try:
            if journal is not None:
                return journal.append(data)
        except JournalFullError as error:
            raise ServiceError("ServiceUnavailableException", "Slow down.", 503) from error
        raise ServiceError("ServiceUnavailableException", "The delivery stream is starting; retry.", 503)

    def _check_roles(self, stream: Stream) -> None:
        """Refuse roles that Firehose cannot assume and a source that it cannot read, as AWS does."""
        role = s3_of(stream)["RoleARN"]
        try:
            self._clients.client("s3", role, principal=PRINCIPAL)
            source = self._registry.source_of(stream)
            if isinstance(source, KinesisSource):
                source.check()
        except ClientError as error:
            if error.operation_name in {"AssumeRole", "GetRole"}:
                raise invalid(f"Firehose is unable to assume role {role}. Please check the role provided.") from error
            raise invalid(f"The source cannot be read: {error}") from error
        except BotoCoreError as error:
            raise ServiceError("ServiceUnavailableException", str(error), 503) from error

    def _stream(self, params: Json, request: Request) -> Stream:
        name = params.get("DeliveryStreamName") or ""
        stream = self._registry.get(_arn(request, name))
        if stream is None:
            raise ServiceError(
                "ResourceNotFoundException", f"Firehose {name} under account {request.account} not found."
            )
        return stream

    def _active(self, params: Json, request: Request) -> Stream:
        stream = self._stream(params, request)
        if status_of(stream) is not Status.ACTIVE:
            raise ServiceError(
                "ResourceInUseException" if "CurrentDeliveryStreamVersionId" in params else "ResourceNotFoundException",
                f"Firehose {stream['DeliveryStreamName']} is {stream['DeliveryStreamStatus']}, not ACTIVE.",
            )
        return stream


def _arn(request: Request, name: str) -> str:
    return f"arn:aws:firehose:{request.region}:{request.account}:deliverystream/{name}"


def _size(data: str) -> int:
    try:
        return len(base64.b64decode(data, validate=True))
    except ValueError as error:
        raise ServiceError("SerializationException", f"A record's Data is not base64: {error}.") from error


def _limit(params: Json, default: int, most: int) -> int:
    limit: Any = params.get("Limit") or default
    if not isinstance(limit, int) or not 1 <= limit <= most:
        raise invalid(f"Limit {limit!r} must be a whole number from 1 to {most}.")
    return limit
