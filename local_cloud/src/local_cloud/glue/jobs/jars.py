"""Fetch the jars that Spark needs beyond pyspark into a cache, pinned by coordinates and SHA-256 in ``jars.json``."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pyspark
import urllib3

CATALOGUE = Path(__file__).with_name("jars.json")
IVY_RESOLVER = "org/apache/ivy/plugins/resolver/IBiblioResolver.class"
IVY_DEFAULT = re.compile(rb"https://[\x21-\x7e]+/maven2/")
_LOCK = threading.Lock()


class JarError(Exception):
    """A jar is not in the cache and cannot be fetched."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of a Maven repository."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def cache_folder() -> Path:
    """Return ``LOCAL_CLOUD_JARS``, by default ``~/.cache/sales-cdc/jars``."""
    return Path(os.environ.get("LOCAL_CLOUD_JARS") or Path.home() / ".cache" / "sales-cdc" / "jars")


def repository() -> str:
    """Return ``LOCAL_CLOUD_MAVEN``, by default the repository that pyspark's own Ivy was built with.

    Raises:
        JarError: pyspark's Ivy no longer says.
    """
    if mirror := os.environ.get("LOCAL_CLOUD_MAVEN"):
        return mirror.rstrip("/")
    for jar in (Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"):
        with zipfile.ZipFile(jar) as archive:
            if found := IVY_DEFAULT.search(archive.read(IVY_RESOLVER)):
                return found[0].decode().rstrip("/")
    raise JarError("Spark's distribution names no Maven repository: set LOCAL_CLOUD_MAVEN to the URL of one.")


def fetch(name: str, folder: Path | None = None) -> list[Path]:
    """Return the jars of one set (``iceberg``, ``s3a``), fetched if the cache lacks them.

    Raises:
        JarError: a jar could not be fetched, or is not what was pinned.
    """
    catalogue = json.loads(CATALOGUE.read_text())
    folder = folder or cache_folder()
    with _LOCK:
        return [_cached(Jar(**entry), repository(), folder) for entry in catalogue["sets"][name]]


def _cached(jar: Jar, repository: str, folder: Path) -> Path:
    """Return a jar's path in the cache. It gets its name once its hash is right, so the cache holds whole files only."""
    place = folder / jar.file_name
    if place.exists():
        return place
    url = f"{repository}/{jar.path}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
        found = Path(part.name)
        try:
            _download(url, found, jar)
            found.chmod(0o644)
            found.replace(place)
        finally:
            found.unlink(missing_ok=True)
    return place


def _download(url: str, place: Path, jar: Jar) -> None:
    digest = hashlib.sha256()
    try:
        with urllib3.PoolManager() as connections:
            answer = connections.request("GET", url, preload_content=False, timeout=60.0, retries=3)
            if answer.status != 200:
                raise JarError(f"Spark needs {jar.file_name}; {url} answered {answer.status}.")
            with place.open("wb") as file:
                for chunk in answer.stream(1 << 20):
                    digest.update(chunk)
                    file.write(chunk)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise JarError(
            f"Spark needs {jar.file_name}, which is not in {place.parent}, and {url} cannot be reached: {error}. "
            "Connect to the network once, or put the file there (LOCAL_CLOUD_JARS names the folder)."
        ) from error
    if digest.hexdigest() != jar.sha256:
        raise JarError(f"{url} is not the file that was pinned: its SHA-256 is {digest.hexdigest()}, not {jar.sha256}.")
