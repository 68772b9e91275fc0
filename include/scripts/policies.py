"""Write the policy documents of Airflow's principals as JSON files for IAM: ``make policies ACCOUNT=…``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from account_argument import account_of
from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.orchestrator_policies import documents

FOLDER = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")) / "policies"


def main(arguments: list[str]) -> int:
    account = account_of(arguments, "make policies")
    if account is None:
        return 2
    try:
        topology = Topology(Settings.from_environment(), account)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, policy in documents(topology).items():
        path = FOLDER / f"{topology.prefix}-{name}-{topology.settings.region}.json"
        path.write_text(json.dumps(policy, indent=2) + "\n")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
