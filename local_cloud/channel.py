"""Frames over a socket pair between the gateway process and the services process.

A frame is two big-endian lengths, a JSON header and a raw body. The pair is inherited, so no port is opened and no
stranger can speak on it; end of file on either side means that the other process is gone.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

_LENGTHS = struct.Struct("!II")


async def read_frame(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame.

    Raises:
        asyncio.IncompleteReadError: the other process is gone.
    """
    header_bytes, body_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    header = json.loads(await reader.readexactly(header_bytes))
    return header, await reader.readexactly(body_bytes)


def write_frame(writer: asyncio.StreamWriter, header: dict[str, Any], body: bytes) -> None:
    head = json.dumps(header).encode()
    writer.write(_LENGTHS.pack(len(head), len(body)) + head + body)
