"""String, regular expression and binary functions.

Source: Trino documentation, *String functions and operators*, *Regular expression functions*, *Binary functions and operators*.
"""

from __future__ import annotations

from local_cloud.athena.sql.calls import Call
from local_cloud.athena.sql.casts import coerce
from local_cloud.athena.sql.functions.signatures import Function, simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.operators import concatenated
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.types import BIGINT, VARCHAR

_SPACE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31)"
_SUBSTRING = "CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN '' ELSE substring({0}, {1}, {2}) END"


def _null_safe(template: str, *arguments: int) -> str:
    """CASE would turn a NULL argument into its ELSE branch: NULL first."""
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
        raise call.mistaken([value.type for value in values])
    kinds = {"varchar": "s", "boolean": "s", "date": "s", "double": "f", "real": "f"}
    parts = []
    for value in values[1:]:
        kind = "d" if value.type.is_integer else "n" if value.type.name == "decimal" else kinds.get(value.type.name)
        if kind is None:
            raise call.session.unsupported(call.node, f"format of {value.type}")
        parts.append(f"'{kind}' || CAST({value.sql} AS VARCHAR)")
    return Typed(f"trino_format({values[0].sql}, [{', '.join(parts)}])", VARCHAR)


def _split_part(call: Call) -> Typed:
    text, separator, index = call.expect(VARCHAR, VARCHAR, BIGINT)
    fail = raising("INVALID_FUNCTION_ARGUMENT", "Index must be greater than zero", VARCHAR)
    return Typed(
        f"(CASE WHEN {index} < 1 THEN {fail} ELSE trino_split({text}, {separator}, NULL)[{index}] END)", VARCHAR
    )


def _levenshtein(call: Call) -> Typed:
    a, b = call.expect(VARCHAR, VARCHAR)
    return Typed(f"CAST(levenshtein({a}, {b}) AS BIGINT)", BIGINT)


def _reverse(call: Call) -> Typed:
    value = call.argument(0)
    if value.type.name == "array" and len(call.nodes) == 1:
        return Typed(f"list_reverse({value.sql})", value.type)
    (text,) = call.expect(VARCHAR)
    return Typed(f"reverse({text})", VARCHAR)


def _length(call: Call) -> Typed:
    value = call.argument(0)
    if value.type.name == "varbinary":
        return Typed(f"octet_length({value.sql})", BIGINT)
    (text,) = call.expect(VARCHAR)
    return Typed(f"CAST(length({text}) AS BIGINT)", BIGINT)


def _lower_like(function: str) -> Function:
    def compiled(call: Call) -> Typed:
        value = call.argument(0)
        call.expect(VARCHAR)
        return Typed(f"{function}({coerce(value, VARCHAR).sql})", value.type if value.type.is_text else VARCHAR)

    return compiled


TEXT: dict[str, Function] = {
    "lower": _lower_like("lower"), "upper": _lower_like("upper"), "reverse": _reverse, "length": _length,
    "concat": _concat, "concat_ws": _concat_ws, "format": _format, "split_part": _split_part, "levenshtein_distance": _levenshtein,
    "trim": simple(("varchar -> varchar", f"trim({{0}}, {_SPACE})"), ("varchar; varchar -> varchar", "trim({0}, {1})")),
    "ltrim": simple(("varchar -> varchar", f"ltrim({{0}}, {_SPACE})"), ("varchar; varchar -> varchar", "ltrim({0}, {1})")),
    "rtrim": simple(("varchar -> varchar", f"rtrim({{0}}, {_SPACE})"), ("varchar; varchar -> varchar", "rtrim({0}, {1})")),
    "lpad": simple(("varchar; bigint; varchar -> varchar", "lpad({0}, CAST({1} AS INTEGER), {2})")),
    "rpad": simple(("varchar; bigint; varchar -> varchar", "rpad({0}, CAST({1} AS INTEGER), {2})")),
    "replace": simple(("varchar; varchar -> varchar", "replace({0}, {1}, '')"), ("varchar; varchar; varchar -> varchar", "trino_replace({0}, {1}, {2})")),
    **dict.fromkeys(("substr", "substring"), simple(
        ("varchar; bigint -> varchar", _null_safe(_SUBSTRING.replace("{2}", "CAST(length({0}) AS BIGINT) + 1"), 0, 1)),
        ("varchar; bigint; bigint -> varchar", _null_safe(_SUBSTRING, 0, 1, 2)),
    )),
    "split": simple(("varchar; varchar -> array(varchar)", "trino_split({0}, {1}, NULL)"), ("varchar; varchar; bigint -> array(varchar)", "trino_split({0}, {1}, {2})")),
    "split_to_map": simple(("varchar; varchar; varchar -> map(varchar, varchar)", "map_from_entries(list_transform(trino_split({0}, {1}, NULL), lambda e: struct_pack(k := split_part(e, {2}, 1), v := split_part(e, {2}, 2))))")),
    "strpos": simple(("varchar; varchar -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)")),
    "starts_with": simple(("varchar; varchar -> boolean", "starts_with({0}, {1})")),
    "chr": simple(("bigint -> varchar", "chr(CAST({0} AS INTEGER))")),
    "codepoint": simple(("varchar -> integer", "unicode({0})")),
    "hamming_distance": simple(("varchar; varchar -> bigint", "CAST(hamming({0}, {1}) AS BIGINT)")),
    "translate": simple(("varchar; varchar; varchar -> varchar", "translate({0}, {1}, {2})")),
    "regexp_like": simple(("varchar; varchar -> boolean", "trino_regexp_like({0}, {1})")),
    "regexp_extract": simple(("varchar; varchar -> varchar", "trino_regexp_extract({0}, {1}, 0)"), ("varchar; varchar; bigint -> varchar", "trino_regexp_extract({0}, {1}, {2})")),
    "regexp_extract_all": simple(("varchar; varchar -> array(varchar)", "trino_regexp_extract_all({0}, {1}, 0)"), ("varchar; varchar; bigint -> array(varchar)", "trino_regexp_extract_all({0}, {1}, {2})")),
    "regexp_replace": simple(("varchar; varchar -> varchar", "trino_regexp_replace({0}, {1}, '')"), ("varchar; varchar; varchar -> varchar", "trino_regexp_replace({0}, {1}, {2})")),
    "regexp_split": simple(("varchar; varchar -> array(varchar)", "trino_regexp_split({0}, {1})")),
    "regexp_count": simple(("varchar; varchar -> bigint", "CAST(len(trino_regexp_extract_all({0}, {1}, 0)) AS BIGINT)")),
    "to_utf8": simple(("varchar -> varbinary", "encode({0})")),
    "from_utf8": simple(("varbinary -> varchar", "trino_from_utf8({0})")),
    "to_hex": simple(("varbinary -> varchar", "hex({0})")),
    "from_hex": simple(("varchar -> varbinary", "from_hex({0})")),
    "to_base64": simple(("varbinary -> varchar", "to_base64({0})")),
    "from_base64": simple(("varchar -> varbinary", "from_base64({0})")),
    "md5": simple(("varbinary -> varbinary", "from_hex(md5({0}))")),
    "sha1": simple(("varbinary -> varbinary", "from_hex(sha1({0}))")),
    "sha256": simple(("varbinary -> varbinary", "from_hex(sha256({0}))")),
    "sha512": simple(("varbinary -> varbinary", "trino_sha512({0})")),
    "crc32": simple(("varbinary -> bigint", "trino_crc32({0})")),
    "url_encode": simple(("varchar -> varchar", "trino_url_encode({0})")),
    "url_decode": simple(("varchar -> varchar", "trino_url_decode({0})")),
}  # fmt: skip
