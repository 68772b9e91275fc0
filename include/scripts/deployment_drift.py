"""Say what of the deployment differs from its settings; it reads only. ``make ui`` runs it before Airflow starts.

The exit code is 0 when nothing differs, 3 when setup can bring it in line, 4 when something stands in setup's way, and 5 when there is
no deployment.
"""

from __future__ import annotations

import sys

from command_line import guarded_settings, silence_hooks
from preflight import connection
from sales_cdc.contract.declared import contract_path
from sales_cdc.deployment.process import include_folder
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.packaging import artifacts, sha256
from sales_cdc.provisioning.preflight import account
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, Level
from sales_cdc.provisioning.preflight.plan import plan

IN_LINE, CHANGEABLE, OBSTRUCTED, ABSENT = 0, 3, 4, 5


def main() -> int:
    settings = guarded_settings()
    found, stands = compared(settings)
    if not stands:
        return ABSENT
    print("\n".join(sentences(found)))
    if not found:
        return IN_LINE
    return CHANGEABLE if changeable(found) else OBSTRUCTED


def drift(settings: Settings) -> list[Finding]:
    """Return what differs from the settings; nothing where there is no deployment yet.

    Example::

        [f"{finding.topic} {finding.text}" for finding in drift(settings)]  # ["rule 'sales-cdc-arrivals' differs in State"]
    """
    return compared(settings)[0]


def compared(settings: Settings) -> tuple[list[Finding], bool]:
    """Return what differs from the settings, and whether there is a deployment, or none could be looked for."""
    with ReadOnlyClients(settings, connection(settings)) as clients:
        caller, refused = account.who(clients)
        if caller is None:
            return [refused], True
        topology = Topology(settings, caller.account)
        code = sha256(artifacts(topology, include_folder(), contract_path())["transformer"].content())
        found = plan(clients, topology, code)
    stands = any(finding.level in {Level.OK, Level.CHANGE} for finding in found)
    return [finding for finding in found if finding.level is not Level.OK] if stands else [], stands


def changeable(found: list[Finding]) -> bool:
    """Return whether setup can bring the deployment in line: it differs, and nothing stands in setup's way."""
    levels = {finding.level for finding in found}
    return bool(levels & {Level.CHANGE, Level.CREATE}) and Level.STOP not in levels


def sentences(found: list[Finding]) -> list[str]:
    """Say what differs, a resource a line."""
    return [f"  the {finding.topic} {finding.text}" for finding in found]


if __name__ == "__main__":
    silence_hooks()
    sys.exit(main())
