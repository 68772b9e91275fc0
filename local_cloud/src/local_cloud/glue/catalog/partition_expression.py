"""Filter partitions as GetPartitions does: a part of SQL's WHERE over a table's partition keys.

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html: ``= <> > < >= <=``, AND, OR, NOT, IN, BETWEEN, LIKE,
IS NULL; a literal is compared as its key's type.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.glue.catalog.partition_types import KeyType, UnreadableError

Row = Mapping[str, str | None]
Predicate = Callable[[Row], bool | None]  # None: unknown, as a comparison with NULL
Operand = tuple[str, str]  # the kind, "key" or "literal", and the key's name or the literal's text

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w])|(?P<sign><>|!=|<=|>=|[=<>(),])"
    r"|(?P<quoted>[`\"][^`\"]+[`\"])|(?P<word>\w+))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "DATE", "TIMESTAMP"}


class ExpressionError(ValueError):
    """The filter cannot be read, or names a column that is no partition key."""


def parse(text: str, key_types: Mapping[str, str]) -> Predicate:
    """Return a filter for partitions whose values come by key, None being NULL.

    The filter raises StoredValueError for a partition whose own value is none of its key's type.

    Raises:
        ExpressionError: the text is no filter over these keys.
    """
    parser = _Parser(text, {name.lower(): kind for name, kind in key_types.items()})
    try:
        found = parser.disjunction()
    except UnreadableError as error:
        raise ExpressionError(str(error)) from error
    if parser.current is not None:
        raise parser.unsupported(f"it cannot be read from {parser.current!r} on")
    return found


class _Parser:
    def __init__(self, text: str, key_types: Mapping[str, str]) -> None:
        self._text, self._key_types = text, key_types
        self._tokens = self._cut()
        self._position = 0

    @property
    def current(self) -> str | None:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else None

    def unsupported(self, reason: str) -> ExpressionError:
        """Make the error for a text that is no filter."""
        return ExpressionError(f"Unsupported expression '{self._text}': {reason}.")

    def disjunction(self) -> Predicate:
        parts = [self._conjunction()]
        while self._joined("OR"):
            parts.append(self._conjunction())
        return lambda row: _any([part(row) for part in parts])

    def _conjunction(self) -> Predicate:
        parts = [self._negation()]
        while self._joined("AND"):
            parts.append(self._negation())
        return lambda row: _not(_any([_not(part(row)) for part in parts]))

    def _negation(self) -> Predicate:
        if self._accept("NOT"):
            inner = self._negation()
            return lambda row: _not(inner(row))
        start = self._position
        if self._accept("("):
            try:
                inner = self.disjunction()
                self._expect(")")
            except ExpressionError as refused:
                self._position = start
                inner = self._around_operand(refused)
            return inner
        return self._predicate()

    def _around_operand(self, refused: ExpressionError) -> Predicate:
        """Read a predicate whose first parenthesis is around an operand; what is none was refused before."""
        try:
            return self._predicate()
        except ExpressionError:
            raise refused from None

    def _predicate(self) -> Predicate:
        left = self._operand()
        if self._accept("IS"):
            key, wanted = self._key(left), not self._accept("NOT")
            self._expect("NULL")
            return lambda row: (row[key] is None) is wanted
        negated = self._accept("NOT")
        found = self._comparison(left)
        return (lambda row: _not(found(row))) if negated else found

    def _comparison(self, left: Operand) -> Predicate:
        if self._accept("IN"):
            self._expect("(")
            members = [self._compared("=", left)]
            while self._accept(","):
                members.append(self._compared("=", left))
            self._expect(")")
            return lambda row: _any([member(row) for member in members])
        if self._accept("BETWEEN"):
            low = self._compared(">=", left)
            if not self._joined("AND"):
                raise self.unsupported("BETWEEN needs AND")
            high = self._compared("<=", left)
            return lambda row: _not(_any([_not(low(row)), _not(high(row))]))
        if self._accept("LIKE"):
            return self._like(left)
        sign = self.current
        if sign not in _COMPARISONS:
            raise self.unsupported(f"a comparison was expected, not {sign or 'the end'!r}")
        self._position += 1
        return self._compared(sign, left)

    def _like(self, left: Operand) -> Predicate:
        key, (kind, pattern) = self._key(left), self._operand()
        family = self._type(key).family
        if family != "String":
            raise ExpressionError(f"{family} data type doesn't support operation 'LIKE'")
        if kind != "literal":
            raise self.unsupported("LIKE needs a pattern")
        parts = (".*" if one == "%" else "." if one == "_" else re.escape(one) for one in pattern)
        whole = re.compile("".join(parts), re.DOTALL)
        return lambda row: None if (value := row[key]) is None else whole.fullmatch(value) is not None

    def _compared(self, sign: str, left: Operand) -> Predicate:
        right = self._operand()
        if left[0] == "literal":
            left, right, sign = right, left, _MIRRORED.get(sign, sign)
        key, (kind, name) = self._key(left), right
        of, compare = self._type(key), _COMPARISONS[sign]
        literal = of.read(name) if kind == "literal" else None

        def predicate(row: Row) -> bool | None:
            value, other = of.stored(row[key]), literal if kind == "literal" else of.stored(row[name])
            return None if value is None or other is None else compare(value, other)

        return predicate

    def _key(self, operand: Operand) -> str:
        if operand[0] != "key":
            raise self.unsupported("it compares a literal with a literal")
        return operand[1]

    def _type(self, key: str) -> KeyType:
        return KeyType(self._key_types[key])

    def _operand(self) -> Operand:
        if self._accept("("):
            inner = self._operand()
            self._expect(")")
            return inner
        if self._position >= len(self._tokens):
            raise self.unsupported("it ends too early")
        kind, text = self._tokens[self._position]
        self._position += 1
        if text.upper() in ("DATE", "TIMESTAMP") and self._at_text():
            return self._operand()
        if kind == "text":
            return "literal", text[1:-1].replace("''", "'")
        if kind == "number":
            return "literal", text
        name = text.strip('`"').lower()
        if name not in self._key_types and (kind == "sign" or (kind == "word" and text.upper() in _KEYWORDS)):
            raise self.unsupported(f"{text!r} is no operand")
        if name not in self._key_types:
            raise ExpressionError(f"Invalid partition expression! {text!r} is no partition key of the table.")
        return "key", name

    def _at_text(self) -> bool:
        return self._position < len(self._tokens) and self._tokens[self._position][0] == "text"

    def _joined(self, word: str) -> bool:
        """Take AND or OR; Glue takes them in parentheses, too."""
        start = self._position
        if self._accept(word) or (self._accept("(") and self._joined(word) and self._accept(")")):
            return True
        self._position = start
        return False

    def _accept(self, word: str) -> bool:
        found = self.current is not None and self.current.upper() == word and self._tokens[self._position][0] != "text"
        self._position += found
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self.unsupported(f"{word} was expected, not {self.current or 'the end'!r}")

    def _cut(self) -> list[tuple[str, str]]:
        tokens, position = [], 0
        while self._text[position:].strip():
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self.unsupported(f"it cannot be read from {self._text[position:]!r} on")
            tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()
        return tokens


def _any(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value
