"""Hold the front pages to the tree: every file and folder that they name is there, and so is every link's target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
    *(f"docs/adr/{path.name}" for path in sorted((ROOT / "docs" / "adr").glob("*.md"))),
]
FOLDERS = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in {".git", ".venv", ".local"})
INDEX = (ROOT / "docs" / "adr" / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def named_paths(text: str) -> set[str]:
    """Paths in backticks that begin with a folder of the tree, without those that have a part to fill in."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"(?s)```.*?```", "", text))
    begins = tuple(f"{folder}/" for folder in FOLDERS)
    return {path for path in inline if path.startswith(begins) and re.fullmatch(r"[\w./-]+", path)}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    assert [path for path in sorted(named_paths(text_of(page))) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_maps_name_many_files(page: str) -> None:
    assert len(named_paths(text_of(page))) > 25


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_project_leads_to_a_file_and_a_heading(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"https?:", target):
            continue
        path, _, heading = target.partition("#")
        linked = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert linked.exists(), f"{page}: {target}"
        headings = [re.sub(r"[^\w -]", "", line.lstrip("# ").lower()) for line in _headings(linked)]
        assert not heading or heading in {each.replace(" ", "-") for each in headings}, f"{page}: {target}"


def _headings(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.startswith("#")] if path.suffix == ".md" else []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_command_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(r"(?m)(?:^|`)make ([a-z][a-z-]*)", text_of(page)))
    assert [name for name in sorted(named) if not re.search(rf"(?m)^{name}:", MAKEFILE)] == []


def test_the_architecture_page_names_every_room_and_the_floors_that_the_linter_checks() -> None:
    page = text_of("ARCHITECTURE.md")
    rooms = {path.name for path in (ROOT / "plugins" / "sales_cdc").iterdir() if (path / "__init__.py").exists()}
    assert [room for room in sorted(rooms) if f"`plugins/sales_cdc/{room}/`" not in page] == []
    configuration = (ROOT / "pyproject.toml").read_text()
    layers = re.search(r"(?ms)^layers = \[(.*?)^\]", configuration)
    assert layers
    floors = [
        re.sub(r"sales_cdc\.", "", floor).replace(" : ", ", ") for floor in re.findall(r'"([^"]+)"', layers.group(1))
    ]
    assert "\n".join(f"    {floor}" for floor in floors) in page
    assert rooms == {room for floor in floors for room in floor.split(", ")}


def test_the_readme_has_a_row_for_every_dag_and_is_short() -> None:
    readme = text_of("README.md")
    dags = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert set(re.findall(r"(?m)^\| `(sales_cdc_\w+)` \|", readme)) == dags
    assert len(readme.splitlines()) <= 150


def test_every_decision_is_dated_and_has_its_line_in_the_index() -> None:
    records = sorted(path for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        title = text.splitlines()[0].partition(". ")[2]
        date = re.search(r"(?m)^Date: (\d{4}-\d{2}-\d{2})$", text)
        assert date, path.name
        assert re.findall(r"(?m)^## (.+)$", text) == ["Context", "Decision", "Consequence"], path.name
        line = rf"(?m)^\| {path.name[:4]} \| \[{re.escape(title)}\]\({path.name}\) \| [\w ]+ \| {date.group(1)} \|$"
        assert re.search(line, INDEX), path.name
