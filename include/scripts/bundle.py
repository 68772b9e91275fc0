"""Write what an Airflow elsewhere needs of this project to ``.local/bundle``: ``make bundle``.

dags/             the DAG files
plugins.zip       sales_cdc, its plugin, and include/ beside them: Amazon MWAA unpacks it into its plugins folder
requirements.txt  what to install beside Airflow: pinned, unless the host's own constraints pin it
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local")) / "bundle"
SHIPPED = ("include/contract", "include/lambda", "include/glue", "include/sql")
WHEN = (1980, 1, 1, 0, 0, 0)  # the same files give the same archive


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "dags").mkdir(parents=True)
    for source in sorted((ROOT / "dags").glob("*.py")):
        shutil.copy(source, FOLDER / "dags")
    with zipfile.ZipFile(FOLDER / "plugins.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for source, name in _plugins():
            archive.writestr(zipfile.ZipInfo(name, WHEN), source.read_bytes(), zipfile.ZIP_DEFLATED)
    (FOLDER / "requirements.txt").write_text("".join(f"{each}\n" for each in _requirements()))
    for path in sorted(FOLDER.iterdir()):
        print(path)
    return 0


def _plugins() -> Iterator[tuple[Path, str]]:
    for source in sorted((ROOT / "plugins").rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            yield source, str(source.relative_to(ROOT / "plugins"))
    for folder in SHIPPED:
        for source in sorted((ROOT / folder).rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                yield source, str(source.relative_to(ROOT))


def _requirements() -> list[str]:
    """Return the direct requirements without Airflow itself, which its host brings.

    A package that the host's own constraints pin (Amazon MWAA's are in requirements/mwaa/) has no version here, because pip would
    refuse the whole file for another version. Every other package has the version of the lock file.
    """
    asked = re.findall(r"^([a-z0-9-]+)(\[[a-z0-9,]+\])?", (ROOT / "requirements/runtime.in").read_text(), re.MULTILINE)
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE))
    hosts = set.intersection(*map(_constrained, sorted((ROOT / "requirements/mwaa").glob("airflow-*.txt"))))
    return [
        f"{name}{extra}" if name in hosts else f"{name}{extra}=={locked[name]}"
        for name, extra in asked
        if name != "apache-airflow"
    ]


def _constrained(file: Path) -> set[str]:
    return {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", file.read_text(), re.MULTILINE)}


if __name__ == "__main__":
    sys.exit(main())
