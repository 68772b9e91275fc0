"""Pair the fingerprints of two sides by key with a hash join in files. Pure: no Airflow, no AWS client."""

from __future__ import annotations

import json
import json.encoder
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal
from zlib import crc32

Side = Literal["source", "curated"]
Fingerprint = tuple[str, str]
Pair = tuple[str, str | None, str | None]
SIDES: tuple[Side, Side] = ("source", "curated")
PARTITIONS_BITS = 6
KEPT_IN_MEMORY = 50_000
MAX_BYTES = 32 * 2**20
HASH_BITS = 32
_quoted = json.encoder.encode_basestring_ascii


class FingerprintJoin:
    """Takes (key, fingerprint) of both sides in any order, then pairs them by key.

    It needs about 100 bytes an order on disk, in the system's temporary folder. Memory holds at most one partition of about
    ``MAX_BYTES``; a larger partition is split again by further bits of the hash.
    """

    def __init__(self, level: int = 0) -> None:
        self._level = level
        self._folder = tempfile.TemporaryDirectory(prefix="sales-cdc-reconcile-")
        self._lines: dict[Side, list[list[str]]] = {side: self._empty() for side in SIDES}
        self._bytes = {side: [0] * 2**PARTITIONS_BITS for side in SIDES}
        self._held = 0

    def __enter__(self) -> FingerprintJoin:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._folder.cleanup()

    def add(self, side: Side, key: str, fingerprint: str) -> None:
        """Take one order's fingerprint on one side."""
        partition = crc32(key.encode()) >> (self._level * PARTITIONS_BITS) & (2**PARTITIONS_BITS - 1)
        self._lines[side][partition].append(f"{_quoted(key)} {fingerprint}\n")
        self._held += 1
        if self._held == KEPT_IN_MEMORY:
            self._flush()

    def pairs(self) -> Iterator[Pair]:
        """Return every key once, with its fingerprint on either side; None where that side does not have it.

        The curated fingerprint is empty when the curated side has the key more than once. Of a key that the source side has more than
        once, as a slice of it may, the last fingerprint counts.
        """
        self._flush()
        for partition in range(2**PARTITIONS_BITS):
            if self._must_split(partition):
                yield from self._split(partition)
                continue
            curated: dict[str, str] = {}
            for key, of_curated in self._read("curated", partition):
                curated[key] = "" if key in curated else of_curated
            for key, of_source in dict(self._read("source", partition)).items():
                yield key, of_source, curated.pop(key, None)
            for key, of_curated in curated.items():
                yield key, None, of_curated

    def _must_split(self, partition: int) -> bool:
        large = max(self._bytes[side][partition] for side in SIDES) > MAX_BYTES
        return large and (self._level + 2) * PARTITIONS_BITS <= HASH_BITS

    def _split(self, partition: int) -> Iterator[Pair]:
        with FingerprintJoin(self._level + 1) as parts:
            for side in SIDES:
                for key, fingerprint in self._read(side, partition):
                    parts.add(side, key, fingerprint)
            yield from parts.pairs()

    def _read(self, side: Side, partition: int) -> Iterator[Fingerprint]:
        if not self._bytes[side][partition]:
            return
        with self._file(side, partition).open(encoding="ascii") as lines:
            for line in lines:
                key, _, fingerprint = line[:-1].rpartition(" ")
                yield json.loads(key), fingerprint

    def _flush(self) -> None:
        for side, partitions in self._lines.items():
            for partition, lines in enumerate(partitions):
                if lines:
                    with self._file(side, partition).open("a", encoding="ascii") as file:
                        self._bytes[side][partition] += file.write("".join(lines))
        self._lines = {side: self._empty() for side in SIDES}
        self._held = 0

    def _file(self, side: Side, partition: int) -> Path:
        return Path(self._folder.name) / f"{side}-{partition}"

    @staticmethod
    def _empty() -> list[list[str]]:
        return [[] for _ in range(2**PARTITIONS_BITS)]
