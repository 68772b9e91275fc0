"""Resource hooks whose client is botocore's Stubber."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.stub import Stubber
from sales_cdc.provisioning.resources.resource import Found, ResourceHook


def stubbed(hook_class: type[ResourceHook]) -> tuple[ResourceHook, Stubber]:
    """Return a hook whose client answers only what the stubber holds."""
    hook = hook_class(aws_conn_id=None, region_name="eu-central-1")
    hook.conn = boto3.client(
        hook_class.service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    stubber = Stubber(hook.conn)
    stubber.activate()
    return hook, stubber


def found(description: Mapping[str, Any], name: str = "named") -> Found:
    return Found(name, "arn:aws:x:::named", {}, description)
