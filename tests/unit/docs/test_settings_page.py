"""Hold docs/settings.md to the code: every setting that is read is on the page, and every one on the page is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

from sales_cdc.deployment.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
READERS = ("dags", "plugins", "include", "local_cloud/src")
OURS = re.compile(r"(SALES_CDC|LOCAL_CLOUD|DRILL|DEMO)(_[A-Z]+)+")


def rows() -> dict[str, list[str]]:
    """The cells of each row of the page, by the setting's name."""
    lines = (ROOT / "docs" / "settings.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]
    return {row[0].strip("` "): row[1:] for row in cells}


def read_by_python(text: str) -> Iterator[str]:
    """The names of ours that a module spells, and whatever it asks of the environment."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Call) and re.fullmatch(
            r"(os\.)?(env|environ|environment)\.get", ast.unparse(node.func)
        ):
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Load)
            and isinstance(node.slice, ast.Constant)
            and ast.unparse(node.value) == "os.environ"
        ):
            yield str(node.slice.value)


def read_in_code() -> set[str]:
    modules = [path for folder in READERS for path in (ROOT / folder).rglob("*.py")]
    names = {name for path in modules for name in read_by_python(path.read_text())}
    names |= set(re.findall(r"(?m)^(?:export )?([A-Z_]+) \?=", (ROOT / "Makefile").read_text()))
    names |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yaml").read_text()))
    return names | {"CI"}  # the tests' only one


def test_every_setting_that_the_code_reads_is_on_the_page_and_no_other() -> None:
    assert set(rows()) == read_in_code()


def test_every_row_names_the_files_that_read_its_setting() -> None:
    named = {(name, path) for name, cells in rows().items() for path in re.findall(r"`([^`]+)`", cells[-1])}
    assert len(named) >= len(rows())
    assert [
        (name, path)
        for name, path in named
        if not (ROOT / path).is_file() or not re.search(rf"\b{name}\b", (ROOT / path).read_text())
    ] == []


def test_the_page_states_the_defaults_of_the_code() -> None:
    page = rows()
    defaults = {each.name: each.default for each in fields(Settings) if each.default not in {MISSING, None, False}}
    assert len(defaults) >= 6
    assert {name: page[f"SALES_CDC_{name.upper()}"][0].split(";")[0] for name in defaults} == {
        name: f"`{default}`" for name, default in defaults.items()
    }


def test_the_page_knows_every_setting_of_a_deployment() -> None:
    names = {"region": "AWS_REGION"} | {
        each.name: f"SALES_CDC_{each.name.upper()}" for each in fields(Settings) if each.name != "region"
    }
    assert set(names.values()) <= set(rows())
