"""``make test-mwaa``: the bundle in the environments of Amazon MWAA, one for each file set under requirements/mwaa/.

For each version: a virtual environment with Airflow and the bundle's requirements.txt under MWAA's own constraints, as its image
installs them; every DAG parses from the unpacked bundle, with target ``aws``; the DAG tests pass; and setup, generate, batch,
generate, batch run on a local cloud of the project's own environment. ``--parse-only`` stops after the parse.

Source: https://docs.aws.amazon.com/mwaa/latest/userguide/working-dags-dependencies.html
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = Path(os.environ.get("LOCAL_CLOUD_HOME", ROOT / ".local")).resolve() / "mwaa"
CONSTRAINTS = ROOT / "requirements" / "mwaa"
TEST_TOOLS = ("pytest", "pytest-timeout", "hypothesis", "sqlglot")
RUNS = (
    ("sales_cdc_setup", {}),
    ("sales_cdc_generate", {"inserts": 60}),
    ("sales_cdc_batch", {}),
    ("sales_cdc_generate", {"inserts": 0, "updates": 30, "deletes": 10}),
    ("sales_cdc_batch", {}),
)
PARSE = """
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
assert not bag.import_errors, bag.import_errors
print("parsed", *sorted(bag.dags))
"""


def versions() -> list[str]:
    """List the versions of Airflow that MWAA offers and that are supported here."""
    return sorted(path.stem.removeprefix("airflow-") for path in CONSTRAINTS.glob("airflow-*.txt"))


class Environment:
    """One of MWAA's environments: its interpreter, and the bundle unpacked as MWAA unpacks it."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.home = WORK / version
        self.python = self.home / "venv" / "bin" / "python"
        self.plugins = self.home / "plugins"

    def install(self) -> None:
        """Install Airflow and the bundle's requirements under the version's constraints."""
        if not self.python.exists():
            subprocess.run([uv(), "venv", "--quiet", "--python", interpreter(), str(self.home / "venv")], check=True)
        constraints = [
            option for kind in ("airflow", "essential")
            for option in ("--constraint", str(CONSTRAINTS / f"{kind}-{self.version}.txt"))
        ]  # fmt: skip
        wanted = [f"apache-airflow=={self.version}", "--requirements", str(bundle() / "requirements.txt"), *TEST_TOOLS]
        command = [uv(), "pip", "install", "--quiet", "--python", str(self.python), *wanted, *constraints]
        subprocess.run(command, check=True)

    def unpack(self) -> None:
        shutil.rmtree(self.plugins, ignore_errors=True)
        with zipfile.ZipFile(bundle() / "plugins.zip") as archive:
            archive.extractall(self.plugins)

    def parse(self) -> None:
        """Parse every DAG of the bundle with target ``aws``, in a region that the setting names."""
        settings = {"SALES_CDC_TARGET": "aws", "AWS_REGION": "us-east-1", "SALES_CDC_REGION": "eu-central-1"}
        for event_driven in ("off", "on"):
            done = self._run(["-c", PARSE], {**settings, "SALES_CDC_EVENT_DRIVEN": event_driven}, capture=True)
            parsed = set(done.stdout.splitlines()[-1].split()[1:])
            expected = {path.stem for path in (ROOT / "dags").glob("*.py")}
            if parsed != expected:
                raise SystemExit(f"Airflow {self.version}: these DAGs did not parse: {sorted(expected - parsed)}")

    def test_dags(self) -> None:
        """Run the project's DAG tests with this environment's Airflow."""
        self._run(
            ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "tests" / "dags")], {"PATH": os.environ["PATH"]}
        )

    def run_pipeline(self) -> None:
        """Run the DAGs from setup to the second batch against a local cloud."""
        with local_cloud(self.home / "cloud") as cloud:
            settings = {**cloud, "SALES_CDC_TARGET": "local", "SALES_CDC_FIREHOSE_INTERVAL_SECONDS": "1"}
            self._run(["-m", "airflow", "db", "migrate"], settings, capture=True)
            for dag, conf in RUNS:
                say(f"Airflow {self.version}: {dag} {json.dumps(conf)}")
                self._run(["-m", "airflow", "dags", "test", dag, "-c", json.dumps(conf)], settings, capture=True)

    def _run(
        self, arguments: list[str], settings: Mapping[str, str], *, capture: bool = False
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(bundle() / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.plugins),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": str(self.plugins),
            **settings,
        }
        done = subprocess.run(
            [str(self.python), *arguments], cwd=ROOT if "pytest" in arguments else self.home, env=environment, text=True,
            stdout=subprocess.PIPE if capture else None, stderr=subprocess.STDOUT if capture else None, check=False,
        )  # fmt: skip
        if done.returncode:
            shown = "\n".join((done.stdout or "").splitlines()[-40:])
            raise SystemExit(
                f"{shown}\nAirflow {self.version}: '{' '.join(arguments[:4])}' ended with {done.returncode}."
            )
        return done


@contextmanager
def local_cloud(home: Path) -> Iterator[dict[str, str]]:
    """Start a local cloud from the project's own environment; yield the settings of those who use it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    endpoint = f"http://127.0.0.1:{port}"
    shutil.rmtree(home, ignore_errors=True)
    environment = {
        **os.environ, "SALES_CDC_LOCAL_PORT": port, "LOCAL_CLOUD_HOME": str(home), "AWS_REGION": "us-east-1",
        "PYTHONPATH": str(ROOT / "local_cloud" / "src"),
    }  # fmt: skip
    command = [sys.executable, "-m", "local_cloud"]
    subprocess.run([*command, "start"], env=environment, check=True)
    extra = {"region_name": "us-east-1", "endpoint_url": endpoint}
    connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
    try:
        yield {
            "SALES_CDC_LOCAL_ENDPOINT": endpoint,
            "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
    finally:
        subprocess.run([*command, "stop"], env=environment, check=True)


def bundle() -> Path:
    return WORK / "bundle"


def make_bundle() -> None:
    environment = {**os.environ, "LOCAL_CLOUD_HOME": str(WORK)}
    script = ROOT / "include" / "scripts" / "bundle.py"
    subprocess.run([sys.executable, str(script)], env=environment, check=True, stdout=subprocess.DEVNULL)


def interpreter() -> str:
    """Find Python 3.12, as MWAA has it (or what MWAA_PYTHON names); without one the project's own stands in for it."""
    if named := os.environ.get("MWAA_PYTHON"):
        return named
    found = subprocess.run(
        [uv(), "python", "find", "--no-python-downloads", "3.12"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not found:
        say(
            f"This machine has no Python 3.12: Python {sys.version_info.major}.{sys.version_info.minor} stands in for it."
        )
    return found or sys.executable


def uv() -> str:
    return str(Path(sys.executable).parent / "uv")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Test the bundle in Amazon MWAA's environments.")
    parser.add_argument("--parse-only", action="store_true", help="install and parse; run no DAG")
    parser.add_argument("--version", choices=versions(), action="append", help="of Airflow; default: every one")
    options = parser.parse_args()
    make_bundle()
    for version in options.version or versions():
        environment = Environment(version)
        say(f"Airflow {version}: installing the bundle's requirements under MWAA's constraints …")
        environment.install()
        environment.unpack()
        environment.parse()
        say(f"Airflow {version}: every DAG parses.")
        if not options.parse_only:
            environment.test_dags()
            environment.run_pipeline()
            say(f"Airflow {version}: the DAG tests and the pipeline on the local cloud passed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
