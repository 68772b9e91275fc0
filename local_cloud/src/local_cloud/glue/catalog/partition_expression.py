"""Filter partitions as GetPartitions does: a part of SQL's WHERE over a table's partition keys.

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html: ``= <> > < >= <=``, AND, OR, NOT, IN, BETWEEN, LIKE,
IS NULL; numbers compare as numbers, other keys as text.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Row = Mapping[str, str | None]
Predicate = Callable[[Row], bool | None]  # None: unknown, as a comparison with NULL
Operand = Callable[[Row], str | None]

NUMBERS = ("int", "bigint", "long", "tinyint", "smallint", "decimal", "double", "float")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w])|(?P<sign><>|!=|<=|>=|[=<>(),])|(?P<quoted>[`\"][^`\"]+[`\"])|(?P<word>\w+))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "DATE", "TIMESTAMP"}


class ExpressionError(ValueError):
    """The filter cannot be read, or names a column that is no partition key."""


def parse(text: str, key_types: Mapping[str, str]) -> Predicate:
    """Return a filter for partitions whose values come by key, None being NULL.

    Raises:
        ExpressionError: the text is no filter over these keys.
    """
    parser = _Parser(text, {name.lower(): kind.lower() for name, kind in key_types.items()})
    found = parser.disjunction()
    if parser.current is not None:
        raise ExpressionError(f"{text!r} cannot be read from {parser.current!r} on.")
    return found


class _Parser:
    def __init__(self, text: str, key_types: Mapping[str, str]) -> None:
        self._text, self._key_types = text, key_types
        self._tokens = _tokens(text)
        self._position = 0

    @property
    def current(self) -> str | None:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else None

    def disjunction(self) -> Predicate:
        parts = [self._conjunction()]
        while self._accept("OR"):
            parts.append(self._conjunction())
        return lambda row: _any([part(row) for part in parts])

    def _conjunction(self) -> Predicate:
        parts = [self._negation()]
        while self._accept("AND"):
            parts.append(self._negation())
        return lambda row: _not(_any([_not(part(row)) for part in parts]))

    def _negation(self) -> Predicate:
        if self._accept("NOT"):
            inner = self._negation()
            return lambda row: _not(inner(row))
        if self._accept("("):
            inner = self.disjunction()
            self._expect(")")
            return inner
        return self._predicate()

    def _predicate(self) -> Predicate:
        left, kind = self._operand()
        if self._accept("IS"):
            wanted = not self._accept("NOT")
            self._expect("NULL")
            return lambda row: (left(row) is None) is wanted
        negated = self._accept("NOT")
        found = self._comparison(left, kind)
        return (lambda row: _not(found(row))) if negated else found

    def _comparison(self, left: Operand, kind: str) -> Predicate:
        if self._accept("IN"):
            self._expect("(")
            members = [self._compared("=", left, kind)]
            while self._accept(","):
                members.append(self._compared("=", left, kind))
            self._expect(")")
            return lambda row: _any([member(row) for member in members])
        if self._accept("BETWEEN"):
            low = self._compared(">=", left, kind)
            self._expect("AND")
            high = self._compared("<=", left, kind)
            return lambda row: _not(_any([_not(low(row)), _not(high(row))]))
        if self._accept("LIKE"):
            pattern = self._operand()[0]
            return lambda row: _like(left(row), pattern(row))
        sign = self.current
        if sign not in _COMPARISONS:
            raise ExpressionError(f"{self._text!r}: a comparison was expected, not {sign or 'the end'!r}.")
        self._position += 1
        return self._compared(sign, left, kind)

    def _compared(self, sign: str, left: Operand, left_kind: str) -> Predicate:
        right, right_kind = self._operand()
        as_number = any(kind.startswith(NUMBERS) for kind in (left_kind, right_kind)) and "string" not in (
            left_kind,
            right_kind,
        )
        compare = _COMPARISONS[sign]

        def predicate(row: Row) -> bool | None:
            a, b = left(row), right(row)
            if a is None or b is None:
                return None
            return compare(_number(a), _number(b)) if as_number else compare(a, b)

        return predicate

    def _operand(self) -> tuple[Operand, str]:
        """Return a value and its type: a key's own, ``number`` or ``text`` for a literal."""
        if self._accept("DATE") or self._accept("TIMESTAMP"):
            return self._operand()
        if self._position >= len(self._tokens):
            raise ExpressionError(f"{self._text!r} ends too early.")
        kind, text = self._tokens[self._position]
        self._position += 1
        if kind == "text":
            value = text[1:-1].replace("''", "'")
            return (lambda _: value), "text"
        if kind == "number":
            return (lambda _: text), "number"
        name = text.strip('`"').lower()
        if kind == "sign" or (kind == "word" and text.upper() in _KEYWORDS) or name not in self._key_types:
            raise ExpressionError(f"{self._text!r}: {text!r} is no partition key of the table.")
        return (lambda row: row[name]), self._key_types[name]

    def _accept(self, word: str) -> bool:
        found = self.current is not None and self.current.upper() == word and self._tokens[self._position][0] != "text"
        self._position += found
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise ExpressionError(f"{self._text!r}: {word} was expected, not {self.current or 'the end'!r}.")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"{text!r} cannot be read from {text[position:]!r} on.")
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return tokens


def _any(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ExpressionError(f"{text!r} is no number.") from error


def _like(value: str | None, pattern: str | None) -> bool | None:
    if value is None or pattern is None:
        return None
    parts = (".*" if character == "%" else "." if character == "_" else re.escape(character) for character in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None
