"""Decide whether an existing table can be adopted: its state, its key, its stream. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sales_cdc.contract.change_contract import Contract
from sales_cdc.deployment.settings import SUPPORTED_VIEW_TYPES

ENABLE_STREAM = "enable_stream"
"""The Param of setup that lets it enable the stream of an adopted table."""
USABLE = ("ACTIVE", "UPDATING")


@dataclass(frozen=True)
class AdoptableTable:
    """What DescribeTable says of a table that is to be adopted.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """

    description: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.description["TableName"])

    @property
    def view_type(self) -> str | None:
        """The view type of its stream; None when it has none."""
        stream = self.description.get("StreamSpecification", {})
        return str(stream["StreamViewType"]) if stream.get("StreamEnabled") else None

    @property
    def stream_arn(self) -> str:
        """The ARN of its stream; "" when it has none. A disabled stream keeps its ARN in the description for a day."""
        return str(self.description.get("LatestStreamArn", "")) if self.view_type else ""

    @property
    def key(self) -> list[tuple[str, str]]:
        """The attributes of its key with their types, the partition key first."""
        types = {each["AttributeName"]: each["AttributeType"] for each in self.description["AttributeDefinitions"]}
        schema = sorted(self.description["KeySchema"], key=lambda each: str(each["KeyType"]) != "HASH")
        return [(each["AttributeName"], types[each["AttributeName"]]) for each in schema]

    def refusal(self, contract: Contract) -> str | None:
        """Say why the table cannot be adopted under this contract, and what to do; None when it can, but for its stream."""
        if self.description["TableStatus"] not in USABLE:
            return f"It is {self.description['TableStatus']}. Run setup again once it is ACTIVE."
        declared = [(each.name, each.type) for each in contract.key]
        if self.key != declared:
            return (
                f"Its key is {_listed(self.key)}; the contract declares {_listed(declared)}. Declare the table's own key: "
                f"'make contract TABLE={self.name}' proposes a contract, and SALES_CDC_CONTRACT names its file."
            )
        if self.view_type not in (None, *SUPPORTED_VIEW_TYPES):
            return (
                f"Its stream is {self.view_type}, which does not carry the item after a change; the pipeline needs "
                f"{' or '.join(SUPPORTED_VIEW_TYPES)}. A stream's view type cannot be changed, and a new stream would cut off those who "
                "read this one: ask its readers, replace the stream yourself, and run setup again."
            )
        return None

    def needs_stream(self) -> str:
        """Say that the table has no stream, and how it gets one."""
        return (
            f"It has no stream, so its changes can be seen nowhere. Enable one (NEW_IMAGE or NEW_AND_OLD_IMAGES) yourself, or let setup "
            f'do it: trigger sales_cdc_setup with {{"{ENABLE_STREAM}": true}}. Nothing else of the table is changed, and teardown '
            "disables the stream again."
        )


def no_such_table(name: str, region: str) -> str:
    """Say that there is no table of that name, and where it has to be."""
    return (
        f"There is no DynamoDB table '{name}' in {region} for this account. A pipe reads only tables of its own account and region: "
        "check the name, and set SALES_CDC_REGION to the region of the table. Nothing was changed."
    )


def _listed(key: Sequence[tuple[str, str]]) -> str:
    return " and ".join(f"{name} ({kind})" for name, kind in key)
