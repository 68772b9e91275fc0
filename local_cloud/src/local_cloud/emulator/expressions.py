"""Condition and update expressions are read once: MiniStack parses the same text anew for every item of a transaction."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

REMEMBERED = 512


def remember_expressions(dynamodb: Any) -> None:
    """Put a bounded memory before the emulator's two pure readers of expressions.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    if not hasattr(dynamodb, "_tokenize") or not hasattr(dynamodb, "_condition_syntax_error"):
        raise RuntimeError("MiniStack's expression readers moved: expressions.py was written for version 1.5.33.")
    tokenize = lru_cache(maxsize=REMEMBERED)(dynamodb._tokenize)
    dynamodb._tokenize = lambda text: list(tokenize(text))
    dynamodb._condition_syntax_error = lru_cache(maxsize=REMEMBERED)(dynamodb._condition_syntax_error)
