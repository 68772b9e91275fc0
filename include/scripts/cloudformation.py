"""Write a CloudFormation template of all that setup makes, and the transformer's code: ``make cloudformation ACCOUNT=…``."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import sys
from pathlib import Path

from command_line import account_of, settings_or_exit
from sales_cdc.contract.declared import contract_path
from sales_cdc.deployment.process import include_folder
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.cloudformation import template
from sales_cdc.provisioning.packaging import artifacts, sha256

FOLDER = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")) / "cloudformation"


def main(arguments: list[str]) -> int:
    account = account_of(arguments, "make cloudformation")
    if account is None:
        return 2
    settings = dataclasses.replace(settings_or_exit(), managed_by="cloudformation")
    for path in write(Topology(settings, account), include_folder()):
        print(path)
    return 0


def write(topology: Topology, include: Path) -> list[Path]:
    """Write the template and the transformer's zip.

    The zip is named after its content: with an unchanged key CloudFormation would not see that the code changed.
    """
    code = artifacts(topology, include, contract_path())["transformer"].content()
    key = f"lambda_transformer-{base64.b64decode(sha256(code)).hex()[:16]}.zip"
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = [FOLDER / f"{topology.prefix}.json", FOLDER / key]
    files[0].write_text(json.dumps(template(topology, key), indent=2) + "\n")
    files[1].write_bytes(code)
    return files


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
