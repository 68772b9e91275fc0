"""Find among the tokens what sqlglot reads and Trino's grammar lacks; the tree no longer shows it.

Sources: https://trino.io/docs/current/language/reserved.html,
https://trino.io/docs/current/sql/select.html,
https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from sqlglot.tokenizer_core import Token, TokenType

_RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
_TYPES = frozenset(
    [
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "INTEGER",
        "BIGINT",
        "REAL",
        "DOUBLE",
        "DECIMAL",
        "NUMERIC",
        "VARCHAR",
        "CHAR",
        "VARBINARY",
        "JSON",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "INTERVAL",
        "ARRAY",
        "MAP",
        "ROW",
        "UUID",
        "IPADDRESS",
        "HYPERLOGLOG",
        "P4HYPERLOGLOG",
        "SETDIGEST",
        "QDIGEST",
        "TDIGEST",
        "COLOR",
    ]
)
_AFTER_ON = ("EMPTY", "ERROR", "OVERFLOW", "SCALAR", "NULL")  # in functions such as json_value(… NULL ON EMPTY)
_ENDS_JOINS = frozenset({
    TokenType.COMMA, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET,
    TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.SEMICOLON, TokenType.FETCH,
})  # fmt: skip


def foreign_tokens(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield each token that Trino refuses, with the reason in its words."""
    yield from _words(tokens)
    yield from _joins(tokens)
    yield from _types(tokens)


def _mismatched(token: Token) -> tuple[Token, str]:
    return token, f"mismatched input '{token.text}'"


def _is_word(token: Token, *words: str) -> bool:
    return token.token_type not in {TokenType.IDENTIFIER, TokenType.STRING} and token.text.upper() in words


def _words(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield operators of other dialects, and reserved words as names."""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.token_type == TokenType.NULLSAFE_EQ or (token.token_type == TokenType.NOT and token.text == "!"):
            yield _mismatched(token)
        if after is None:
            continue
        if token.token_type in {TokenType.ALIAS, TokenType.DOT} and _is_word(after, *_RESERVED):
            yield _mismatched(after)
        if token.token_type == TokenType.WITH and after.token_type == TokenType.OFFSET:
            yield _mismatched(after)
        if _is_word(token, "INTERVAL") and after.token_type == TokenType.NUMBER:
            yield _mismatched(after)
    yield from _unknown_tests(tokens)
    yield from _separators(tokens)
    for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (first.token_type, second.token_type, third.token_type) == (
            TokenType.IN,
            TokenType.L_PAREN,
            TokenType.R_PAREN,
        ):
            yield _mismatched(third)


def _unknown_tests(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield UNKNOWN in ``IS UNKNOWN``."""
    for before, token, after in zip(tokens, tokens[1:], [*tokens[2:], None], strict=False):
        if _is_word(token, "UNKNOWN") and (_is_word(before, "IS") or (_is_word(before, "NOT") and after is not None)):
            yield _mismatched(token)


def _separators(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield what follows the separator of LISTAGG, which has two arguments."""
    for index, token in enumerate(tokens):
        if not _is_word(token, "LISTAGG"):
            continue
        depth, commas = 0, 0
        for inner in tokens[index + 1 :]:
            depth += (inner.token_type == TokenType.L_PAREN) - (inner.token_type == TokenType.R_PAREN)
            commas += inner.token_type == TokenType.COMMA and depth == 1
            if depth == 0 or commas > 1:
                break
        if commas > 1:
            yield _mismatched(inner)


def json_objects(tokens: list[Token]) -> set[int]:
    """Return the indexes of the colons between keys and values of ``json_object('a': 1)``."""
    found: set[int] = set()
    around: list[bool] = []
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            around.append(index > 0 and _is_word(tokens[index - 1], "JSON_OBJECT"))
        elif token.token_type == TokenType.R_PAREN and around:
            around.pop()
        elif token.token_type == TokenType.COLON and around and around[-1]:
            found.add(index)
    return found


def _joins(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield joins without a condition and conditions without a join. Each JOIN but CROSS JOIN has one ON or USING."""
    worded = {
        token.start
        for token, after in itertools.pairwise(tokens)
        if _is_word(token, "ON") and _is_word(after, *_AFTER_ON)
    }
    waiting = [0]  # for each open parenthesis, the joins that have no condition yet
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.token_type == TokenType.L_PAREN:
            waiting.append(0)
        elif token.token_type == TokenType.R_PAREN:
            if waiting.pop():
                yield _mismatched(token)
            waiting = waiting or [0]
        elif token.token_type == TokenType.JOIN:
            waiting[-1] += not _follows(before, "CROSS")
        elif token.start in worded:
            continue
        elif token.token_type in {TokenType.ON, TokenType.USING} and waiting[-1]:
            waiting[-1] -= 1
        elif _is_no_join(token, before) or (token.token_type in _ENDS_JOINS and waiting[-1]):
            yield _mismatched(token)
    if waiting[0]:
        yield _mismatched(tokens[-1])


def _is_no_join(token: Token, before: Token | None) -> bool:
    """Say whether the token is a condition that no join waits for, or an outer join of no side."""
    return token.token_type in {TokenType.ON, TokenType.USING} or (
        token.token_type == TokenType.OUTER and not _follows(before, "LEFT", "RIGHT", "FULL")
    )


def _follows(before: Token | None, *words: str) -> bool:
    return before is not None and _is_word(before, *words)


def _types(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield types that Hive or other engines have, such as ``CAST(a AS string)``."""
    casts: list[bool] = []
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            casts.append(index > 0 and _is_word(tokens[index - 1], "CAST", "TRY_CAST"))
        elif token.token_type == TokenType.R_PAREN and casts:
            casts.pop()
        elif token.token_type == TokenType.ALIAS and casts and casts[-1] and index + 1 < len(tokens):
            kind = tokens[index + 1]
            if kind.text.upper() not in _TYPES and re.fullmatch(r"\w+", kind.text):
                yield kind, f"Unknown type: {kind.text.lower()}"
