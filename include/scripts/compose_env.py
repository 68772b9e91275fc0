"""Write random secrets for docker-compose.yaml into ``.env``, which only its owner can read: ``make env``.

Secrets that the file already has stay, because a database keeps the password with which it was made.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "AIRFLOW_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
    "AIRFLOW_API_SECRET": lambda: secrets.token_hex(32),
    "AIRFLOW_FERNET_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "AIRFLOW_JWT_SECRET": lambda: secrets.token_hex(32),
}


def main(arguments: list[str]) -> int:
    path = Path(arguments[0] if arguments else ".env")
    kept = path.read_text() if path.exists() else ""
    present = {line.partition("=")[0] for line in kept.splitlines() if line.partition("=")[2]}
    missing = [name for name in SECRETS if name not in present]
    if kept and not kept.endswith("\n"):
        kept += "\n"
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(kept + "".join(f"{name}={SECRETS[name]()}\n" for name in missing))
    path.chmod(0o600)
    print(
        f"{path}: {', '.join(missing) or 'nothing'} added, {len(SECRETS) - len(missing)} kept. Next: docker compose up --build"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
