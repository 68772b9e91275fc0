"""Keep the prepared statements of a work group.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import re
import time

from local_cloud.athena.account.workgroups import invalid
from local_cloud.athena.errors import MalformedQueryError, QueryFailedError
from local_cloud.athena.sql.parsing.grammar import parse_query
from local_cloud.store import Store
from local_cloud.wire import Json, ServiceError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_@:]{0,255}")


class PreparedStatements:
    """Statements by work group and name; names do not depend on case."""

    def __init__(self, store: Store) -> None:
        self._statements = store.collection("athena.prepared")

    def create(self, work_group: str, name: str, statement: str, description: str = "") -> None:
        """Keep a new statement.

        Raises:
            ServiceError: the name is taken or no name for a statement.
        """
        if not _NAME.fullmatch(name):
            raise invalid(
                f"The prepared statement name {name!r} must start with a letter or '_'; letters, digits, '_', '@' and ':' may follow."
            )
        if self._statements.get(_key(work_group, name)) is not None:
            raise invalid(f"Prepared Statement {name} already exists in workgroup {work_group}")
        self._put(work_group, name, statement, description)

    def update(self, work_group: str, name: str, statement: str, description: str = "") -> None:
        self.get(work_group, name)
        self._put(work_group, name, statement, description)

    def replace(self, work_group: str, name: str, statement: str) -> None:
        """Keep the statement of a ``PREPARE``, in place of one of the same name."""
        self._put(work_group, name, statement, "")

    def get(self, work_group: str, name: str) -> Json:
        """Return the statement.

        Raises:
            ServiceError: there is none of that name in the work group.
        """
        found = self._statements.get(_key(work_group, name))
        if found is None:
            raise ServiceError(
                "ResourceNotFoundException",
                f"PreparedStatement {name} was not found in workGroup {work_group}",
                ResourceName=name,
            )
        return found

    def batch(self, work_group: str, names: list[str]) -> Json:
        found = {name: self._statements.get(_key(work_group, name)) for name in names}
        return {
            "PreparedStatements": [statement for statement in found.values() if statement],
            "UnprocessedPreparedStatementNames": [
                {
                    "StatementName": name,
                    "ErrorCode": "STATEMENT_NOT_FOUND",
                    "ErrorMessage": f"PreparedStatement {name} was not found",
                }
                for name, statement in found.items()
                if statement is None
            ],
        }

    def list(self, work_group: str) -> list[Json]:
        keys = ("StatementName", "LastModifiedTime")
        return [
            {key: found[key] for key in keys} for _, found in self._statements if found["WorkGroupName"] == work_group
        ]

    def delete(self, work_group: str, name: str) -> None:
        self.get(work_group, name)
        self._statements.delete(_key(work_group, name))

    def delete_all(self, work_group: str) -> None:
        for key, found in self._statements:
            if found["WorkGroupName"] == work_group:
                self._statements.delete(key)

    def _put(self, work_group: str, name: str, statement: str, description: str) -> None:
        document = {
            "StatementName": name, "QueryStatement": statement, "WorkGroupName": work_group,
            "Description": description, "LastModifiedTime": round(time.time(), 3),
        }  # fmt: skip
        self._statements.put(_key(work_group, name), document)


def _key(work_group: str, name: str) -> str:
    return f"{work_group}/{name.lower()}"


def prepared_parts(sql: str, verb: str) -> tuple[str, str]:
    """Return name and statement of ``PREPARE name FROM statement``. The statement is empty for DEALLOCATE PREPARE.

    Raises:
        QueryFailedError: it has another form.
    """
    pattern = (
        r'PREPARE\s+("?[\w@:]+"?)\s+FROM\s+(.+)' if verb == "PREPARE" else r'DEALLOCATE\s+PREPARE\s+("?[\w@:]+"?)()'
    )
    match = re.fullmatch(pattern, sql.strip(), re.IGNORECASE | re.DOTALL)
    if match is None:
        raise QueryFailedError(
            "SYNTAX_ERROR", f"line 1:1: mismatched input. Expecting: {verb} with the name of a statement"
        )
    return match[1].strip('"'), match[2]


def executed(sql: str) -> tuple[str, list[str]]:
    """Return name and arguments of ``EXECUTE name USING a, b``; each argument is the text of a literal.

    Raises:
        QueryFailedError: it has another form.
    """
    match = re.fullmatch(r'EXECUTE\s+("?[\w@:]+"?)(?:\s+USING\s+(.+))?', sql.strip(), re.IGNORECASE | re.DOTALL)
    if match is None:
        raise QueryFailedError("SYNTAX_ERROR", "line 1:9: mismatched input. Expecting: <identifier>")
    if match[2] is None:
        return match[1].strip('"'), []
    try:
        values = parse_query(f"SELECT {match[2]}").expressions
    except MalformedQueryError as error:
        raise QueryFailedError("SYNTAX_ERROR", str(error)) from error
    return match[1].strip('"'), [value.sql("trino") for value in values]
