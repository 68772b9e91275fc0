"""Read from a condition of WHERE what it demands of one column, to leave out data files of Iceberg, or to know injected partitions.

Trino pushes comparisons of a column with constants down to the table: it leaves out the files whose partition, or whose least and
greatest value of the column, cannot meet them. An OR is pushed down where all of its branches are about the same column.
Source: https://trino.io/docs/current/optimizer/pushdown.html#predicate-pushdown,
https://docs.aws.amazon.com/prescriptive-guidance/latest/apache-iceberg-on-aws/best-practices-read.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from local_cloud.athena.sql.model import Demand

_SIGNS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_MIRRORED = {"=": "=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
_LITERAL_TYPES = {exp.DType.TIMESTAMP: "timestamp", exp.DType.DATE: "date"}

MAX_EXPRESSION = 2_048
"""How many characters Glue takes. Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html"""

NameOf = Callable[[exp.Column], str | None]


def demand(node: exp.Expr, name_of: NameOf) -> Demand | None:
    """Return what the condition demands of one column; None where that is unknown. Every demand rejects NULL.

    ``name_of`` returns a column's name in the table, and None where it is no column of the table.
    """
    if isinstance(node, exp.Paren):
        return demand(node.this, name_of)
    if isinstance(node, exp.Or):
        return _together("any", [demand(side, name_of) for side in (node.this, node.expression)])
    if isinstance(node, exp.And):
        known = [found for side in (node.this, node.expression) if (found := demand(side, name_of)) is not None]
        of_one = [
            found for found in known if found.column == known[0].column
        ]  # both sides have to hold: one alone says less
        return of_one[0] if len(of_one) == 1 else _together("all", of_one)
    if isinstance(node, exp.Between):
        ends = [_compared(node.this, sign, node.args[end], name_of) for sign, end in ((">=", "low"), ("<=", "high"))]
        return _together("all", ends)
    if isinstance(node, exp.In):
        values = node.expressions
        return _together("any", [_compared(node.this, "=", value, name_of) for value in values]) if values else None
    sign = _SIGNS.get(type(node))
    if sign is None:
        return None
    forth = _compared(node.this, sign, node.expression, name_of)
    return forth or _compared(node.expression, _MIRRORED[sign], node.this, name_of)


def _together(kind: str, parts: Sequence[Demand | None]) -> Demand | None:
    """Join demands on one column; None if one is unknown, or of another column."""
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts) or len({part.column for part in known}) != 1:
        return None
    flat = [inner for part in known for inner in (part.parts if part.sign == kind else (part,))]
    return Demand(known[0].column, kind, parts=tuple(flat))


def _compared(column: exp.Expr, sign: str, value: exp.Expr, name_of: NameOf) -> Demand | None:
    if not isinstance(column, exp.Column) or (name := name_of(column)) is None:
        return None
    if isinstance(value, exp.Literal):
        return Demand(name, sign, "varchar" if value.is_string else "number", value.this)
    if isinstance(value, exp.Boolean):
        return Demand(name, sign, "boolean", str(value.this).lower())
    if isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal) and value.this.is_string:
        kind = _LITERAL_TYPES.get(value.to.this)
        return None if kind is None else Demand(name, sign, kind, value.this.this)
    return None


def only_values(demands: Sequence[Demand], column: str) -> list[str] | None:
    """Return the texts that a column can have; None where the demands are not on equality with constants alone, or are none."""
    sets = [_values(each) for each in demands if each.column == column]
    known = [found for found in sets if found is not None]
    if not known or len(known) != len(sets):
        return None
    return [text for text in known[0] if all(text in others for others in known[1:])]


def _values(each: Demand) -> list[str] | None:
    if not each.parts:
        return [each.text] if each.sign == "=" else None
    sets = [_values(part) for part in each.parts]
    known = [found for found in sets if found is not None]
    if len(known) != len(sets):
        return None
    if each.sign == "all":
        return [text for text in known[0] if all(text in others for others in known[1:])]
    return list(dict.fromkeys(text for found in known for text in found))


def catalog_expression(demands: Sequence[Demand], columns: Sequence[str]) -> str:
    """Return what Glue is asked for instead of all partitions: a condition on these columns of texts; empty where there is none.

    It is no longer than Glue takes: it may pass more partitions than the condition.

    Example: ``(dt > '2026-01-01' OR dt = '2026-01-01')``.
    """
    asked = ""
    for each in demands:
        text = _short_expression(each) if each.column in columns else ""
        joined = " AND ".join(filter(None, (asked, text)))
        asked = joined if len(joined) <= MAX_EXPRESSION else asked
    return asked


def _short_expression(each: Demand) -> str:
    """Return the expression; of too many values, that of the range from the smallest to the greatest."""
    text, values = _expression(each), _values(each)
    if len(text) <= MAX_EXPRESSION or not values:
        return text
    return f"({each.column} >= '{min(values)}' AND {each.column} <= '{max(values)}')"


def _expression(each: Demand) -> str:
    if not each.parts:
        return f"{each.column} {each.sign} '{each.text}'" if each.kind == "varchar" and "'" not in each.text else ""
    texts = [_expression(part) for part in each.parts]
    if not all(texts):
        return " AND ".join(filter(None, texts)) if each.sign == "all" else ""
    return f"({(' AND ' if each.sign == 'all' else ' OR ').join(texts)})"
