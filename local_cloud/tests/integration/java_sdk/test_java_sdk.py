"""The AWS SDK for Java, unmodified, which speaks CBOR to Kinesis. Maven brings it once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.conftest import Cloud
from tests.integration.maven import jars, missing_tools

pytestmark = pytest.mark.integration
HERE = Path(__file__).parent


def test_a_java_program_writes_and_reads_a_stream(cloud: Cloud, prefix: str) -> None:
    """Bytes, timestamps and refusals, in requests and answers.

    Source: https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/examples-kinesis.html
    """
    if missing := missing_tools():
        pytest.skip(f"The SDK for Java needs Java and Maven; not installed: {', '.join(missing)}")
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"]
    command = ["java", *quick, "-cp", f"{jars(HERE / 'pom.xml', 'java-sdk')}/*", str(HERE / "Records.java")]
    done = subprocess.run([*command, cloud.endpoint, prefix], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == [
        "00ff07 recent", "6f726465 recent", "recent", "InvalidArgumentException", "ResourceNotFoundException", "",
    ]  # fmt: skip
