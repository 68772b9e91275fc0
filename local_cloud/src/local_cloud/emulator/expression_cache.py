"""Parse each condition and update expression once.

MiniStack parses the same text again for every item of a transaction.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from local_cloud.emulator.seams import require

MAX_CACHED = 512


def cache_expressions(dynamodb: Any) -> None:
    """Cache the two pure functions of ``ministack.services.dynamodb`` that parse expressions.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(dynamodb, "_tokenize", "_condition_syntax_error")
    tokenize = lru_cache(maxsize=MAX_CACHED)(dynamodb._tokenize)
    dynamodb._tokenize = lambda text: list(tokenize(text))
    dynamodb._condition_syntax_error = lru_cache(maxsize=MAX_CACHED)(dynamodb._condition_syntax_error)
