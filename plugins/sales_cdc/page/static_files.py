"""Serve the page's own files in ``static/``, and plotly.js from the installed package ``plotly``."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

OWN = Path(__file__).resolve().parent / "static"
PLOTLY = "plotly.min.js"
FIRST_SCRIPTS = ("theme.js", "plots.js")  # they run before the page is drawn
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class StaticFile(NamedTuple):
    """A file, its compressed form, its type, and a version that changes with its content."""

    content: bytes
    compressed: bytes
    media_type: str
    version: str


@lru_cache(maxsize=1)
def own_version() -> str:
    """Return one version for all own files, which import one another and share one path."""
    contents = (path.read_bytes() for path in sorted(OWN.iterdir()) if path.suffix in TYPES)
    return hashlib.sha256(b"".join(contents)).hexdigest()[:12]


def modules() -> list[str]:
    """Return the names of the page's modules, which the browser fetches all at once."""
    return sorted(path.name for path in OWN.glob("*.js") if path.name not in FIRST_SCRIPTS)


@lru_cache(maxsize=32)
def static_file(name: str) -> StaticFile | None:
    """Return a file by its name, or None; names are looked up and never joined to a path."""
    if name == PLOTLY:
        content = (files("plotly") / "package_data" / PLOTLY).read_bytes()
    elif path := {each.name: each for each in OWN.iterdir() if each.suffix in TYPES}.get(name):
        content = path.read_bytes()
    else:
        return None
    version = hashlib.sha256(content).hexdigest()[:12]
    return StaticFile(content, gzip.compress(content, 6, mtime=0), TYPES[Path(name).suffix], version)
