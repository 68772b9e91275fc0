"""A state that is saved in one text is read back as MiniStack reads its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ministack.core import persistence
from ministack.services import glue

from local_cloud.emulator.whole_saves import WholeTexts, patch_whole_saves


def test_a_catalog_is_read_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((persistence, "json"), (glue, "get_state")):
        monkeypatch.setattr(module, name, getattr(module, name))  # puts them back
    monkeypatch.setattr(persistence, "STATE_DIR", str(tmp_path))
    monkeypatch.setattr(persistence, "PERSIST_STATE", True)
    persistence.save_state("before", glue.get_state())
    patch_whole_saves(persistence, glue)
    glue._databases["shop"] = {"Name": "shop", "Description": "Größe"}
    try:
        persistence.save_state("glue", glue.get_state())
        assert (
            json.loads((tmp_path / "glue.json").read_text()).keys()
            == json.loads((tmp_path / "before.json").read_text()).keys()
        )
        loaded = persistence.load_state("glue")
        assert loaded is not None
        assert loaded["databases"]["shop"] == {"Name": "shop", "Description": "Größe"}
    finally:
        del glue._databases["shop"]


def test_everything_else_of_json_is_pythons() -> None:
    assert WholeTexts().JSONDecodeError is json.JSONDecodeError
    assert WholeTexts().loads("[1]") == [1]
