"""Say what a batch found that fails no check: foreign objects and types, quarantined lines, rescued values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import sql_name
from sales_cdc.reconcile.findings import awaited_backfill

CONTRACT = declared_contract()
RAW_TABLE, QUARANTINE = CONTRACT.raw_table, CONTRACT.table("quarantine")
COLUMNS = {each.name: each.column for each in CONTRACT.fields}
MAX_NAMED = 5
REDRIVE = "Run sales_cdc_redrive within 24 hours of the changes: it reads them from the table's stream and delivers them past Kinesis."
FOUND_BY = (
    f'SELECT DISTINCT "$path" FROM {sql_name(RAW_TABLE)} WHERE {{0}} IS NOT NULL AND try_cast({{0}} AS double) IS NULL'  # noqa: S608 (a name of ours)
)


def raw_table_warnings(raw_table: Mapping[str, Any]) -> list[str]:
    """Return warnings of foreign objects under ``raw/<entity>/``, and of columns that the crawler did not find."""
    warnings = []
    if found := raw_table.get("foreign_objects", 0):
        named = ", ".join(raw_table["foreign"][:MAX_NAMED])
        removed = len(raw_table["removed_tables"])
        made = f" The crawler had made tables of them and of whole hours: {removed} were removed." if removed else ""
        warnings.append(
            f"{found} objects or folders under {bucket_keys.RAW_PREFIX} are not the pipeline's: {named}{' and more' if found > MAX_NAMED else ''}."
            f"{made} {RAW_TABLE} is one table and has every hour. Move these objects out of raw/."
        )
    if columns := raw_table.get("added_columns"):
        warnings.append(
            f"The crawler gave {RAW_TABLE} no column {', '.join(columns)}: the contract's were put in. If every run says so, the "
            "crawler's classifier does not recognise the lines: set SALES_CDC_RAW_COLUMNS=built-in and run sales_cdc_setup."
        )
    return warnings


def batch_warnings(raw_table: Mapping[str, Any], curated: Mapping[str, Any]) -> list[str]:
    """Return warnings: findings that fail no check. ``raw_table`` is what was verified, ``curated`` has the job's counts."""
    quarantined, rescued = curated.get("quarantined", 0), curated.get("rescued") or {}
    warnings = [
        foreign_type_warning(column, kind, raw_table.get("foreign", ()), rescued.get("values", ()))
        for column, kind in raw_table.get("foreign_types", {}).items()
    ]
    if quarantined:
        warnings.append(
            f"This run quarantined {quarantined} of raw/'s lines: they do not say which change they are, and are in no other curated table. "
            f"Their objects and reasons are listed under 'In quarantine', all of them in {QUARANTINE}."
        )
    if rescued.get("changes"):
        keys = rescued["keys"]
        orders = ", ".join(keys[:MAX_NAMED]) + (", …" if len(keys) > MAX_NAMED else "")
        warnings.append(
            f"{rescued['changes']} of this run's changes have values that do not fit their columns: {', '.join(rescued['fields'])}. "
            f"They are null there, and whole in the column rescued_data. The orders: {orders}."
        )
    return warnings


def foreign_type_warning(column: str, kind: str, foreign: Sequence[str], values: Iterable[Mapping[str, Any]]) -> str:
    """Return the warning of a raw column whose type the pipeline's own lines do not explain, with the objects that may be the cause.

    These are the objects of this run with rescued values of that column, then the foreign objects. An object of an earlier run is
    among neither: a query finds it.
    """
    rescued = {
        each["object"]: f"{each['object']} ({rescue_reason(each)})"
        for each in values
        if COLUMNS.get(each["field"], each["field"].lower()) == column
    }
    causes = [*rescued.values(), *(key for key in foreign if key not in rescued)]
    named = (
        "; ".join(causes[:MAX_NAMED])
        or f"an object of an earlier run; for a number's column this names it: {FOUND_BY.format(sql_name(column))}"
    )
    return (
        f"The column {column} of {RAW_TABLE} is {kind}, which the pipeline's own lines do not explain, for everyone who reads it. "
        f"The curated tables keep their types: what does not fit is rescued or quarantined. The cause: {named}. Move foreign "
        "objects out of raw/ and run the batch again."
    )


def rescued_document(rescued: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many changes have rescued values, of which fields, and the first of these values: order, field, reason, object."""
    values = [
        {"orderid": each["key"], "field": each["field"], "reason": rescue_reason(each), "object": each["object"]}
        for each in rescued.get("values", ())
    ]
    return {"changes": rescued.get("changes", 0), "fields": list(rescued.get("fields", ())), "values": values}


def rescue_reason(value: Mapping[str, Any]) -> str:
    """Say why a value does not fit, without the value.

    >>> rescue_reason({"declared": "decimal(12,2)", "found": "S"}), rescue_reason({"declared": "decimal(12,2)", "found": "N"})
    ('S, not decimal(12,2)', 'N that decimal(12,2) does not hold')
    """
    declared, found = value["declared"], value["found"] or "no type"
    is_number = declared.startswith(("bigint", "double", "decimal", "timestamp"))
    fits_in_kind = (found == "N" and is_number) or (found == "S" and declared in {"timestamp", "json"})
    return f"{found} that {declared} does not hold" if fits_in_kind else f"{found}, not {declared}"


def backfill_warning(reconciliation: Mapping[str, Any] | None) -> list[str]:
    """Return a warning when items of an adopted table may be older than its stream, and nothing was backfilled yet."""
    if reconciliation is None or not reconciliation.get("awaits_backfill"):
        return []
    return [awaited_backfill(reconciliation["missing"])]


def given_up_warning(changes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return a warning that names the orders; none without changes.

    >>> given_up_warning([])
    []
    """
    if not changes:
        return []
    named = ", ".join(f"{each['orderid']} ({each['event_type']}: {each['reason']})" for each in changes[:MAX_NAMED])
    more = ", …" if len(changes) > MAX_NAMED else ""
    return [f"The pipe gave up on changes of these orders: {named}{more}. {REDRIVE}"]
