"""Recognise which statement a text is: its kind for the API, its verb, and the form of its result object."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_cloud.athena.errors import MalformedQueryError


@dataclass(frozen=True, slots=True)
class Statement:
    """``kind``: DDL, DML or UTILITY; ``verb``: the API's SubstatementType; ``extension``: of the result object.

    Where the result of each is was measured against Athena in September 2026:
    https://github.com/aoyagikouhei/athena-local/blob/main/docs/result-files.md
    """

    kind: str
    verb: str
    extension: str

    @property
    def folder(self) -> str:
        """Return the folder of its result, below the one that the client names."""
        return "tables/" if self.verb == "CREATE_TABLE_AS_SELECT" else ""

    @property
    def needs_default_database(self) -> bool:
        """Tell whether its caller needs GetDatabase on the database ``default``, whichever database it concerns.

        Source: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html (every example of DDL)
        """
        return self.kind != "DML" and self.verb not in {"PREPARE", "DEALLOCATE"}


TABLE_AS = re.compile(
    r"(?P<table>CREATE\s+TABLE\s+.*?)\s*(?:WITH\s*\((?P<properties>.*?)\)\s*)?\bAS\b\s*(?P<query>.*?)(\s+WITH\s+(?P<no>NO\s+)?DATA)?",
    re.IGNORECASE | re.DOTALL,
)
_SELECT = Statement("DML", "SELECT", ".csv")
_NAME = r'(?:"[^"]+"|`[^`]+`|[\w.]+)'
_STATEMENTS: list[tuple[str, Statement]] = [
    (r"(SELECT|WITH|VALUES|TABLE|\()", _SELECT),
    (r"INSERT\s+INTO\b", Statement("DML", "INSERT", "")),
    (r"DELETE\s+FROM\b", Statement("DML", "DELETE", ".csv")),
    (r"UPDATE\b", Statement("DML", "UPDATE", ".csv")),
    (r"MERGE\s+INTO\b", Statement("DML", "MERGE", ".csv")),
    (r"UNLOAD\b", Statement("DML", "UNLOAD", "")),
    (r"OPTIMIZE\b", Statement("DML", "OPTIMIZE", "")),
    (r"VACUUM\b", Statement("DML", "VACUUM", "")),
    (r"EXPLAIN\b", Statement("DML", "EXPLAIN", ".txt")),
    (r"EXECUTE\b", Statement("DML", "EXECUTE", ".csv")),
    (r"PREPARE\b", Statement("DDL", "PREPARE", ".txt")),
    (r"DEALLOCATE\b", Statement("DDL", "DEALLOCATE", ".txt")),
    (
        rf"CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?{_NAME}(\.{_NAME})*\s*(WITH\s*\(.*?\)\s*)?AS\b",
        Statement("DDL", "CREATE_TABLE_AS_SELECT", ""),
    ),
    (r"CREATE\s+(OR\s+REPLACE\s+)?VIEW\b", Statement("DDL", "CREATE_VIEW", ".txt")),
    (r"CREATE\s+(EXTERNAL\s+)?TABLE\b", Statement("DDL", "CREATE_TABLE", ".txt")),
    (r"CREATE\s+(DATABASE|SCHEMA)\b", Statement("DDL", "CREATE_DATABASE", ".txt")),
    (r"DROP\s+(DATABASE|SCHEMA)\b", Statement("DDL", "DROP_DATABASE", ".txt")),
    (r"DROP\s+TABLE\b", Statement("DDL", "DROP_TABLE", ".txt")),
    (r"DROP\s+VIEW\b", Statement("DDL", "DROP_VIEW", ".txt")),
    (r"ALTER\s+TABLE\b", Statement("DDL", "ALTER_TABLE", ".txt")),
    (r"MSCK\s+REPAIR\s+TABLE\b", Statement("DDL", "MSCK_REPAIR_TABLE", ".txt")),
    (r"SHOW\s+(DATABASES|SCHEMAS)\b", Statement("UTILITY", "SHOW_DATABASES", ".txt")),
    (r"SHOW\s+TABLES\b", Statement("UTILITY", "SHOW_TABLES", ".txt")),
    (r"SHOW\s+VIEWS\b", Statement("UTILITY", "SHOW_VIEWS", ".txt")),
    (r"SHOW\s+PARTITIONS\b", Statement("UTILITY", "SHOW_PARTITIONS", ".txt")),
    (r"SHOW\s+COLUMNS\b", Statement("UTILITY", "SHOW_COLUMNS", ".txt")),
    (r"SHOW\s+TBLPROPERTIES\b", Statement("UTILITY", "SHOW_TBLPROPERTIES", ".txt")),
    (r"SHOW\s+CREATE\s+TABLE\b", Statement("UTILITY", "SHOW_CREATE_TABLE", ".txt")),
    (r"SHOW\s+CREATE\s+VIEW\b", Statement("UTILITY", "SHOW_CREATE_VIEW", ".txt")),
    (r"(DESCRIBE|DESC)\b", Statement("UTILITY", "DESCRIBE_TABLE", ".txt")),
]  # fmt: skip
_COMPILED = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), statement) for pattern, statement in _STATEMENTS]
_LEADING_COMMENT = re.compile(r"\s*(--[^\n]*(\n|$)|/\*.*?\*/)", re.DOTALL)


def strip(sql: str) -> str:
    """Return the statement without leading comments and the closing semicolon."""
    while match := _LEADING_COMMENT.match(sql):
        sql = sql[match.end() :]
    return sql.strip().removesuffix(";").rstrip()


def classify(sql: str) -> Statement:
    """Return which statement it is.

    Raises:
        MalformedQueryError: none that Athena has.
    """
    for pattern, statement in _COMPILED:
        if pattern.match(sql):
            return statement
    word = (sql.split(None, 1) or [""])[0]
    raise MalformedQueryError(
        f"line 1:1: mismatched input '{word}'. Expecting: 'ALTER', 'CREATE', 'DELETE', 'DESCRIBE', 'DROP', 'EXECUTE', 'INSERT', "
        "'MERGE', 'MSCK', 'PREPARE', 'SHOW', 'UNLOAD', 'UPDATE', 'VACUUM', <query>"
    )
