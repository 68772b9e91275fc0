"""Start DynamoDB Local, AWS's own DynamoDB for one's machine, on a loopback port.

Maven brings its jars once, into a cache. Its own main class listens on every address of the machine; so the server is made
through Py4J, which comes with Spark, and its connector is bound to 127.0.0.1. The process ends with the one that started it.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyspark
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
from tests.integration.maven import jars

POM = Path(__file__).with_name("pom.xml")
RUNNER = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
ARGUMENTS = ("-inMemory", "-sharedDb", "-disableTelemetry")


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run DynamoDB Local with its data in memory; yield its endpoint."""
    folder = jars(POM, "dynamodb-local")
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
