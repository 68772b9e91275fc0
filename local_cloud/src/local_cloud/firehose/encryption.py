"""Server-side encryption of direct puts: the key is kept and shown, and nothing is encrypted.

A delivery stream that reads Kinesis has the encryption of that stream, and none of its own. Sources:
https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeliveryStreamEncryptionConfiguration.html,
https://docs.aws.amazon.com/firehose/latest/APIReference/API_StartDeliveryStreamEncryption.html and
https://docs.aws.amazon.com/firehose/latest/APIReference/API_StopDeliveryStreamEncryption.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_cloud.wire import Json, ServiceError

DISABLED: Json = {"Status": "DISABLED"}
OWN_KEY = "CUSTOMER_MANAGED_CMK"


def described(delivery_stream_type: str, wanted: Mapping[str, Any] | None) -> Json:
    """Return what ``DescribeDeliveryStream`` shows for the wanted encryption; None: no encryption.

    Raises:
        ServiceError: ``InvalidArgumentException``, the stream takes no direct puts, or key and type of key contradict each other.
    """
    if wanted is None:
        return dict(DISABLED)
    if delivery_stream_type != "DirectPut":
        raise _invalid(f"A delivery stream of type {delivery_stream_type} has the encryption of its source.")
    kind, key = wanted.get("KeyType"), wanted.get("KeyARN")
    if (kind == OWN_KEY) != bool(key):
        raise _invalid(
            f"KeyARN is required with KeyType {OWN_KEY} and refused with any other; KeyType is {kind}, KeyARN {key}."
        )
    return {"Status": "ENABLED", "KeyType": kind, **({"KeyARN": key} if key else {})}


def is_on(stream: Mapping[str, Any]) -> bool:
    """Tell whether the delivery stream shows encryption as enabled."""
    return bool(stream["DeliveryStreamEncryptionConfiguration"]["Status"] == "ENABLED")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgumentException", message)
