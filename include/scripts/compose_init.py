"""Migrate Airflow's database and write the admin's login: the init service of docker-compose.yaml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

USER = "admin"


def main() -> int:
    login = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    login.parent.mkdir(parents=True, exist_ok=True)
    draft = login.with_suffix(".tmp")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        json.dump({USER: os.environ["AIRFLOW_ADMIN_PASSWORD"]}, file)
    draft.replace(login)
    return subprocess.run(["airflow", "db", "migrate"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
