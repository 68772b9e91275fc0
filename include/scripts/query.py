"""``make query SQL="SELECT …"``: run Athena SQL in the pipeline's work group and print its rows, or that it is done."""

from __future__ import annotations

import re
import sys

from athena_table import AthenaTerminal, QueryError, Rows, draw_to_fit
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from sales_cdc.aws.errors import refusal_of
from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.settings import Settings, SettingsError

ENTITY, RAW = declared_contract().view, declared_contract().raw_table
EXAMPLE = f'make query SQL="SELECT event_type, count(*) AS changes FROM {RAW} GROUP BY event_type"'  # noqa: S608 (a name of ours)


CHANGE_AN_ORDER = "To change an order, change its item in DynamoDB (README, 'Look around'): the pipeline carries the change to every table."
REMEDIES = {
    r"WorkGroup .*not found": 'The pipeline is not set up here yet: make airflow ARGS="dags test sales_cdc_setup"',
    r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND": (
        'make query SQL="SHOW TABLES" lists the tables and views. Setup makes none: the batch does, '
        'make airflow ARGS="dags test sales_cdc_batch"'
    ),
    r"COLUMN_NOT_FOUND": f'make query SQL="DESCRIBE {ENTITY}" lists the columns of a table or view.',
    r"TYPE_MISMATCH": (
        f'make query SQL="DESCRIBE {RAW}" shows the types of its columns. A number that is a string there: see '
        "docs/operations.md, 'Orders are not right'."
    ),
    r"views is not supported": (
        f"'{ENTITY}' is a view of the table {ENTITY}_current, '{ENTITY}_history' of {ENTITY}_changes. {CHANGE_AN_ORDER}"
    ),
    r"only supported for transactional tables": (
        f"{RAW} is made of the objects under raw/, which never change. {CHANGE_AN_ORDER}"
    ),
    r"by the local cloud's Athena": "Athena on AWS may be able to: local_cloud/README.md says how far this one goes.",
    r"Bytes scanned limit": "Ask for fewer days: WHERE dt >= '2026-11-01'.",
    r"mismatched input|SYNTAX_ERROR|^line ": (
        f"The statement stands in double quotes for the shell, texts inside it in single ones:\n  {EXAMPLE}"
    ),
}
"""By a pattern in Athena's reason, what to do; the first that is found counts."""


def main(arguments: list[str]) -> int:
    console = Console()
    sql = " ".join(arguments).strip()
    if not sql:
        console.print(f"Give a statement, for instance:\n  {EXAMPLE}", markup=False, highlight=False, soft_wrap=True)
        return 2
    try:
        settings = Settings.from_environment()
        found = AthenaTerminal(settings).query(sql)
    except QueryError as error:
        return _complain(str(error), _remedy(error.reason))
    except (ClientError, BotoCoreError) as error:
        refusal = refusal_of(error)
        return _complain(f"{refusal.reason[:1].upper()}{refusal.reason[1:]}. {refusal.remedy}")
    except SettingsError as error:
        return _complain(str(error))
    _show(found, console)
    return 0


def _show(found: Rows, console: Console) -> None:
    if not found.columns:
        changed = "" if found.changed_rows is None else f": {_counted(found.changed_rows)} changed"
        console.print(f"Done{changed}.", highlight=False)
        return
    console.print(draw_to_fit(found, console))
    console.print(f"{_counted(len(found.rows))}, {found.scanned_bytes:,} bytes scanned", style="dim")


def _counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def _remedy(reason: str) -> str:
    return next((remedy for pattern, remedy in REMEDIES.items() if re.search(pattern, reason)), "")


def _complain(*lines: str) -> int:
    print("\n".join(line for line in lines if line), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
