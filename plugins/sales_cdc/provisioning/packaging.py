"""The Lambda's deployment package. Pure: the same source gives the same bytes on every machine."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)
READABLE_BY_ALL = 0o100644 << 16
UNIX = 3


def zipped(name: str, source: bytes) -> bytes:
    """A zip of one file, without anything of its own: no time, no compression (zlib's output differs between versions)."""
    entry = zipfile.ZipInfo(name, date_time=EPOCH)
    entry.external_attr = READABLE_BY_ALL
    entry.create_system = UNIX
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as package:
        package.writestr(entry, source)
    return archive.getvalue()


def sha256(content: bytes) -> str:
    """The digest in base64, as S3 and Lambda show it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
