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
from local_cloud.athena.sql.values.texts import text_of
from local_cloud.athena.types import BIGINT, INTEGER, VARCHAR, Type, array

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
    checked = _failing(bad, "Target length must be in the range [0..2147483647]", padded)
    bytes_padded = f"trino_padded_bytes({{0}}, {{1}}, {{2}}, '{function}')"
    chars = [("char; bigint; varchar -> varchar", checked)] if function == "lpad" else []
    return simple(
        ("varchar; bigint; varchar -> varchar", checked),
        *chars,
        ("varbinary; bigint; varbinary -> varbinary", bytes_padded),
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
    if len(values) < 2:
        raise call.session.invalid(call.node, "There must be two or more arguments", "INVALID_FUNCTION_ARGUMENT")
    if len(values) == 2 and values[1].type.name == "array":
        separator, items = call.expect(VARCHAR, array(VARCHAR))
        return Typed(
            f"(CASE WHEN {separator} IS NULL THEN NULL ELSE array_to_string({items}, {separator}) END)", VARCHAR
        )
    separator, *texts = call.expect(*[VARCHAR] * len(values))
    joined = f"concat_ws({separator}, {', '.join(texts)})"
    return Typed(f"(CASE WHEN {separator} IS NULL THEN NULL ELSE {joined} END)", VARCHAR)


def _format(call: Call) -> Typed:
    values = call.arguments()
    if len(values) < 2 or not values[0].type.is_text:
        raise call.mistaken()
    return Typed(
        f"trino_format({values[0].sql}, [{', '.join(_carried(call, value) for value in values[1:])}])", VARCHAR
    )


def _carried(call: Call, value: Typed) -> str:
    """Return a value as a letter for its kind and its text."""
    kind = value.type
    letters = {"varchar": "s", "char": "s", "boolean": "b", "decimal": "n", "double": "f", "real": "f"}
    if kind.name == "unknown":
        return "NULL"
    letter = (
        "d"
        if kind.is_integer
        else "t"
        if kind.name in {"date", "timestamp", "timestamp with time zone"}
        else letters.get(kind.name)
    )
    if letter is None:
        raise call.session.unsupported(call.node, f"format of {kind}")
    return f"'{letter}' || {f'CAST({value.sql} AS VARCHAR)' if letter == 'f' else text_of(value)}"


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
    if len(call.nodes) != 1:
        raise call.mistaken()
    call.require_type(0)
    value = call.argument(0)
    if value.type.name == "array":
        return Typed(f"list_reverse({value.sql})", value.type)
    if value.type.name == "varbinary":
        return Typed(f"trino_reversed_bytes({value.sql})", value.type)
    return _REVERSED(call)


def _substr(call: Call) -> Typed:
    call.require_type(0)
    return _PART(call)


# DuckDB has a capital for the sharp s, Java has none.
_UPPER = "CASE WHEN contains({0}, 'ß') THEN array_to_string(list_transform(string_split({0}, 'ß'), lambda e: upper(e)), 'ß') ELSE upper({0}) END"
_PLAIN_REVERSE = "CASE WHEN strlen({0}) = length({0}) THEN reverse({0}) ELSE trino_reverse({0}) END"
_REVERSED = simple(("varchar -> same", _PLAIN_REVERSE), ("char -> char", _PLAIN_REVERSE))
_WITHOUT_END = _SUBSTRING.replace("{2}", "CAST(length({0}) AS BIGINT) + 1")
_PART = simple(
    *((f"{kind}; bigint -> same", _null_safe(_WITHOUT_END, 0, 1)) for kind in ("varchar", "char")),
    *((f"{kind}; bigint; bigint -> same", _null_safe(_SUBSTRING, 0, 1, 2)) for kind in ("varchar", "char")),
    ("varbinary; bigint -> varbinary", "trino_bytes({0}, {1}, NULL)"),
    ("varbinary; bigint; bigint -> varbinary", "trino_bytes({0}, {1}, {2})"),
)


def _trimmed(function: str) -> Function:
    """Make trim, ltrim or rtrim; a char has lost its last spaces anyway."""
    char = "rtrim({0}, ' ')"
    return simple(
        ("varchar -> same", f"{function}({{0}}, {_SPACE})"),
        ("varchar; varchar -> same", f"{function}({{0}}, {{1}})"),
        ("char -> same", f"{function}({char}, {_SPACE})"),
        ("char; varchar -> same", f"{function}({char}, {{1}})"),
    )


TEXT: dict[str, Function] = {
    "lower": simple(("varchar -> same", "lower({0})"), ("char -> char", "lower({0})")), "upper": simple(("varchar -> same", _UPPER), ("char -> char", _UPPER)),
    "reverse": _reverse, **dict.fromkeys(("substr", "substring"), _substr), "trim": _trimmed("trim"), "ltrim": _trimmed("ltrim"), "rtrim": _trimmed("rtrim"),
    "length": simple(("varchar -> bigint", "CAST(length({0}) AS BIGINT)"), ("char -> bigint", "CAST(length({0}) AS BIGINT)"), ("varbinary -> bigint", "octet_length({0})")),
    "concat": _concat, "concat_ws": _concat_ws, "format": _format, "split_part": _split_part, **dict.fromkeys(("levenshtein_distance", "hamming_distance"), _distance),
    "lpad": _padded("lpad"), "rpad": _padded("rpad"),
    "replace": simple(("varchar; varchar -> same", "replace({0}, {1}, '')"), ("varchar; varchar; varchar -> varchar", "trino_replace({0}, {1}, {2})", lambda x, _, z: x + z * (x + 1))),
    "split": simple(("varchar; varchar -> array(same)", "trino_split({0}, {1}, NULL)"), ("varchar; varchar; bigint -> array(same)", "trino_split({0}, {1}, {2})")),
    "split_to_map": simple(("varchar; varchar; varchar -> map(varchar, varchar)", _null_safe("map_from_entries(list_transform(trino_split_pairs({0}, {1}, {2}), lambda e: struct_pack(k := e[1], v := e[2])))", 0, 1, 2))),
    "strpos": simple(("varchar; varchar -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)"), ("varchar; varchar; bigint -> bigint", "trino_strpos({0}, {1}, {2})")),
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
    "regexp_position": simple(("varchar; varchar -> integer", "trino_regexp_position({0}, {1}, 1, 1)"), ("varchar; varchar; bigint -> integer", "trino_regexp_position({0}, {1}, {2}, 1)"), ("varchar; varchar; bigint; bigint -> integer", "trino_regexp_position({0}, {1}, {2}, {3})")),
    "split_to_multimap": simple(("varchar; varchar; varchar -> map(varchar, array(varchar))", _null_safe("map_from_entries(list_transform(trino_split_multi({0}, {1}, {2}), lambda e: struct_pack(k := e[1], v := e[2:])))", 0, 1, 2))),
    "soundex": simple(("varchar -> varchar(4)", "trino_soundex({0})")), "luhn_check": simple(("varchar -> boolean", "trino_luhn({0})")),
    "format_number": simple(("bigint -> varchar", "trino_short_number(CAST({0} AS VARCHAR))"), ("double -> varchar", "trino_short_number(CAST({0} AS VARCHAR))")),
    "normalize": simple(("varchar -> varchar", "trino_normalize({0}, 'NFC')"), ("varchar; varchar -> varchar", "trino_normalize({0}, {1})")),
}  # fmt: skip
