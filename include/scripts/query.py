"""Run Athena SQL in the pipeline's work group and print its rows: ``make query SQL="SELECT …"``.

A statement that changes something is refused unless the variable WRITE is 1: ``make query WRITE=1 SQL="…"``.
"""

from __future__ import annotations

import os
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
    r"WorkGroup .*not found": "The pipeline is not set up here yet: make setup (the DAG sales_cdc_setup)",
    r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND": (
        'make query SQL="SHOW TABLES" lists the tables and views. Setup makes none: the batch does: make batch'
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


WRITING = frozenset(
    [
        "ALTER",
        "ANALYZE",
        "CALL",
        "COMMENT",
        "CREATE",
        "DEALLOCATE",
        "DELETE",
        "DROP",
        "EXECUTE",
        "GRANT",
        "INSERT",
        "MERGE",
        "MSCK",
        "OPTIMIZE",
        "PREPARE",
        "REFRESH",
        "REVOKE",
        "SET",
        "TRUNCATE",
        "UNLOAD",
        "UPDATE",
        "VACUUM",
    ]
)
"""First words of statements that change something, or run one that may. Athena knows no others: it refuses what is none of its own.
Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html"""
COMMENT = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()+", re.DOTALL)
EXPLAIN = re.compile(r"EXPLAIN(?:\s+ANALYZE)?(?:\s+VERBOSE)?(?:\s*\([^)]*\))?\s+", re.IGNORECASE)


def writing_word(sql: str) -> str:
    """Return the first word of a statement that changes something; "" for one that reads.

    >>> writing_word("-- a comment\\nDROP TABLE orders_current"), writing_word("EXPLAIN ANALYZE DELETE FROM t"), writing_word("SELECT 1")
    ('DROP', 'DELETE', '')
    """
    rest = COMMENT.sub("", sql)
    rest = COMMENT.sub("", EXPLAIN.sub("", rest, count=1)) if EXPLAIN.match(rest) else rest
    word = re.match(r"[A-Za-z]*", rest)
    first = word[0].upper() if word else ""
    return first if first in WRITING else ""


def main(arguments: list[str]) -> int:
    console = Console()
    sql = " ".join(arguments).strip()
    if not sql:
        console.print(f"Give a statement, for instance:\n  {EXAMPLE}", markup=False, highlight=False, soft_wrap=True)
        return 2
    if (word := writing_word(sql)) and os.environ.get("WRITE") != "1":
        return _complain(
            f"Not run: {word} changes what Athena holds, and make query only reads.",
            f'If you mean it: make query WRITE=1 SQL="…". {CHANGE_AN_ORDER}',
        )
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
