"""Frames over a socket pair between the gateway process and the services process.

A frame is two big-endian lengths, a JSON header and a raw body. The child inherits the pair, so no port is opened and no
other program can write to it. End of file on either side means that the other process is gone. A gateway that ends in order
sends ``STOP`` first, and waits until the services have ended.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

STOP = "stop"  # the only key of that frame's header
ARRIVED = "arrived"  # the only key of a frame that names streams with new records; nobody answers it

_LENGTHS = struct.Struct("!II")


async def read_frame(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """Read the next frame; return its header and its body.

    Raises:
        asyncio.IncompleteReadError: the other process is gone.
    """
    header_bytes, body_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    header = json.loads(await reader.readexactly(header_bytes))
    return header, await reader.readexactly(body_bytes)


def frame(header: dict[str, Any], body: bytes) -> bytes:
    """Encode one frame."""
    head = json.dumps(header).encode()
    return _LENGTHS.pack(len(head), len(body)) + head + body


def write_frame(writer: asyncio.StreamWriter, header: dict[str, Any], body: bytes) -> None:
    """Write one frame to the buffer of the connection."""
    writer.write(frame(header, body))
