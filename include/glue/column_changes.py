"""Which columns of a curated table can follow its contract in place, and which need the table built again.

The plugin has this file by a link: setup asks before the job would. Standard library only. Source:
https://iceberg.apache.org/docs/1.10.0/evolution/#schema-evolution
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

REBUILD = "The DAG sales_cdc_rebuild builds the curated tables again from raw/ under another contract."

_promotion = re.compile(r"int bigint|float double|decimal\((\d+),(\d+)\) decimal\((\d+),(\d+)\)").fullmatch


def may_widen(present: str, wanted: str) -> bool:
    """Whether Iceberg changes a column's type in place; a decimal only to more digits before its point.

    >>> may_widen("decimal(12,2)", "decimal(20,2)"), may_widen("decimal(12,2)", "decimal(20,4)")
    (True, False)
    """
    match = _promotion(f"{present} {wanted}")
    return match is not None and (match[1] is None or (match[2] == match[4] and int(match[1]) <= int(match[3])))


def unfit_columns(present: Mapping[str, str], wanted: Mapping[str, str], key: Collection[str]) -> list[str]:
    """Say of each column why the table cannot take the declared ones in place; nothing when it can.

    Columns that are wanted and not there are added, except those of the key. Further attributes are texts, so a column of another
    type that nobody declares was declared once.

    Args:
        present: the table's columns with their types.
        wanted: the declared columns with theirs.
        key: the columns of the key.
    """
    missing = [f"the key's column {name} is not there" for name in key if name not in present]
    other = [
        f"its column {name} is {present[name]}, not {kind}"
        for name, kind in wanted.items()
        if name in present and present[name] != kind and not may_widen(present[name], kind)
    ]
    left = [
        f"its column {name}, {kind}, is declared no more"
        for name, kind in present.items()
        if name not in wanted and kind != "string"
    ]
    return [*missing, *other, *left]
