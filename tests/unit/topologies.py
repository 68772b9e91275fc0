"""Make topologies for tests."""

from __future__ import annotations

from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def topology(**settings: object) -> Topology:
    """Return the topology of a local deployment with some settings changed."""
    fixed = {"target": "local", "region": "eu-central-1", "local_endpoint": "http://127.0.0.1:4566"}
    return Topology(Settings(**{**fixed, **settings}), ACCOUNT)  # type: ignore[arg-type]
