"""``make env``: secrets at random, once, for their owner's eyes."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from include.scripts.compose_env import SECRETS, main


def values(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_every_secret_is_drawn_anew_and_for_the_owner_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    main([str(first)])
    main([str(second)])
    assert values(first).keys() == SECRETS.keys()
    assert not set(values(first).values()) & set(values(second).values())
    assert first.stat().st_mode & 0o777 == 0o600
    Fernet(values(first)["AIRFLOW_FERNET_KEY"])


def test_what_is_there_stays_and_what_is_missing_is_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "env"
    path.write_text("SALES_CDC_UI_PORT=8081\nPOSTGRES_PASSWORD=kept")
    main([str(path)])
    assert values(path)["POSTGRES_PASSWORD"] == "kept"
    assert values(path)["SALES_CDC_UI_PORT"] == "8081"
    assert len(values(path)) == len(SECRETS) + 1
    assert "kept" not in capsys.readouterr().out.replace("1 kept", "")
