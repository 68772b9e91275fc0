"""Run Airflow's pages and the local cloud until Ctrl-C, and end all their processes: ``make ui``.

Airflow's four processes are one process group, which the script ends as a whole. It starts them one by one, because the log
servers of ``airflow standalone`` listen on every address; here Airflow reads logs from the disk.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import airflow_database
import psutil
from command_log import StepFailedError, run_logged, step_failed
from rich.console import Console

LOCAL = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local"))
LOG = LOCAL / "logs" / "airflow.log"
PID = LOCAL / "ui.pid"
DRIFT = Path(__file__).with_name("deployment_drift.py")
IN_LINE, CHANGEABLE, OBSTRUCTED, ABSENT = 0, 3, 4, 5
"""The exit codes of ``deployment_drift.py``."""
READY_SECONDS = 300
USER = "admin"
EVENT_DRIVEN = "on"
"""What the pages set unless the caller does."""
PROCESSES = (
    ("api-server",),
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)
console = Console(highlight=False, soft_wrap=True)


def main(arguments: list[str]) -> int:
    if arguments == ["stop"]:
        return stop()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends this as Ctrl-C does
    port = _port(os.environ.get("SALES_CDC_UI_PORT") or "8080")
    if port is None:
        return 1
    if running := _running():
        print(
            f"make ui of this checkout runs already, at http://127.0.0.1:{running}. Ctrl-C in its terminal ends it, or make down.",
            file=sys.stderr,
        )
        return 1
    if _taken(port):
        print(
            f"Port {port} on 127.0.0.1 is taken. Choose another: SALES_CDC_UI_PORT={port + 1} make ui", file=sys.stderr
        )
        return 1
    os.environ.setdefault("SALES_CDC_EVENT_DRIVEN", EVENT_DRIVEN)
    ran_before = _cloud("status").returncode == 0
    started = _cloud("start")
    if started.returncode:
        print(started.stderr, file=sys.stderr, end="")
        return 1
    airflow: list[subprocess.Popen[bytes]] = []
    try:
        _make_database()
        stands = _bring_in_line()
        airflow = _start_airflow(port)
        PID.write_text(f"{os.getpid()} {port}")
        return _serve(airflow, port, stands=stands)
    except StepFailedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        with console.status("stopping …"):
            _end_group(airflow)
            if not ran_before:
                _cloud("stop")
        PID.unlink(missing_ok=True)
        console.print("Stopped." if not ran_before else "Airflow stopped; the local cloud ran before and still does.")


def _port(text: str) -> int | None:
    """Return the port of the pages; None, with a sentence, when the text names none."""
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    print(f"SALES_CDC_UI_PORT is {text!r}: it has to be a port, a whole number from 1 to 65535.", file=sys.stderr)
    return None


def _make_database() -> None:
    """Make Airflow's database, unless it is there; the port was checked before."""
    if not airflow_database.is_missing():
        return
    log = LOCAL / "logs" / "airflow-db.log"
    with console.status("making Airflow's database …"), airflow_database.being_made():
        if code := run_logged(airflow_database.COMMAND, log):
            raise step_failed("making Airflow's database", code, log)


def _bring_in_line() -> bool:
    """Run setup where the deployment is not as the settings of these pages have it, or say why setup cannot. Return whether there is one."""
    with console.status("comparing the deployment with its settings …"):
        quiet = {**os.environ, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}  # Airflow's hooks log each client
        compared = subprocess.run([sys.executable, str(DRIFT)], env=quiet, capture_output=True, text=True, check=False)
    if compared.returncode in {IN_LINE, ABSENT}:
        return compared.returncode == IN_LINE
    if compared.returncode not in {CHANGEABLE, OBSTRUCTED}:
        said = compared.stderr.strip().splitlines() or [f"exit code {compared.returncode}"]
        raise StepFailedError(f"The deployment could not be compared with its settings: {said[-1]}")
    if compared.returncode == OBSTRUCTED:
        console.print("The deployment differs from its settings, and setup cannot change that:")
        console.print(compared.stdout.rstrip(), markup=False)
        return True
    log = LOCAL / "logs" / "ui-setup.log"
    with console.status("sales_cdc_setup brings the deployment in line with its settings …"):
        code = run_logged(["airflow", "dags", "test", "sales_cdc_setup"], log)
    if code:
        raise step_failed("sales_cdc_setup", code, log)
    console.print("Setup brought the deployment in line with the settings of these pages. Before:")
    console.print(compared.stdout.rstrip(), markup=False)
    return True


def stop() -> int:
    """End a ``make ui`` of this checkout that runs in another terminal, if there is one."""
    if process := _other():
        process.terminate()
        process.wait(timeout=60)
    return 0


def _running() -> str:
    """Return the port of a ``make ui`` of this checkout that runs; "" when there is none."""
    return PID.read_text().split()[-1] if _other() else ""


def _other() -> psutil.Process | None:
    """Return the process that the file names, if it is a ``make ui``; a file that names none is removed."""
    try:
        process = psutil.Process(int(PID.read_text().split()[0]))
        if any(part.endswith("ui.py") for part in process.cmdline()):
            return process
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        PID.unlink(missing_ok=True)
    return None


def _serve(airflow: list[subprocess.Popen[bytes]], port: int, *, stands: bool) -> int:
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + READY_SECONDS
    with console.status("Airflow is starting …"):
        while not _healthy(url):
            if _ended(airflow) or time.monotonic() > deadline:
                print(f"Airflow did not come up. Its log: {LOG}", file=sys.stderr)
                return 1
            time.sleep(0.5)
    console.print(f"Airflow:     [bold]{url}[/]   login [bold]{USER}[/], password [bold]{_password()}[/]")
    console.print(f"The page:    {url}/plugin/sales-cdc   whether changes arrive, what changed, insights")
    console.print(f"Local cloud: {os.environ['SALES_CDC_LOCAL_ENDPOINT']}")
    console.print(next_step(stands=stands))
    console.print(f"Log: {LOG}. Ctrl-C ends both.")
    while not _ended(airflow):
        time.sleep(0.5)
    print(f"A process of Airflow ended by itself. Its log: {LOG}", file=sys.stderr)
    return 1


def next_step(*, stands: bool) -> str:
    """Return what to trigger in Airflow, which depends on whether the pipeline is set up."""
    if stands:
        return "The pipeline is set up. A DAG is paused until you unpause it: sales_cdc_generate writes changes, sales_cdc_batch takes them into the tables."
    return "Nothing is set up. A DAG is paused until you unpause it: sales_cdc_setup first, then sales_cdc_generate and sales_cdc_batch."


def _start_airflow(port: int) -> list[subprocess.Popen[bytes]]:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    _password()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_password_file()),
        # A file that changes is read at once. Airflow hears the arrivals of an unpaused batch from the next reading on.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15",
    }
    group = 0
    started = []
    with LOG.open("ab") as log:
        for command in PROCESSES:
            process = subprocess.Popen(
                ["airflow", *command],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=group,
            )  # fmt: skip
            group = group or process.pid
            started.append(process)
    return started


def _password_file() -> Path:
    return Path(os.environ["AIRFLOW_HOME"]) / "login.json"


def _password() -> str:
    """Return the admin's password; the first start makes it, in a file that only the owner can read."""
    path = _password_file()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump({USER: secrets.token_urlsafe(12)}, file)
    return str(json.loads(path.read_text())[USER])


def _cloud(verb: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "local_cloud", verb], capture_output=True, text=True, check=False)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _healthy(url: str) -> bool:
    """Return whether every part of Airflow reports itself healthy."""
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=2) as answer:  # noqa: S310 - our own address
            parts = json.load(answer)
    except OSError:
        return False
    return all(parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor"))


def _ended(processes: list[subprocess.Popen[bytes]]) -> bool:
    return any(process.poll() is not None for process in processes)


def _end_group(processes: list[subprocess.Popen[bytes]]) -> None:
    """Send SIGTERM to the whole group, children included, and SIGKILL after fifteen seconds."""
    if not processes:
        return
    group = processes[0].pid
    for number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _ended(processes)
            if not _group_lives(group):
                return
            time.sleep(0.1)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
