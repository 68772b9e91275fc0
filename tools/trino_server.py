"""``make trino``: a real Trino on the tables of the local cloud, to see what Trino itself answers.

Trino is fetched once, about 0.8 GB, from a Maven repository, by SHA-256. It needs a JDK 24 or newer, 3 GB of memory and one to three
minutes to start. Its catalog ``awsdatacatalog`` has every table of the local Glue: raw JSON through Trino's Hive connector, and
Iceberg tables, to which it redirects. It listens on 127.0.0.1 only.

Commands: ``start``, ``ask "SELECT …"``, ``stop``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import urllib3
from local_cloud.glue.jobs.jars import JarError, repository
from urllib3.exceptions import HTTPError

VERSION, MIN_JAVA = "476", 24
PARTS = {
    "trino-server-core": ("tar.gz", "0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158"),
    "trino-hive": ("zip", "611bacdb07d9f3cf7b9d47f97ecc76fa2e7ff8bfe8a9728c3d06adc1bfb8662e"),
    "trino-iceberg": ("zip", "99edba5b491ed94d599aeb61e0794272d3569d8b563f3bb8569e8a49daa87b6c"),
}
CACHE = Path.home() / ".cache" / "sales-cdc" / "trino" / VERSION
HOME = Path(os.environ.get("LOCAL_CLOUD_HOME") or ".local").resolve() / "trino"
ENDPOINT = os.environ.get("SALES_CDC_LOCAL_ENDPOINT") or "http://127.0.0.1:4566"
PORT = int(os.environ.get("TRINO_PORT") or "8610")
START_SECONDS = 300
JOIN_SECONDS = 60
CATALOG = "awsdatacatalog"


class TrinoError(Exception):
    """Trino cannot be started, or refused a statement; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Run one command of the terminal."""
    try:
        match arguments:
            case ["start"]:
                start()
                print(
                    f"Trino {VERSION} answers at http://127.0.0.1:{PORT} (catalog {CATALOG}, any user). make down ends it."
                )
            case ["stop"]:
                stop()
            case ["ask", sql]:
                names, types, rows = ask(sql)
                print(json.dumps({"names": names, "types": types, "rows": rows}, ensure_ascii=False))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except TrinoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def java() -> Path:
    """Return the newest Java of this machine.

    Raises:
        TrinoError: it has no JDK that is new enough.
    """
    homes = [os.environ.get("JAVA_HOME", ""), *map(str, sorted(Path("/usr/lib/jvm").glob("*")))]
    paths = [Path(home) / "bin" / "java" for home in homes if home] + [Path(shutil.which("java") or "")]
    versions = {path: _java_version(path) for path in paths if path.is_file()}
    newest = max(versions, key=versions.__getitem__, default=None)
    if newest is None or versions[newest] < MIN_JAVA:
        seen = ", ".join(f"{path} ({version})" for path, version in versions.items()) or "none"
        raise TrinoError(
            f"Trino {VERSION} needs a JDK {MIN_JAVA} or newer, such as Eclipse Temurin's. Found: {seen}. Install one, and set "
            "JAVA_HOME to its folder if it is not under /usr/lib/jvm. Everything else in this project runs without it."
        )
    return newest


def _java_version(path: Path) -> int:
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def start() -> None:
    """Start Trino, unless it runs, and return when it answers.

    Raises:
        TrinoError: no JDK, no network the first time, or Trino ended or did not answer.
    """
    if _answers():
        if _is_ours():
            return
        raise TrinoError(f"Another Trino answers at 127.0.0.1:{PORT}: end it, or give this one another TRINO_PORT.")
    runtime, server = java(), _installed()
    options = _configured(server)
    log = HOME / "server.log"
    command = [
        str(runtime), "-Xmx2G", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-XX:ReservedCodeCacheSize=256M",
        "-Djdk.attach.allowAttachSelf=true", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC", "--add-modules=jdk.incubator.vector",
        *options, "-cp", f"{server}/lib/*", "io.trino.server.TrinoServer",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(["nice", *command], cwd=HOME, stdout=output, stderr=output, start_new_session=True)
    (HOME / "pid").write_text(str(process.pid))
    deadline = time.monotonic() + START_SECONDS
    while not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            stop()
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise TrinoError(f"Trino did not answer within {START_SECONDS} s or ended. The end of {log}:\n{tail}")
        time.sleep(1)


def stop() -> None:
    """End the Trino of this checkout, if there is one."""
    place = HOME / "pid"
    if place.exists():
        with suppress(ProcessLookupError):  # it has already ended
            os.killpg(int(place.read_text()), signal.SIGTERM)
        place.unlink()


def _answers() -> bool:
    try:
        return ask("SELECT 1")[2] == [[1]]
    except TrinoError:
        return False


def _installed() -> Path:
    """Return the folder of the server with its connectors; it is fetched and unpacked when it is not there.

    Raises:
        TrinoError: a part cannot be fetched.
    """
    server = CACHE / f"trino-server-core-{VERSION}"
    if server.exists():
        return server
    draft = CACHE / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, (kind, digest) in PARTS.items():
        print(f"Fetching {name} {VERSION} …", file=sys.stderr)
        archive = _fetched(f"io/trino/{name}/{VERSION}/{name}-{VERSION}.{kind}", draft / f"{name}.{kind}", digest)
        if kind == "zip":
            with zipfile.ZipFile(archive) as content:
                content.extractall(draft)  # noqa: S202 its hash was checked
            plugins = draft / server.name / "plugin"
            plugins.mkdir(exist_ok=True)
            (draft / f"{name}-{VERSION}").rename(plugins / name.removeprefix("trino-"))
        else:
            with tarfile.open(archive) as content:
                content.extractall(draft, filter="data")
        archive.unlink()
    (draft / server.name).rename(server)
    return server


def _fetched(path: str, place: Path, digest: str) -> Path:
    try:
        url = f"{repository()}/{path}"
        with urllib3.PoolManager() as connections, place.open("wb") as file:
            answer = connections.request("GET", url, preload_content=False, timeout=60.0, retries=3)
            if answer.status != 200:
                raise TrinoError(f"{url} answered {answer.status}: LOCAL_CLOUD_MAVEN names another Maven repository.")
            for chunk in answer.stream(1 << 20):
                file.write(chunk)
    except (HTTPError, OSError, JarError) as error:
        raise TrinoError(f"Trino is fetched once, and {path} cannot be: {error}. Connect to the network.") from error
    with place.open("rb") as file:
        seen = hashlib.file_digest(file, "sha256").hexdigest()
    if seen != digest:
        raise TrinoError(f"{url} is not the file that was pinned: its SHA-256 is {seen}, not {digest}.")
    return place


def _configured(server: Path) -> list[str]:
    """Write Trino's configuration for the running local cloud; return the options of Java that name it.

    Raises:
        TrinoError: the local cloud does not run.
    """
    if not _is_cloud():
        raise TrinoError(f"No local cloud answers at {ENDPOINT}: start it with make cloud, or fill it with make demo.")
    shutil.rmtree(HOME / "etc", ignore_errors=True)
    (HOME / "etc" / "catalog").mkdir(parents=True)
    (HOME / "data").mkdir(exist_ok=True)
    region = os.environ.get("AWS_REGION") or "us-east-1"
    files = {
        "config": {
            "coordinator": "true", "node-scheduler.include-coordinator": "true", "http-server.http.port": PORT,
            "discovery.uri": f"http://127.0.0.1:{PORT}", "node.internal-address": "127.0.0.1", "query.max-memory": "1GB",
            "query.max-memory-per-node": "800MB", "task.concurrency": 2, "web-ui.enabled": "false",
        },
        "node": {"node.environment": "local", "node.id": "local", "node.bind-ip": "127.0.0.1", "node.data-dir": HOME / "data", "plugin.dir": server / "plugin"},
        "log": {"io.trino": "WARN"},
        f"catalog/{CATALOG}": {
            "connector.name": "hive", "hive.metastore": "glue", "hive.iceberg-catalog-name": "iceberg", "hive.recursive-directories": "true",
            "hive.non-managed-table-writes-enabled": "true", **_glue(region),
        },
        "catalog/iceberg": {"connector.name": "iceberg", "iceberg.catalog.type": "glue", **_glue(region)},
    }  # fmt: skip
    for name, settings in files.items():
        text = "".join(f"{key}={value}\n" for key, value in settings.items())
        (HOME / "etc" / f"{name}.properties").write_text(text)
    etc = HOME / "etc"
    named = {
        "config": etc / "config.properties",
        "node.config": etc / "node.properties",
        "log.levels-file": etc / "log.properties",
    }
    return [f"-D{key}={value}" for key, value in {**named, **files["node"]}.items()]


def _glue(region: str) -> dict[str, Any]:
    metastore = {"region": region, "endpoint-url": ENDPOINT, "aws-access-key": "test", "aws-secret-key": "test"}
    objects = {
        "endpoint": ENDPOINT,
        "region": region,
        "path-style-access": "true",
        "aws-access-key": "test",
        "aws-secret-key": "test",
    }
    return {
        **{f"hive.metastore.glue.{key}": value for key, value in metastore.items()},
        "fs.native-s3.enabled": "true",
        **{f"s3.{key}": value for key, value in objects.items()},
    }  # fmt: skip


def _is_ours() -> bool:
    """Tell whether this checkout's Trino was started for this local cloud."""
    catalog = HOME / "etc" / "catalog" / f"{CATALOG}.properties"
    return (HOME / "pid").exists() and f"s3.endpoint={ENDPOINT}\n" in catalog.read_text()


def _is_cloud() -> bool:
    try:
        return urllib3.request("GET", f"{ENDPOINT}/_local_cloud/faults", retries=False, timeout=5.0).status == 200
    except HTTPError:
        return False


def ask(sql: str, schema: str = "default") -> tuple[list[str], list[str], list[list[Any]]]:
    """Run a statement in Trino; return the names and types of its columns, and its rows.

    Raises:
        TrinoError: Trino does not answer, or refuses the statement.
    """
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        pages = list(_pages(sql, schema))
        error = pages[-1].get("error")
        if error is None:
            break
        if error.get("errorName") != "NO_NODES_AVAILABLE" or time.monotonic() > deadline:
            raise TrinoError(f"{error.get('errorName')}: {error.get('message')}")
        time.sleep(0.5)  # a Trino that has just started answers before it has joined itself as a worker
    columns = next((page["columns"] for page in reversed(pages) if page.get("columns")), [])
    rows = [row for page in pages for row in page.get("data") or []]
    return [column["name"] for column in columns], [column["type"] for column in columns], rows


def _pages(sql: str, schema: str) -> Iterator[dict[str, Any]]:
    """Source: https://trino.io/docs/current/develop/client-protocol.html"""
    headers = {
        "X-Trino-User": "local", "X-Trino-Catalog": CATALOG, "X-Trino-Schema": schema, "X-Trino-Time-Zone": "UTC",
        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
    }  # fmt: skip
    try:
        with urllib3.PoolManager(headers=headers, timeout=60.0, retries=False) as client:
            page = client.request("POST", f"http://127.0.0.1:{PORT}/v1/statement", body=sql.encode()).json()
            yield page
            while page.get("nextUri"):
                page = client.request("GET", page["nextUri"]).json()
                yield page
    except (HTTPError, ValueError) as error:
        raise TrinoError(f"No Trino answers at 127.0.0.1:{PORT}: start it with make trino ({error}).") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
