"""The raw table's columns, as a crawler types the pipeline's own lines. Pure: no Airflow, no AWS client."""

from __future__ import annotations

from collections.abc import Mapping

from sales_cdc.contract.declared import declared_contract

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_NUMBERS = (*_WHOLE, "float", "double", "decimal")
_CRAWLED = {"bigint": _WHOLE, "double": _NUMBERS, "decimal": _NUMBERS, "boolean": ("boolean",)}


def raw_types() -> dict[str, tuple[str, ...]]:
    """By column of the raw table, the types of Glue that a crawler may give it, seeing the pipeline's own lines."""
    contract = declared_contract()
    fields = {each.column: _CRAWLED.get(each.type.partition("(")[0], ("string",)) for each in contract.fields}
    return dict.fromkeys(contract.columns, ("string",)) | fields


def foreign_types(types: Mapping[str, str]) -> dict[str, str]:
    """Of the raw table's columns, with their Glue types, those that the pipeline's own lines do not explain."""
    ours = raw_types()
    return {name: kind for name, kind in types.items() if name in ours and kind.split("(")[0] not in ours[name]}
