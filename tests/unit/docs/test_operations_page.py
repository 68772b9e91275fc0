"""The runbook quotes messages, DAGs, commands and files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| seen", "| ---"))]


def said() -> str:
    """The source with its literals as people read them: those that stand one after another are one."""
    files = [path for folder in ("dags", "plugins", "include", "local_cloud") for path in (ROOT / folder).rglob("*.py")]
    text = "\n".join(path.read_text() for path in files).replace("{{", "{").replace("}}", "}")
    return re.sub(r"""["']\s*\n\s*f?["']""", "", text)


def test_every_quoted_message_is_one_that_the_source_says() -> None:
    quoted = [text for row in ROWS for text in re.findall(r"`([^`]+)`", row.split(" | ")[0]) if " " in text]
    quoted = [text for text in quoted if not text.startswith(("make ", "kill "))]
    assert len(quoted) > 20
    source = said()
    assert [text for text in quoted if text not in source] == []


@pytest.mark.parametrize("page", ["operations.md", "scaling.md"])
def test_every_dag_command_and_file_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    dags = set(
        re.findall(r"\bsales_cdc_(?:setup|generate|batch|teardown|backfill|reconcile|redrive|repair|drill)\b", text)
    )
    makefile = (ROOT / "Makefile").read_text()
    assert [dag for dag in dags if not (ROOT / "dags" / f"{dag}.py").exists()] == []
    assert [name for name in set(re.findall(r"(?m)(?:^|`)make ([a-z-]+)", text)) if f"\n{name}:" not in makefile] == []
    assert [path for path in re.findall(r"`((?:plugins|docs)/[\w/.]+)`", text) if not (ROOT / path).exists()] == []
