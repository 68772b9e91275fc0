"""Start a JVM for Spark jobs, lend it to one run after another, and remove all that a run left in it.

PySpark starts a JVM of its own, unless its environment names the port of one that runs. Each run gets a port and a secret of its own,
so that nothing that a script left behind can speak to the JVM of the next.
Source: https://github.com/apache/spark/blob/v3.5.6/python/pyspark/java_gateway.py
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from py4j.clientserver import ClientServer, JavaParameters, PythonParameters
from py4j.protocol import Py4JError

from local_cloud.glue.jobs.class_archive import SPARK_HOME
from local_cloud.glue.jobs.spark_environment import SparkLaunch

logger = logging.getLogger("local_cloud.glue")

START_SECONDS, ANSWER_SECONDS, GRACE_SECONDS = 120.0, 30.0, 3.0
LOGS = ("output.log", "error.log")


class SparkJvmError(Exception):
    """A JVM could not be started, or does not answer."""


class SparkJvm:
    """Hold one JVM. It ends with this process: Spark's gateway ends when its standard input is closed."""

    def __init__(self, launch: SparkLaunch, folder: Path) -> None:
        """Start the JVM; ``wait_until_ready`` waits for it.

        Args:
            launch: what it is started with.
            folder: a new one of its own, for its logs.
        """
        folder.mkdir(parents=True)
        self.launch, self.runs = launch, 0
        self._folder, self._address = folder, folder / "gateway"
        self._borrower: Path | None = None
        self._server: Any = None
        with (folder / "output.log").open("ab") as output, (folder / "error.log").open("ab") as errors:
            self._process = subprocess.Popen(
                [str(SPARK_HOME / "bin" / "spark-submit"), *launch.arguments], cwd=folder,
                env={**dict(launch.environment), "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._address)},
                stdin=subprocess.PIPE, stdout=output, stderr=errors, start_new_session=True,
            )  # fmt: skip

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the JVM answers.

        Raises:
            SparkJvmError: it ended, or did not answer within ``START_SECONDS``.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._address.exists():
            if not self.is_alive or time.monotonic() > deadline:
                last = "\n".join((self._folder / "error.log").read_text(errors="replace").splitlines()[-5:])
                raise SparkJvmError(f"Spark's JVM did not start: {last or 'it said nothing'}")
            time.sleep(0.02)
        self._gateway = _gateway(self._address.read_bytes())
        self._jvm: Any = self._gateway.jvm
        self._properties = self._system_properties()
        self._logging = _scala_object(self._jvm.org.apache.spark.internal, "Logging")
        self._log_levels = self._root_logger().getLevel(), self._logging.sparkShellThresholdLevel()

    def lend(self, folder: Path, properties: Mapping[str, str]) -> dict[str, str]:
        """Prepare the JVM for a run, and return the variables by which its script finds it.

        Args:
            folder: the run's; what the JVM prints is in its logs.
            properties: the run's system properties.

        Raises:
            SparkJvmError: the JVM does not answer.
        """
        self.runs, self._borrower = self.runs + 1, folder
        for name in LOGS:
            self._print_into(folder / name)
        try:
            for name, value in properties.items():
                self._jvm.java.lang.System.setProperty(name, value)
            self._server = self._jvm.org.apache.spark.api.python.Py4JServer(self._jvm.org.apache.spark.SparkConf(False))
            self._server.start()
            port, secret = self._server.getListeningPort(), self._server.secret()
        except (Py4JError, OSError) as error:
            raise SparkJvmError(f"Spark's JVM {self.process_id} does not answer: {error}") from error
        return {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}

    def take_back(self) -> bool:
        """End what the run left in the JVM, and return whether another run may have it."""
        try:
            self._server.shutdown()
            self._forget(self._server)
            is_clean = self._stop_spark()
            self._jvm.org.apache.hadoop.fs.FileSystem.closeAll()  # each holds the settings of the run that opened it
            self._restore_log_levels()
            for name in self._system_properties().keys() - self._properties.keys():
                self._jvm.java.lang.System.clearProperty(name)
            for name, value in self._properties.items():
                self._jvm.java.lang.System.setProperty(name, value)
        except (Py4JError, OSError) as error:
            logger.warning("Spark's JVM %s could not be cleaned for another run: %s", self.process_id, error)
            return False
        self._leave_logs()
        return is_clean

    def end(self) -> None:
        """End the JVM, whatever it does; its last lines stay in the log of the run that has it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process_id, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
            os.killpg(self.process_id, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._leave_logs()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop_spark(self) -> bool:
        """Stop the session that the script left, and return whether none had a Hive metastore, which would stay."""
        sessions = self._jvm.org.apache.spark.sql.SparkSession
        active = _scala_object(self._jvm.org.apache.spark, "SparkContext").getActive()
        if active.isDefined():
            context = active.get()
            context.stop()
            self._forget(context)
        self._forget(active)
        sessions.clearActiveSession()
        sessions.clearDefaultSession()
        return not (self._folder / "metastore_db").exists()

    def _forget(self, kept: Any) -> None:
        """Have the JVM drop its reference to an object, at once: ``detach`` would ask it later, perhaps after its end."""
        self._gateway._gateway_client.garbage_collect_object(kept._get_object_id(), False)

    def _root_logger(self) -> Any:
        return self._jvm.org.apache.logging.log4j.LogManager.getRootLogger()

    def _restore_log_levels(self) -> None:
        """Undo ``setLogLevel``: the root logger has a level, and below it Spark's shell shows no more than warnings."""
        root, threshold = self._log_levels
        self._root_logger().setLevel(root)
        getattr(self._logging, "sparkShellThresholdLevel_$eq")(threshold)

    def _system_properties(self) -> dict[str, str]:
        entries = self._jvm.java.lang.System.getProperties().entrySet()
        return {entry.getKey(): entry.getValue() for entry in entries}

    def _print_into(self, place: Path) -> None:
        """Have the JVM's lines stand among the script's in the run's log: both append to one file, which a link names."""
        own = self._folder / place.name
        if place.exists():
            with own.open("ab") as log:
                log.write(place.read_bytes())
            place.unlink()
        place.symlink_to(own)

    def _leave_logs(self) -> None:
        """Put a file of its own in place of each link in the run's folder, and begin the JVM's log again."""
        borrower, self._borrower = self._borrower, None
        if borrower is None:
            return
        for name in LOGS:
            own, place = self._folder / name, borrower / name
            copy = place.with_suffix(".part")
            shutil.copyfile(own, copy)
            copy.replace(place)
            os.truncate(own, 0)


def _scala_object(package: Any, name: str) -> Any:
    return getattr(getattr(package, f"{name}$"), "MODULE$")


def _gateway(address: bytes) -> ClientServer:
    """Connect to the gateway whose port and secret Spark wrote into a file: a number, a length and a text.

    Without Python's garbage collector: it would ask the JVM to forget objects after its end. What is large is forgotten by name.
    """
    port, length = struct.unpack_from("!ii", address)
    java = JavaParameters(
        port=port, auth_token=address[8 : 8 + length].decode(), auto_convert=True, read_timeout=ANSWER_SECONDS,
        enable_memory_management=False,
    )  # fmt: skip
    return ClientServer(java_parameters=java, python_parameters=PythonParameters(port=0, eager_load=False))
