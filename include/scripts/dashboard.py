"""Print a CloudWatch dashboard of the alarms and their metrics: ``make dashboard ACCOUNT=…``; it changes nothing.

Bring it to AWS by ``make dashboard ACCOUNT=123456789012 >dashboard.json`` and
``aws cloudwatch put-dashboard --dashboard-name sales-cdc --dashboard-body file://dashboard.json``.
"""

from __future__ import annotations

import json
import sys

from command_line import account_of, settings_or_exit
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions.watch import dashboard


def main(arguments: list[str]) -> int:
    account = account_of(arguments, "make dashboard")
    if account is None:
        return 2
    settings = settings_or_exit()
    print(json.dumps(dashboard(Topology(settings, account)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
