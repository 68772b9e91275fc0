"""Compress and decompress the blocks of Avro files.

Source: https://avro.apache.org/docs/1.12.0/specification/#required-codecs
"""

from __future__ import annotations

import bz2
import io
import zlib
from collections.abc import Callable

import pyarrow as pa

_RAW_DEFLATE = -15
_CRC_BYTES = 4


def _deflate(block: bytes) -> bytes:
    packer = zlib.compressobj(wbits=_RAW_DEFLATE)
    return packer.compress(block) + packer.flush()


def _snappy(block: bytes) -> bytes:
    return bytes(pa.compress(block, codec="snappy", asbytes=True)) + zlib.crc32(block).to_bytes(_CRC_BYTES, "big")


def _from_snappy(block: bytes) -> bytes:
    """Undo ``_snappy``. The text of Snappy begins with the length of what it holds, seven bits a byte, the lowest first."""
    packed, checksum = block[:-_CRC_BYTES], block[-_CRC_BYTES:]
    length = shift = 0
    for byte in packed:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    found = bytes(pa.decompress(packed, length, codec="snappy", asbytes=True))
    if zlib.crc32(found).to_bytes(_CRC_BYTES, "big") != checksum:
        raise ValueError("a block of Snappy has another checksum")
    return found


def _zstandard(block: bytes) -> bytes:
    return bytes(pa.compress(block, codec="zstd", asbytes=True))


def _from_zstandard(block: bytes) -> bytes:
    return bytes(pa.CompressedInputStream(io.BytesIO(block), "zstd").read())


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes, "deflate": _deflate, "bzip2": bz2.compress, "snappy": _snappy, "zstandard": _zstandard,
}  # fmt: skip
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes, "deflate": lambda block: zlib.decompress(block, _RAW_DEFLATE), "bzip2": bz2.decompress, "snappy": _from_snappy,
    "zstandard": _from_zstandard,
}  # fmt: skip
