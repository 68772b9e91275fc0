"""Print a CloudWatch dashboard of the alarms and their metrics: ``make dashboard ACCOUNT=…``; it changes nothing.

Bring it to AWS by ``make dashboard ACCOUNT=123456789012 >dashboard.json`` and
``aws cloudwatch put-dashboard --dashboard-name sales-cdc --dashboard-body file://dashboard.json``.
"""

from __future__ import annotations

import json
import re
import sys

from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions.watch import dashboard


def main(arguments: list[str]) -> int:
    account = "".join(arguments)
    if not re.fullmatch(r"\d{12}", account):
        print(
            f"The AWS account is {account!r}: give its twelve digits, make dashboard ACCOUNT=123456789012",
            file=sys.stderr,
        )
        return 2
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(dashboard(Topology(settings, account)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
