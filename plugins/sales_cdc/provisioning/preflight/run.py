"""Run every check, in the order in which one needs the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sales_cdc.contract.declared import contract_path
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.packaging import artifacts, sha256
from sales_cdc.provisioning.preflight import account
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding
from sales_cdc.provisioning.preflight.lake_formation import lake_formation
from sales_cdc.provisioning.preflight.permissions import permissions
from sales_cdc.provisioning.preflight.plan import plan

Show = Callable[[Finding], None]


def preflight(clients: ReadOnlyClients, include: Path, principals: Mapping[str, str], show: Show) -> list[Finding]:
    """Return every finding, and show each as it is found. Without an account nothing else is asked.

    Args:
        include: the folder ``include/``, of which the transformer is made.
        principals: the ARN of a user or role by policy document (``provisioning``, ``operating``); the caller for those not named.
    """
    found: list[Finding] = []

    def add(*findings: Finding) -> None:
        found.extend(findings)
        for finding in findings:
            show(finding)

    caller, finding = account.who(clients)
    add(finding)
    if caller is None:
        return found
    topology = Topology(clients.settings, caller.account)
    add(*account.region(clients, topology))
    add(*account.quotas(clients))
    known = {"provisioning": caller.principal, **principals}
    add(*lake_formation(clients, topology, known["provisioning"], known.get("operating", known["provisioning"])))
    add(*permissions(clients, topology, known))
    code = sha256(artifacts(topology, include, contract_path())["transformer"].content())
    add(*plan(clients, topology, code))
    return found
