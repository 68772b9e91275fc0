"""Start DynamoDB Local, AWS's own DynamoDB for one's machine, on a loopback port.

Maven brings its jars once, into a cache. Its own main class listens on every address of the machine; so the server is made
through Py4J, which comes with Spark, and its connector is bound to 127.0.0.1. The process ends with the one that started it.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.html
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyspark
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

POM = Path(__file__).with_name("pom.xml")
CACHE = Path.home() / ".cache" / "sales-cdc" / "dynamodb-local"
RUNNER = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
ARGUMENTS = ("-inMemory", "-sharedDb", "-disableTelemetry")


def missing_tools() -> list[str]:
    """Return the programs that this needs and that are not installed."""
    return [name for name in ("java", "mvn") if shutil.which(name) is None]


def jars() -> Path:
    """Return the folder of the jars and native libraries; Maven fills it when it is not there."""
    folder = CACHE / sha256(POM.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as draft:
            _copy_dependencies(Path(draft) / "jars")
            if not folder.exists():  # another worker of the tests may have been faster
                (Path(draft) / "jars").rename(folder)
    return folder


def _copy_dependencies(folder: Path) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={folder}", "-DincludeScope=runtime"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"Maven could not bring DynamoDB Local:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run DynamoDB Local with its data in memory; yield its endpoint."""
    folder = jars()
    port, token = launch_gateway(
        jarpath=str(next((Path(pyspark.__file__).parent / "jars").glob("py4j-*.jar"))),
        classpath=f"{folder}/*",
        javaopts=["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", f"-Dsqlite4java.library.path={folder}"],
        java_path="java",
        die_on_exit=True,
        enable_auth=True,
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=token))
    try:
        server = _server(gateway)
        server.start()
        yield f"http://127.0.0.1:{_connector(server).getLocalPort()}"
    finally:
        gateway.shutdown()


def _server(gateway: Any) -> Any:
    """Make the server that the main class makes, on a free port of the loopback address."""
    arguments = gateway.new_array(gateway.jvm.java.lang.String, len(ARGUMENTS))
    for place, argument in enumerate(ARGUMENTS):
        arguments[place] = argument
    server = getattr(gateway.jvm, RUNNER).createServerFromCommandLineArgs(arguments)
    connector = _connector(server)
    connector.setHost("127.0.0.1")
    connector.setPort(0)
    return server


def _connector(server: Any) -> Any:
    field = server.getClass().getDeclaredField("server")
    field.setAccessible(True)
    return field.get(server).getConnectors()[0]
