"""Provision the Firehose delivery stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, tags_by_key

DESTINATION = "ExtendedS3DestinationConfiguration"


class DeliveryStreamHook(ResourceHook):
    """Provision a delivery stream from Kinesis to S3.

    Sources: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html,
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html
    """

    service = "firehose"
    kind = "Firehose delivery stream"
    name_field = "DeliveryStreamName"
    absent_codes = frozenset({"ResourceNotFoundException"})
    taken_codes = frozenset({"ResourceInUseException"})
    ready_waiter = "delivery_stream_active"
    gone_waiter = "delivery_stream_gone"

    def describe(self, name: str) -> Found:
        stream = self.conn.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        tags = self.conn.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"]
        return Found(name, stream["DeliveryStreamARN"], tags_by_key(tags), stream)

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        """Return whether its source differs, which AWS cannot update, or its creation failed.

        The new one reads its source from LATEST: ``HoldFlowOperator`` stops what feeds it first.
        """
        source = found.description.get("Source", {}).get("KinesisStreamSourceDescription", {})
        failed = found.description["DeliveryStreamStatus"] == "CREATING_FAILED"
        return failed or bool(drift(definition["KinesisStreamSourceConfiguration"], source))

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_delivery_stream(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        destination = found.description["Destinations"][0]
        actual = destination["ExtendedS3DestinationDescription"]
        changes = drift(_comparable(definition[DESTINATION]), _comparable(actual))
        if changes:
            self.conn.update_destination(
                DeliveryStreamName=found.name,
                CurrentDeliveryStreamVersionId=found.description["VersionId"],
                DestinationId=destination["DestinationId"],
                ExtendedS3DestinationUpdate=definition[DESTINATION],
            )
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_delivery_stream(DeliveryStreamName=found.name, AllowForceDelete=True)


def _comparable(destination: Mapping[str, Any]) -> dict[str, Any]:
    """Return a destination with its processors' parameters by name.

    AWS returns them in any order and adds its own.
    """
    processors = [
        {**processor, "Parameters": {each["ParameterName"]: each["ParameterValue"] for each in processor["Parameters"]}}
        for processor in destination.get("ProcessingConfiguration", {}).get("Processors", [])
    ]
    return {**destination, "ProcessingConfiguration": {"Enabled": bool(processors), "Processors": processors}}
