"""Compile string, regular expression and binary functions.

Sources: https://trino.io/docs/current/functions/string.html,
https://trino.io/docs/current/functions/regexp.html,
https://trino.io/docs/current/functions/binary.html
"""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.signatures import as_text_type, simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.sql.values.concatenation import concatenated
from local_cloud.athena.sql.values.texts import decimal_text
from local_cloud.athena.types import BIGINT, INTEGER, VARCHAR, Type

_SPACE = " || ".join(
    f"chr({code})"
    for code in (
        *range(9, 14),
        *range(28, 33),
        0x1680,
        *range(0x2000, 0x2007),
        *range(0x2008, 0x200B),
        0x2028,
        0x2029,
        0x205F,
        0x3000,
    )
)  # Java's white space, which has no no-break spaces
_SUBSTRING = "CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN '' ELSE substring({0}, {1}, {2}) END"


def _failing(bad: str, message: str, template: str) -> str:
    """Return ``template``, failing with INVALID_FUNCTION_ARGUMENT where ``bad`` holds."""
    return f"CASE WHEN {bad} THEN {raising('INVALID_FUNCTION_ARGUMENT', message, VARCHAR)} ELSE {template} END"


def _padded(function: str) -> Function:
    padded = f"{function}({{0}}, CAST({{1}} AS INTEGER), {{2}})"
    padded = _failing("{2} = ''", "Padding string must not be empty", padded)
    bad = "{1} NOT BETWEEN 0 AND 2147483647"
    return simple(
        (
            "varchar; bigint; varchar -> varchar",
            _failing(bad, "Target length must be in the range [0..2147483647]", padded),
        )
    )


def _null_safe(template: str, *arguments: int) -> str:
    """Return the template with NULL for a NULL argument, which CASE would turn into its ELSE branch."""
    missing = " OR ".join(f"{{{index}}} IS NULL" for index in arguments)
    return f"CASE WHEN {missing} THEN NULL ELSE {template} END"


def _concat(call: Call) -> Typed:
    values = call.arguments()
    if len(values) < 2 and not (values and values[0].type.name == "array"):
        raise call.session.invalid(
            call.node, "There must be two or more concatenation arguments", "INVALID_FUNCTION_ARGUMENT"
        )
    found = values[0]
    for value in values[1:]:
        found = concatenated(call.session, call.node, found, value)
    return found


def _concat_ws(call: Call) -> Typed:
    values = call.arguments()
    if len(values) == 2 and values[1].type.name == "array":
        return Typed(f"array_to_string({values[1].sql}, {values[0].sql})", VARCHAR)
    return Typed(f"concat_ws({', '.join(call.expect(*[VARCHAR] * len(values)))})", VARCHAR)


def _format(call: Call) -> Typed:
    values = call.arguments()
    if len(values) < 2 or not values[0].type.is_text:
        raise call.mistaken()
    kinds = {"varchar": "s", "boolean": "s", "date": "s", "double": "f", "real": "f"}
    parts = []
    for value in values[1:]:
        kind = "d" if value.type.is_integer else "n" if value.type.name == "decimal" else kinds.get(value.type.name)
        if kind is None:
            raise call.session.unsupported(call.node, f"format of {value.type}")
        shown = decimal_text(value) if kind == "n" else f"CAST({value.sql} AS VARCHAR)"
        parts.append(f"'{kind}' || {shown}")
    return Typed(f"trino_format({values[0].sql}, [{', '.join(parts)}])", VARCHAR)


def _split_part(call: Call) -> Typed:
    text, separator, index = call.expect(VARCHAR, VARCHAR, BIGINT)
    fail = raising("INVALID_FUNCTION_ARGUMENT", "Index must be greater than zero", VARCHAR)
    return Typed(
        f"(CASE WHEN {index} < 1 THEN {fail} WHEN {separator} = '' THEN nullif(substring({text}, {index}, 1), '') "
        f"ELSE trino_split({text}, {separator}, NULL)[{index}] END)",
        _kept(call),
    )


def _kept(call: Call) -> Type:
    """Return the type of a result that is at most as long as the first argument."""
    return as_text_type(call.argument(0).type)


def _plain(*texts: str) -> str:
    """Return the condition that texts are of single bytes. Some functions of DuckDB count bytes, or letters with accents."""
    return " AND ".join(f"strlen({text}) = length({text})" for text in texts)


def _distance(call: Call) -> Typed:
    """Compile levenshtein_distance and hamming_distance."""
    a, b = call.expect(VARCHAR, VARCHAR)
    function = call.name.removesuffix("_distance")
    found = f"(CASE WHEN {_plain(a, b)} THEN {function}({a}, {b}) ELSE trino_{function}({a}, {b}) END)"
    if function == "hamming":
        message = "The input strings to hamming_distance function must have the same length"
        fail = raising("INVALID_FUNCTION_ARGUMENT", message, BIGINT)
        found = f"(CASE WHEN length({a}) <> length({b}) THEN {fail} ELSE {found} END)"
    return Typed(f"CAST({found} AS BIGINT)", BIGINT)


def _codepoint(call: Call) -> Typed:
    value = call.argument(0)
    if len(call.nodes) != 1 or not (value.type.name == "unknown" or value.type.numbers in {(0,), (1,)}):
        raise call.mistaken()
    message = "Input string must be a single character string"
    fail = raising("INVALID_FUNCTION_ARGUMENT", message, INTEGER)
    return Typed(f"(CASE WHEN {value.sql} = '' THEN {fail} ELSE unicode({value.sql}) END)", INTEGER)


def _reverse(call: Call) -> Typed:
    value = call.argument(0)
    if value.type.name == "array" and len(call.nodes) == 1:
        return Typed(f"list_reverse({value.sql})", value.type)
    (text,) = call.expect(VARCHAR)
    return Typed(f"(CASE WHEN {_plain(text)} THEN reverse({text}) ELSE trino_reverse({text}) END)", _kept(call))


def _length(call: Call) -> Typed:
    value = call.argument(0)
    if value.type.name == "varbinary":
        return Typed(f"octet_length({value.sql})", BIGINT)
    (text,) = call.expect(VARCHAR)
    return Typed(f"CAST(length({text}) AS BIGINT)", BIGINT)


# DuckDB has a capital for the sharp s, Java has none.
_UPPER = "CASE WHEN contains({0}, 'ß') THEN array_to_string(list_transform(string_split({0}, 'ß'), lambda e: upper(e)), 'ß') ELSE upper({0}) END"


TEXT: dict[str, Function] = {
    "lower": simple(("varchar -> same", "lower({0})")), "upper": simple(("varchar -> same", _UPPER)), "reverse": _reverse, "length": _length,
    "concat": _concat, "concat_ws": _concat_ws, "format": _format, "split_part": _split_part, **dict.fromkeys(("levenshtein_distance", "hamming_distance"), _distance),
    "trim": simple(("varchar -> same", f"trim({{0}}, {_SPACE})"), ("varchar; varchar -> same", "trim({0}, {1})")),
    "ltrim": simple(("varchar -> same", f"ltrim({{0}}, {_SPACE})"), ("varchar; varchar -> same", "ltrim({0}, {1})")),
    "rtrim": simple(("varchar -> same", f"rtrim({{0}}, {_SPACE})"), ("varchar; varchar -> same", "rtrim({0}, {1})")),
    "lpad": _padded("lpad"), "rpad": _padded("rpad"),
    "replace": simple(("varchar; varchar -> same", "replace({0}, {1}, '')"), ("varchar; varchar; varchar -> varchar", "trino_replace({0}, {1}, {2})", lambda x, _, z: x + z * (x + 1))),
    **dict.fromkeys(("substr", "substring"), simple(
        ("varchar; bigint -> same", _null_safe(_SUBSTRING.replace("{2}", "CAST(length({0}) AS BIGINT) + 1"), 0, 1)),
        ("varchar; bigint; bigint -> same", _null_safe(_SUBSTRING, 0, 1, 2)),
    )),
    "split": simple(("varchar; varchar -> array(same)", "trino_split({0}, {1}, NULL)"), ("varchar; varchar; bigint -> array(same)", "trino_split({0}, {1}, {2})")),
    "split_to_map": simple(("varchar; varchar; varchar -> map(varchar, varchar)", _null_safe("map_from_entries(list_transform(trino_split_pairs({0}, {1}, {2}), lambda e: struct_pack(k := e[1], v := e[2])))", 0, 1, 2))),
    "strpos": simple(("varchar; varchar -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)")),
    "starts_with": simple(("varchar; varchar -> boolean", "starts_with({0}, {1})")),
    "chr": simple(("bigint -> varchar(1)", "chr(CAST({0} AS INTEGER))")),
    "codepoint": _codepoint,
    "translate": simple(("varchar; varchar; varchar -> varchar", "translate({0}, {1}, {2})")),
    "regexp_like": simple(("varchar; varchar -> boolean", "trino_regexp_like({0}, {1})")),
    "regexp_extract": simple(("varchar; varchar -> same", "trino_regexp_extract({0}, {1}, 0)"), ("varchar; varchar; bigint -> same", "trino_regexp_extract({0}, {1}, {2})")),
    "regexp_extract_all": simple(("varchar; varchar -> array(same)", "trino_regexp_extract_all({0}, {1}, 0)"), ("varchar; varchar; bigint -> array(same)", "trino_regexp_extract_all({0}, {1}, {2})")),
    "regexp_replace": simple(("varchar; varchar -> same", "trino_regexp_replace({0}, {1}, '')"), ("varchar; varchar; varchar -> varchar", "trino_regexp_replace({0}, {1}, {2})", lambda x, _, z: x + max(x * z // 2, z) * (x + 1))),
    "regexp_split": simple(("varchar; varchar -> array(same)", "trino_regexp_split({0}, {1})")),
    "regexp_count": simple(("varchar; varchar -> bigint", "CAST(len(trino_regexp_extract_all({0}, {1}, 0)) AS BIGINT)")),
    "to_utf8": simple(("varchar -> varbinary", "encode({0})")),
    "from_utf8": simple(("varbinary -> varchar", "trino_from_utf8({0})")),
    "to_hex": simple(("varbinary -> varchar", "hex({0})")),
    "from_hex": simple(("varchar -> varbinary", "from_hex(" + _failing("length({0}) % 2 = 1", "invalid input length ' || length({0}) || '", "{0}") + ")")),
    "to_base64": simple(("varbinary -> varchar", "to_base64({0})")),
    "from_base64": simple(("varchar -> varbinary", "from_base64({0})")),
    "md5": simple(("varbinary -> varbinary", "from_hex(md5({0}))")),
    "sha1": simple(("varbinary -> varbinary", "from_hex(sha1({0}))")),
    "sha256": simple(("varbinary -> varbinary", "from_hex(sha256({0}))")),
    "sha512": simple(("varbinary -> varbinary", "trino_sha512({0})")),
    "crc32": simple(("varbinary -> bigint", "trino_crc32({0})")),
    "url_encode": simple(("varchar -> varchar", "trino_url_encode({0})", lambda x: x * 12)),
    "url_decode": simple(("varchar -> same", "trino_url_decode({0})")),
}  # fmt: skip
