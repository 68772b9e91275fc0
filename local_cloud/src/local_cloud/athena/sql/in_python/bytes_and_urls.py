"""Convert bytes, and take URLs apart.

Sources: https://trino.io/docs/current/functions/binary.html, https://trino.io/docs/current/functions/url.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

from local_cloud.athena.sql.raising import QueryError

# As java.net.URI reads a URL: characters that it does not allow make it none.
_URI = re.compile(
    r"(?:(?P<protocol>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?"
)
_ALLOWED = re.compile(r"(?:[A-Za-z0-9;/?:@&=+$,\[\]#_.!~*'()-]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_MAX_PORT = 2**31 - 1
_AUTHORITY = re.compile(r"(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*)(?::(?P<port>\d*))?")


def url_part(url: str, part: str) -> str | None:
    """Return a part of a URL: of what is none NULL, and an empty text for a part that is not there, but NULL for a port."""
    match = _URI.fullmatch(url) if _ALLOWED.fullmatch(url) else None
    if match is None or (match["protocol"] is not None and not match["path"] and match["authority"] is None):
        return None
    if part in {"host", "port"}:
        authority = _AUTHORITY.fullmatch(match["authority"] or "")
        if authority is not None and int(authority["port"] or 0) > _MAX_PORT:
            authority = None
        found = (authority[part] or "") if authority else ""
        return found if part == "host" else found or None
    is_opaque = match["protocol"] is not None and match["authority"] is None and not match["path"].startswith("/")
    if is_opaque and part in {"path", "query"}:
        return ""
    found = match[part] or ""
    return found if part == "protocol" else urllib.parse.unquote(found)


def url_parameter(url: str, name: str) -> str | None:
    match = _URI.fullmatch(url) if _ALLOWED.fullmatch(url) else None
    if match is None or match["query"] is None:
        return None
    for pair in match["query"].split("&"):
        key, equals, value = pair.partition("=")
        if key == name:
            return urllib.parse.unquote_plus(value) if equals else ""
    return None


def url_encode(text: str) -> str:
    return urllib.parse.quote_plus(text, safe="*-._").replace("~", "%7E")


def url_decode(text: str) -> str:
    if re.search("%(?![0-9a-fA-F]{2})", text):
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Illegal hex characters in escape (%) pattern: {text}")
    return urllib.parse.unquote_plus(text)


def from_utf8(value: bytes, replacement: str) -> str:
    """Decode UTF-8, with the replacement for each part that is not UTF-8."""
    if len(replacement) > 1:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Replacement character string must empty or a single character")
    if re.search(b"\xed[\xa0-\xbf]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]|\xf4[\x90-\xbf]|[\xf8-\xfd]", value):
        raise QueryError("NOT_SUPPORTED", "from_utf8 of these bytes is not supported by the local cloud's Athena.")
    return (
        value.decode("utf-8", "replace").replace("\ufffd", replacement)
        if replacement != "\ufffd"
        else value.decode("utf-8", "replace")
    )


def part_of_bytes(value: bytes | None, start: int | None, length: int | None) -> bytes | None:
    """Compute substr of bytes: positions count from 1, or from the end if they are negative."""
    if value is None or start is None:
        return None
    if start == 0 or abs(start) > len(value) or (length is not None and length <= 0):
        return b""
    first = start - 1 if start > 0 else len(value) + start
    return value[first:] if length is None else value[first : first + length]


def padded_bytes(value: bytes, size: int, padding: bytes, function: str) -> bytes:
    if not 0 <= size < 2**31 or not padding:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", "Padding bytes must not be empty and the target size not negative"
        )
    missing = max(0, size - len(value))
    filled = (padding * (missing // len(padding) + 1))[:missing]
    return (filled + value if function == "lpad" else value + filled)[:size]


def from_base(text: str, base: str) -> bytes:
    try:
        if base == "64":
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid base{base} text: {text}") from error


def from_hex(text: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"invalid hex character in: {text}") from error


def packed(number: str, form: str) -> bytes:
    return struct.pack(form, int(number) if form[1] in "qi" else float(number))


def unpacked(value: bytes, form: str) -> str:
    if len(value) != struct.calcsize(form):
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", f"expected {struct.calcsize(form)}-byte input, but got {len(value)}"
        )
    return repr(struct.unpack(form, value)[0])


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("trino_url_part", url_part, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_url_parameter", url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("trino_url_encode", url_encode, ["VARCHAR"], "VARCHAR"),
    ("trino_url_decode", url_decode, ["VARCHAR"], "VARCHAR"),
    ("trino_from_utf8", from_utf8, ["BLOB", "VARCHAR"], "VARCHAR"),
    ("trino_reversed_bytes", lambda value: value[::-1], ["BLOB"], "BLOB"),
    ("trino_padded_bytes", padded_bytes, ["BLOB", "BIGINT", "BLOB", "VARCHAR"], "BLOB"),
    ("trino_from_text", from_base, ["VARCHAR", "VARCHAR"], "BLOB"),
    ("trino_to_base32", lambda value: base64.b32encode(value).decode(), ["BLOB"], "VARCHAR"),
    ("trino_from_hex", from_hex, ["VARCHAR"], "BLOB"),
    ("trino_sha512", lambda value: hashlib.sha512(value).digest(), ["BLOB"], "BLOB"),
    ("trino_hmac", lambda value, key, name: hmac.digest(key, value, name), ["BLOB", "BLOB", "VARCHAR"], "BLOB"),
    ("trino_crc32", zlib.crc32, ["BLOB"], "BIGINT"),
    ("trino_packed", packed, ["VARCHAR", "VARCHAR"], "BLOB"),
    ("trino_unpacked", unpacked, ["BLOB", "VARCHAR"], "VARCHAR"),
]
