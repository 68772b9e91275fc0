"""Compile SQL's own JSON functions: json_value, json_query and json_object, whose arguments have words between them.

Source: https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler, ExpressionHandler
from local_cloud.athena.sql.expressions.conversions import target_type
from local_cloud.athena.sql.model import Scope, Session, Typed
from local_cloud.athena.sql.values.casts import cast, coerce
from local_cloud.athena.sql.values.json_building import json_object
from local_cloud.athena.types import DOUBLE, VARCHAR, Type, duckdb_name


def _text(compiler: Compiler, node: exp.Expr, scope: Scope) -> str:
    value = compiler.value(node, scope)
    if not value.type.is_text and value.type.name != "unknown":
        raise compiler.session.mismatch(node, f"Cannot read input of type {value.type} as JSON using formatting JSON")
    return coerce(value, VARCHAR).sql


def _word(session: Session, node: exp.Expr, condition: object) -> str:
    if isinstance(condition, exp.Expr):
        return "default"
    words = str(condition or "NULL").upper().split()
    known = {"NULL": "null", "ERROR": "error", "EMPTY": words[1].lower() if len(words) > 1 else ""}
    if words[0] not in known:
        raise session.unsupported(node, f"{condition} in a JSON function")
    return known[words[0]]


def _value(compiler: Compiler, node: exp.JSONValue, scope: Scope) -> Typed:
    conditions = node.args.get("on_condition")
    on = {key: conditions.args.get(key) if conditions is not None else None for key in ("empty", "error")}
    target = target_type(exp.Cast(to=node.args["returning"])) if node.args.get("returning") else VARCHAR
    words = [_word(compiler.session, node, on[key]) for key in ("empty", "error")]
    form = "number" if target.is_numeric else "text"
    path = compiler.value(node.args["path"], scope).sql
    found = f"trino_json_value({_text(compiler, node.this, scope)}, {path}, '{words[0]} {words[1]} {form}')"
    branches = ""
    for key, word in zip(("empty", "error"), words, strict=True):
        if word == "default" and conditions is not None:
            default = cast(compiler.value(conditions.args[key], scope), target).sql
            branches += f"WHEN {found} = chr(0) || '{key}' THEN {default} "
    returned = _returned(found, target)
    if words[1] == "null" and target != VARCHAR:
        returned = f"TRY({returned})"
    if words[1] == "default" and conditions is not None and target != VARCHAR:
        default = cast(compiler.value(conditions.args["error"], scope), target).sql
        returned = f"(CASE WHEN {found} IS NOT NULL THEN coalesce(TRY({returned}), {default}) END)"
    return Typed(f"(CASE {branches}ELSE {returned} END)" if branches else returned, target)


def _returned(found: str, target: Type) -> str:
    """Return the text as the type after RETURNING. A number with a point or an exponent is a double."""
    text = Typed(found, VARCHAR)
    if not target.is_integer:
        return cast(text, target).sql
    whole = cast(Typed(f"TRY_CAST({found} AS DOUBLE)", DOUBLE), target).sql
    return f"(CASE WHEN regexp_matches({found}, '[.e]') THEN {whole} ELSE CAST({found} AS {duckdb_name(target)}) END)"


def _query(compiler: Compiler, node: exp.JSONExtract, scope: Scope) -> Typed:
    option = node.args["option"].name.upper().split() if node.args.get("option") is not None else ["WITHOUT"]
    wrapper = "none" if option[0] == "WITHOUT" else "conditional" if "CONDITIONAL" in option else "unconditional"
    quote = node.args.get("quote")
    quotes = "omit" if quote is not None and str(quote.args.get("option")).upper() == "OMIT" else "keep"
    conditions = node.args.get("on_condition")
    words = [
        _word(compiler.session, node, conditions.args.get(key) if conditions is not None else None)
        for key in ("empty", "error")
    ]
    if not node.args.get("json_query") or "default" in words:
        raise compiler.session.unsupported(node, "This form of json_query")
    path = compiler.value(node.expression, scope).sql
    outcome = f"{wrapper} {quotes} {words[0]} {words[1]}"
    return Typed(f"trino_json_query({_text(compiler, node.this, scope)}, {path}, '{outcome}')", VARCHAR)


def _object(compiler: Compiler, node: exp.JSONObject, scope: Scope) -> Typed:
    entries = [entry for entry in node.expressions if isinstance(entry, exp.JSONKeyValue)]
    pairs = [(compiler.value(entry.this, scope), compiler.value(entry.expression, scope)) for entry in entries]
    absent = str(node.args.get("null_handling") or "").upper().startswith("ABSENT")
    return json_object(pairs, entries, absent=absent)


JSON_SQL: dict[type[exp.Expr], ExpressionHandler] = {
    exp.JSONValue: _value,
    exp.JSONExtract: _query,
    exp.JSONObject: _object,
}
