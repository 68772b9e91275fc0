"""Let Maven bring the jars of a pom.xml, once, into a cache."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

CACHE = Path.home() / ".cache" / "sales-cdc"


def missing_tools() -> list[str]:
    """Return the programs that this needs and that are not installed."""
    return [name for name in ("java", "mvn") if shutil.which(name) is None]


def jars(pom: Path, cache: str) -> Path:
    """Return the folder of the jars and native libraries; Maven fills it when it is not there.

    Args:
        pom: names the dependencies.
        cache: the folder of this kind of jars in the cache.
    """
    folder = CACHE / cache / sha256(pom.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
            _copy_dependencies(pom, Path(draft) / "jars")
            if not folder.exists():  # another worker of the tests may have been faster
                (Path(draft) / "jars").rename(folder)
    return folder


def _copy_dependencies(pom: Path, folder: Path) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(pom), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={folder}", "-DincludeScope=runtime"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"Maven could not bring the jars of {pom}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
