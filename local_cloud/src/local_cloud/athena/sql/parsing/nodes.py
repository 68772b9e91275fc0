"""List the nodes of sqlglot's tree that Trino has and the compiler knows, each with its possible arguments."""

from __future__ import annotations

_QUERY = "with_ order limit offset"
_BINARY = "this expression"

ALLOWED: dict[str, frozenset[str]] = {
    name: frozenset(arguments.split())
    for name, arguments in {
        "Select": f"{_QUERY} expressions from_ joins where group having distinct windows",
        "Union": f"{_QUERY} this expression distinct", "Except": f"{_QUERY} this expression distinct", "Intersect": f"{_QUERY} this expression distinct",
        "Values": f"{_QUERY} expressions alias", "Subquery": f"{_QUERY} this alias joins", "With": "expressions recursive", "CTE": "this alias",
        "TableAlias": "this columns", "From": "this", "Join": "this on using side kind", "Table": "this db catalog alias version joins",
        "Version": "this expression kind", "Unnest": "expressions alias offset", "Lateral": "this alias", "Where": "this",
        "Group": "expressions grouping_sets rollup cube all", "GroupingSets": "expressions", "Rollup": "expressions", "Cube": "expressions", "Having": "this",
        "Order": "this expressions", "Ordered": "this desc nulls_first", "Limit": "expression", "Offset": "expression", "Fetch": "direction count limit_options",
        "LimitOptions": "rows", "Distinct": "expressions", "Alias": "this alias", "Star": "", "Column": "this table db catalog",
        "Identifier": "this quoted", "Dot": _BINARY, "Literal": "this is_string", "Boolean": "this", "Null": "", "HexString": "this", "UnicodeString": "this escape",
        "Paren": "this", "Neg": "this", "Not": "this", "And": _BINARY, "Or": _BINARY, "EQ": _BINARY, "NEQ": _BINARY, "GT": _BINARY, "GTE": _BINARY,
        "LT": _BINARY, "LTE": _BINARY, "NullSafeEQ": _BINARY, "NullSafeNEQ": _BINARY, "Is": _BINARY, "Between": "this low high",
        "In": "this expressions query", "Like": "this expression", "Escape": _BINARY, "Case": "this ifs default", "If": "this true false",
        "Cast": "this to", "TryCast": "this to safe", "DataType": "this expressions nested values", "DataTypeParam": "this", "ColumnDef": "this kind",
        "Interval": "this unit", "IntervalSpan": "this expression", "Var": "this", "Add": _BINARY, "Sub": _BINARY, "Mul": _BINARY, "Div": "this expression typed safe", "Mod": _BINARY,
        "DPipe": "this expression safe", "Bracket": "this expressions", "Array": "expressions", "Tuple": "expressions", "Lambda": "this expressions",
        "Anonymous": "this expressions", "Extract": "this expression", "AtTimeZone": "this zone", "Exists": "this", "All": "this", "Any": "this",
        "Window": "this partition_by order spec over alias", "WindowSpec": "kind start start_side end end_side", "Filter": "this expression",
        "IgnoreNulls": "this", "RespectNulls": "this", "GroupConcat": "this separator on_overflow", "CurrentDate": "", "CurrentTimestamp": "", "CurrentTime": "",
        "Localtimestamp": "this", "Localtime": "this", "CurrentUser": "", "CurrentCatalog": "", "CurrentSchema": "", "Placeholder": "", "StrPosition": "this substr", "Trim": "this expression position", "Xor": _BINARY,
        "ParseJSON": "this is_literal", "Substring": "this start length", "Normalize": "this form",
        "JSONValue": "this path returning on_condition", "JSONObject": "expressions null_handling", "JSONKeyValue": _BINARY,
        "JSONExtract": "this expression option json_query quote on_condition", "JSONExtractQuote": "option scalar", "OnCondition": "empty error",
        "OverflowTruncateBehavior": "this with_count",
    }.items()
}  # fmt: skip
