"""Write the policy documents of Airflow's principals as JSON files for IAM: ``make policies ACCOUNT=…``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from command_line import account_of, settings_or_exit
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.orchestrator_policies import documents

FOLDER = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")) / "policies"


def main(arguments: list[str]) -> int:
    account = account_of(arguments, "make policies")
    if account is None:
        return 2
    topology = Topology(settings_or_exit(), account)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, policy in documents(topology).items():
        path = FOLDER / f"{topology.prefix}-{name}-{topology.settings.region}.json"
        path.write_text(json.dumps(policy, indent=2) + "\n")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
