"""Compile functions of bytes and of URLs.

Sources: https://trino.io/docs/current/functions/binary.html, https://trino.io/docs/current/functions/url.html
"""

from __future__ import annotations

from local_cloud.athena.sql.functions.call import Function
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.raising import raising
from local_cloud.athena.types import VARCHAR

_ODD = raising("INVALID_FUNCTION_ARGUMENT", "invalid input length ' || length({0}) || '", VARCHAR)


def _hashed(template: str) -> Function:
    return simple(("varbinary -> varbinary", template))


def _of_url(part: str) -> Function:
    return simple(("varchar -> same", f"trino_url_part({{0}}, '{part}')"))


BINARY: dict[str, Function] = {
    "to_utf8": simple(("varchar -> varbinary", "encode({0})"), ("char -> varbinary", "encode({0})")),
    "from_utf8": simple(("varbinary -> varchar", "trino_from_utf8({0}, chr(65533))"), ("varbinary; varchar -> varchar", "trino_from_utf8({0}, {1})")),
    "to_hex": simple(("varbinary -> varchar", "hex({0})")),
    "from_hex": simple(("varchar -> varbinary", f"trino_from_hex(CASE WHEN length({{0}}) % 2 = 1 THEN {_ODD} ELSE {{0}} END)")),
    "to_base64": simple(("varbinary -> varchar", "to_base64({0})")), "from_base64": simple(("varchar -> varbinary", "trino_from_text({0}, '64')")),
    "to_base64url": simple(("varbinary -> varchar", "translate(to_base64({0}), '+/', '-_')")), "from_base64url": simple(("varchar -> varbinary", "trino_from_text(translate({0}, '-_', '+/'), '64')")),
    "to_base32": simple(("varbinary -> varchar", "trino_to_base32({0})")), "from_base32": simple(("varchar -> varbinary", "trino_from_text({0}, '32')")),
    "md5": _hashed("from_hex(md5({0}))"), "sha1": _hashed("from_hex(sha1({0}))"), "sha256": _hashed("from_hex(sha256({0}))"), "sha512": _hashed("trino_sha512({0})"),
    "xxhash64": _hashed("trino_xxhash64({0})"), "murmur3": _hashed("trino_murmur3({0})"), "crc32": simple(("varbinary -> bigint", "trino_crc32({0})")),
    **{f"hmac_{name}": simple(("varbinary; varbinary -> varbinary", f"trino_hmac({{0}}, {{1}}, '{name}')")) for name in ("md5", "sha1", "sha256", "sha512")},
    "to_big_endian_64": simple(("bigint -> varbinary", "trino_packed(CAST({0} AS VARCHAR), '>q')")), "from_big_endian_64": simple(("varbinary -> bigint", "CAST(trino_unpacked({0}, '>q') AS BIGINT)")),
    "to_big_endian_32": simple(("integer -> varbinary", "trino_packed(CAST({0} AS VARCHAR), '>i')")), "from_big_endian_32": simple(("varbinary -> integer", "CAST(trino_unpacked({0}, '>i') AS INTEGER)")),
    "to_ieee754_64": simple(("double -> varbinary", "trino_packed(CAST({0} AS VARCHAR), '>d')")), "from_ieee754_64": simple(("varbinary -> double", "CAST(trino_unpacked({0}, '>d') AS DOUBLE)")),
    "to_ieee754_32": simple(("real -> varbinary", "trino_packed(CAST({0} AS VARCHAR), '>f')")), "from_ieee754_32": simple(("varbinary -> real", "CAST(trino_unpacked({0}, '>f') AS FLOAT)")),
    "url_encode": simple(("varchar -> varchar", "trino_url_encode({0})", lambda x: x * 12)), "url_decode": simple(("varchar -> same", "trino_url_decode({0})")),
    "url_extract_protocol": _of_url("protocol"), "url_extract_host": _of_url("host"), "url_extract_path": _of_url("path"), "url_extract_query": _of_url("query"),
    "url_extract_fragment": _of_url("fragment"), "url_extract_port": simple(("varchar -> bigint", "CAST(trino_url_part({0}, 'port') AS BIGINT)")),
    "url_extract_parameter": simple(("varchar; varchar -> same", "trino_url_parameter({0}, {1})")),
}  # fmt: skip
