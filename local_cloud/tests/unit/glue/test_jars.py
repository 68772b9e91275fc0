"""The cache of jars."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.glue.jobs import jars

CONTENT = b"a jar"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.ThreadingHTTPServer]:
    """A repository with one jar, and a catalogue that pins it."""
    place = tmp_path / "repository" / "org/example/thing/1.0/thing-1.0.jar"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "repository"))  # type: ignore[arg-type]

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    pin(tmp_path, monkeypatch, f"http://127.0.0.1:{server.server_port}", hashlib.sha256(CONTENT).hexdigest())
    yield server
    server.shutdown()
    server.server_close()


def pin(folder: Path, monkeypatch: pytest.MonkeyPatch, repository: str, sha256: str) -> None:
    entry = {"group": "org.example", "artifact": "thing", "version": "1.0", "sha256": sha256}
    catalogue = folder / "jars.json"
    catalogue.write_text(json.dumps({"sets": {"one": [entry]}}))
    monkeypatch.setattr(jars, "CATALOGUE", catalogue)
    monkeypatch.setenv("LOCAL_CLOUD_MAVEN", repository)


def test_a_jar_is_fetched_once(repository: http.server.ThreadingHTTPServer, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (found,) = jars.fetch("one", cache)
    assert found.read_bytes() == CONTENT
    repository.shutdown()
    assert jars.fetch("one", cache) == [found]


def test_a_jar_with_another_hash_is_refused(
    repository: http.server.ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(tmp_path, monkeypatch, f"http://127.0.0.1:{repository.server_port}", "0" * 64)
    with pytest.raises(jars.JarError, match="not the file that was pinned"):
        jars.fetch("one", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_the_network_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(tmp_path, monkeypatch, "http://127.0.0.1:9", "0" * 64)
    with pytest.raises(jars.JarError, match="LOCAL_CLOUD_JARS"):
        jars.fetch("one", tmp_path / "cache")


def test_every_pinned_jar_has_coordinates_and_a_hash() -> None:
    catalogue = json.loads(jars.CATALOGUE.read_text())
    entries = [jars.Jar(**entry) for entries in catalogue["sets"].values() for entry in entries]
    assert {len(jar.sha256) for jar in entries} == {64}
    assert len({jar.path for jar in entries}) == len(entries)
