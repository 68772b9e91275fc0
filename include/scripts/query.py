"""``make query SQL="SELECT …"``: run Athena SQL in the pipeline's work group and print its rows."""

from __future__ import annotations

import sys

from athena_table import Athena, QueryError, draw_to_fit
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from rich.console import Console
from sales_cdc.settings import Settings, SettingsError

EXAMPLE = 'make query SQL="SELECT event_type, count(*) AS changes FROM raw_orders GROUP BY event_type"'


def main(arguments: list[str]) -> int:
    console = Console()
    sql = " ".join(arguments).strip()
    if not sql:
        console.print(f"Give a statement, for instance:\n  {EXAMPLE}", markup=False, highlight=False, soft_wrap=True)
        return 2
    try:
        settings = Settings.from_environment()
        found = Athena(settings).query(sql)
    except QueryError as error:
        return _complain(f"Athena: {error}")
    except EndpointConnectionError:
        return _complain(f"Nothing answers at {settings.local_endpoint or 'AWS'}. Start the local cloud: make cloud")
    except (ClientError, BotoCoreError, SettingsError) as error:
        return _complain(f"{error}{_remedy(error)}")
    console.print(draw_to_fit(found, console))
    console.print(
        f"{len(found.rows)} row{'' if len(found.rows) == 1 else 's'}, {found.scanned_bytes:,} bytes scanned",
        style="dim",
    )
    return 0


def _remedy(error: Exception) -> str:
    if isinstance(error, ClientError) and "WorkGroup" in str(error):
        return '\nThe pipeline is not set up here yet: make airflow ARGS="dags test sales_cdc_setup"'
    return ""


def _complain(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
