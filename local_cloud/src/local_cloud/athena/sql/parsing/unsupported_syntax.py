"""Find among the tokens what Trino's grammar has and the local cloud cannot do, so that it is not refused as a mistake.

Source: https://trino.io/docs/current/sql/select.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot.tokenizer_core import Token, TokenType

_WORDS = {
    "MATCH_RECOGNIZE": "MATCH_RECOGNIZE",
    "TABLESAMPLE": "TABLESAMPLE",
    "JSON_TABLE": "JSON_TABLE",
    "CORRESPONDING": "CORRESPONDING",
}
_PAIRS = {
    ("GROUP BY", "DISTINCT"): "GROUP BY DISTINCT",
    ("WITH", "TIES"): "FETCH FIRST … WITH TIES",
    ("WITH", "FUNCTION"): "A function that a query declares",
}
_FORMS = {
    r"\bjson_(value|query|exists|object|array)\s*\(.*\b(format|passing|returning|wrapper|on)\b": "This form of a JSON function",
    r"\*\s*as\s*\(": "A name for the columns of *",
    r"\b(from|join)\s*\(\s*\(\s*values\b": "VALUES in parentheses of their own",
}
_NAMES = {TokenType.IDENTIFIER, TokenType.STRING}
_BEFORE_RELATIONS = {TokenType.FROM, TokenType.JOIN, TokenType.COMMA}


def unsupported_form(sql: str) -> str | None:
    """Return what of a statement that was not read may be Trino's all the same; None for a mistake."""
    return next((what for form, what in _FORMS.items() if re.search(form, sql, re.IGNORECASE | re.DOTALL)), None)


def unsupported_tokens(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield each token that begins what is not supported, with its name."""
    if tokens and tokens[0].token_type not in _NAMES and tokens[0].text.upper() in {"EXPLAIN", "TABLE"}:
        yield tokens[0], f"{tokens[0].text.upper()} as a query"
    for index, token in enumerate(tokens):
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.token_type in _NAMES:
            continue
        word = token.text.upper()
        if word in _WORDS and after is not None and after.token_type != TokenType.COMMA:
            yield token, _WORDS[word]
        if after is not None and after.token_type not in _NAMES and (word, after.text.upper()) in _PAIRS:
            yield token, _PAIRS[word, after.text.upper()]
        if _is_table_function(tokens, index):
            yield token, "A table function"
        if _is_new_number(token, after):
            yield token, "A number with underscores or a prefix"


def _is_table_function(tokens: list[Token], index: int) -> bool:
    before = tokens[index - 1].token_type if index else None
    after = tokens[index + 1].token_type if index + 1 < len(tokens) else None
    return tokens[index].text.upper() == "TABLE" and before in _BEFORE_RELATIONS and after == TokenType.L_PAREN


def _is_new_number(token: Token, after: Token | None) -> bool:
    """Say whether it is a number such as ``1_000`` or ``0xFF``, of which the parser makes two tokens."""
    if token.token_type != TokenType.NUMBER or after is None or after.start != token.end + 1:
        return False
    rest = r"_\d[\d_]*" if token.text != "0" else r"[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+"
    return re.fullmatch(rest, after.text) is not None
