"""Read time travel: ``FOR TIMESTAMP AS OF`` and ``FOR VERSION AS OF`` of an Iceberg table.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlglot import exp

from local_cloud.athena.catalog.glue import GlueTable
from local_cloud.athena.sql.model import Session


def version_of(session: Session, node: exp.Table, table: GlueTable) -> tuple[str, Any] | None:
    """Return ("VERSION", snapshot id or name) or ("TIMESTAMP", moment); None: the table as it is now.

    Raises:
        QueryFailedError: the table is no Iceberg table, or the version is not a literal.
    """
    version = node.args.get("version")
    if version is None:
        return None
    if not table.is_iceberg:
        raise session.invalid(node, "This connector does not support versioned tables", "NOT_SUPPORTED")
    value = version.expression
    if str(version.this).upper() == "VERSION":
        if not isinstance(value, exp.Literal):
            raise session.unsupported(node, "FOR VERSION AS OF anything but a literal")
        return "VERSION", value.this if value.is_string else int(value.this)
    return "TIMESTAMP", _moment(session, node, value)


def _moment(session: Session, node: exp.Table, value: exp.Expr) -> datetime:
    if isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal):
        match = re.fullmatch(
            r"(\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?)\s*([A-Za-z][\w/+-]*|[+-]\d{2}:\d{2})?",
            value.this.this,
        )
        if match and match[2]:
            offset = match[2] if match[2][0] in "+-" else ""
            moment = datetime.fromisoformat(match[1] + offset)
            return (
                moment if offset else moment.replace(tzinfo=ZoneInfo("UTC" if match[2].upper() == "UTC" else match[2]))
            )
        if match:
            return datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo("UTC"))
    if isinstance(value, exp.CurrentTimestamp):
        return session.now
    raise session.unsupported(node, "FOR TIMESTAMP AS OF anything but a TIMESTAMP literal or current_timestamp")
