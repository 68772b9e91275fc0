"""What the transformer and the job ship as. Pure: the same sources give the same bytes on every machine."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sales_cdc.contract.contract_file import load_contract
from sales_cdc.deployment.topology import Topology

EPOCH = (1980, 1, 1, 0, 0, 0)
READABLE_BY_ALL = 0o100644 << 16
UNIX = 3


@dataclass(frozen=True)
class Artifact:
    """An object of the bucket's artifacts: names within it to files. A key that ends in ``.zip`` is an archive of them."""

    key: str
    files: Mapping[str, Path]

    def content(self) -> bytes:
        """Read the files.

        Raises:
            FileNotFoundError: one is missing.
        """
        contents = {name: path.read_bytes() for name, path in self.files.items()}
        if self.key.endswith(".zip"):
            return zipped(contents)
        (content,) = contents.values()
        return content


def artifacts(topology: Topology, include: Path, contract: Path) -> dict[str, Artifact]:
    """Name what the transformer and the job consist of, from the folder ``include/`` and the contract's file.

    Raises:
        ContractError: the file declares no contract, so neither could start.
    """
    load_contract(contract)
    entry = include / "glue" / topology.JOB_KEY.rpartition("/")[2]
    transformer, job = ({path.name: path for path in sorted((include / of).glob("*.py"))} for of in ("lambda", "glue"))
    parts = {name: path for name, path in job.items() if name != entry.name}
    return {
        "transformer": Artifact(topology.TRANSFORMER_KEY, transformer | {"contract.json": contract}),
        "job": Artifact(topology.JOB_KEY, {entry.name: entry}),
        "job_parts": Artifact(topology.JOB_PARTS_KEY, parts),
        "contract": Artifact(topology.CONTRACT_KEY, {contract.name: contract}),
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files without anything of the machine: no time, no compression (zlib's output differs between versions)."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as package:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.external_attr = READABLE_BY_ALL
            entry.create_system = UNIX
            package.writestr(entry, content)
    return archive.getvalue()


def sha256(content: bytes) -> str:
    """The digest in base64, as S3 and Lambda show it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
