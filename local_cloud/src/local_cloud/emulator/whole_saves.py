"""Write MiniStack's saved states in one call of the encoder, and Glue's catalog without a copy of it.

MiniStack writes a state value by value, and copies Glue's first. A table of 4,000 partitions made each change of the catalog
take two seconds; a commit of the job is such a change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TextIO

from local_cloud.emulator.seams import require


class WholeTexts:
    """Python's ``json``, whose ``dump`` writes one text: ``json.dump`` never uses the encoder that is written in C."""

    def __getattr__(self, name: str) -> Any:
        return getattr(json, name)

    @staticmethod
    def dump(document: Any, file: TextIO, default: Callable[[Any], Any] | None = None) -> None:
        file.write(json.dumps(document, default=default))


def patch_whole_saves(persistence: Any, glue: Any) -> None:
    """Replace how MiniStack's ``persistence`` encodes a state, and what ``glue`` gives it: what is encoded at once needs no copy.

    Raises:
        SeamMovedError: MiniStack lacks one of the names.
    """
    require(persistence, "json", "save_state", "load_state")
    require(glue, "_ALL_STATE", "get_state")
    persistence.json = WholeTexts()
    glue.get_state = lambda: glue._ALL_STATE
