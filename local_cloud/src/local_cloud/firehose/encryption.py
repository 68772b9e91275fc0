"""Server-side encryption of direct puts: its key is kept and shown, and nothing is encrypted.

Sources: *Amazon Data Firehose API Reference*, ``DeliveryStreamEncryptionConfiguration``, ``StartDeliveryStreamEncryption``,
``StopDeliveryStreamEncryption``. A stream that reads Kinesis has that stream's encryption, and none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_cloud.wire import Json, ServiceError

DISABLED: Json = {"Status": "DISABLED"}
OWN_KEY = "CUSTOMER_MANAGED_CMK"


def described(delivery_stream_type: str, wanted: Mapping[str, Any] | None) -> Json:
    """What ``DescribeDeliveryStream`` shows for what a request asks for; None: no encryption.

    Raises:
        ServiceError: ``InvalidArgumentException``, the stream takes no direct puts, or key and type of key contradict each other.
    """
    if wanted is None:
        return dict(DISABLED)
    if delivery_stream_type != "DirectPut":
        raise _invalid(f"A delivery stream of type {delivery_stream_type} has the encryption of its source.")
    kind, key = wanted.get("KeyType"), wanted.get("KeyARN")
    if (kind == OWN_KEY) != bool(key):
        raise _invalid(f"KeyARN is given exactly with KeyType {OWN_KEY}; KeyType is {kind}, KeyARN {key}.")
    return {"Status": "ENABLED", "KeyType": kind, **({"KeyARN": key} if key else {})}


def is_on(stream: Mapping[str, Any]) -> bool:
    return bool(stream["DeliveryStreamEncryptionConfiguration"]["Status"] == "ENABLED")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgumentException", message)
