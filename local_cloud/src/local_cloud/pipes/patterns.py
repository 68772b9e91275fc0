"""Event patterns: the filters of a pipe.

A pattern names fields; each leaf is a list of alternatives. Fields that it does not name are ignored. Sources:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html; for wildcards and leaves
https://github.com/aws/event-ruler
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Matcher = Callable[[Any], bool]
Pattern = Matcher

_ABSENT = object()
_WILDCARD = re.compile(r"\\[*\\]|[^\\]", re.DOTALL)
_COMPARISONS = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class PatternError(Exception):
    """The pattern is not valid; the message says where."""


def compile_pattern(text: str) -> Pattern:
    """Return a function that tells whether an event matches the pattern.

    Raises:
        PatternError: the text is no JSON object, a leaf is no list, or a comparison operator is unknown.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise PatternError(f"the pattern is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise PatternError("the pattern is not a JSON object.")
    return _object(document)


def _object(pattern: Mapping[str, Any]) -> Matcher:
    fields: list[tuple[str, Matcher]] = []
    alternatives: list[Matcher] = []
    for name, rule in pattern.items():
        if name == "$or" and isinstance(rule, list):
            if not rule or not all(isinstance(one, dict) for one in rule):
                raise PatternError("'$or' must be a list of objects.")
            alternatives = [_object(one) for one in rule]
        elif isinstance(rule, dict):
            fields.append((name, _object(rule)))
        elif isinstance(rule, list):
            fields.append((name, _leaf(name, rule)))
        else:
            raise PatternError(f"{name!r} must be an object or a list of values.")

    def matches(value: Any) -> bool:
        if isinstance(value, list):
            return any(matches(one) for one in value)
        found = value if isinstance(value, dict) else {}
        return all(rule(found.get(name, _ABSENT)) for name, rule in fields) and (
            not alternatives or any(one(found) for one in alternatives)
        )

    return matches


def _leaf(name: str, rules: list[Any]) -> Matcher:
    if not rules:
        raise PatternError(f"{name!r} has an empty list of values.")
    matchers = [_rule(name, rule) for rule in rules]

    def matches(value: Any) -> bool:
        candidates = [*_leaves(value)] or [_ABSENT]
        return any(matcher(one) for one in candidates for matcher in matchers)

    return matches


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the values to compare: every member of an array, and nothing of an object, which is no leaf."""
    if isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif not isinstance(value, dict):
        yield value


def _rule(name: str, rule: Any) -> Matcher:
    if isinstance(rule, list):
        raise PatternError(f"{name!r}: a list within the list of values is no value.")
    if not isinstance(rule, dict):
        return lambda value: _equal(value, rule)
    if len(rule) != 1:
        raise PatternError(f"{name!r}: a comparison has exactly one operator.")
    ((kind, argument),) = rule.items()
    maker = _OPERATORS.get(kind)
    if maker is None:
        raise PatternError(f"{name!r}: unrecognized match type {kind}.")
    try:
        return maker(argument)
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise PatternError(f"{name!r}: {kind} cannot take {argument!r}.") from error


def _equal(value: Any, wanted: Any) -> bool:
    """Compare two values as JSON does: ``true`` is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _text(test: Callable[[str], bool]) -> Matcher:
    return lambda value: isinstance(value, str) and test(value)


def _folded(argument: Any, test: Callable[[str, str], bool]) -> Matcher:
    """Test the start or end of a text, without case when the argument is ``{"equals-ignore-case": …}``."""
    if isinstance(argument, dict):
        wanted = argument["equals-ignore-case"].lower()
        return _text(lambda value: test(value.lower(), wanted))
    wanted = argument + ""
    return _text(lambda value: test(value, wanted))


def _wildcard(argument: str) -> Matcher:
    """Match ``*`` with any text; after a backslash it is a plain character, as is a second backslash."""
    pieces = _WILDCARD.findall(argument)
    if "".join(pieces) != argument or ("*", "*") in itertools.pairwise(pieces):
        raise ValueError(argument)
    expression = re.compile("".join(".*" if piece == "*" else re.escape(piece[-1]) for piece in pieces), re.DOTALL)
    return _text(lambda value: expression.fullmatch(value) is not None)


def _numeric(argument: list[Any]) -> Matcher:
    pairs = list(zip(argument[::2], argument[1::2], strict=True))
    tests = [(_COMPARISONS[symbol], limit + 0) for symbol, limit in pairs]

    def matches(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and all(compare(value, limit) for compare, limit in tests)

    return matches


def _cidr(argument: str) -> Matcher:
    network = ipaddress.ip_network(argument, strict=False)

    def inside(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _text(inside)


def _exists(argument: bool) -> Matcher:
    if not isinstance(argument, bool):
        raise TypeError(argument)
    return lambda value: (value is not _ABSENT) == argument


def _anything_but(argument: Any) -> Matcher:
    if isinstance(argument, dict):
        inner = [_rule("anything-but", {kind: one}) for kind, many in argument.items() for one in _many(many)]
    else:
        inner = [_rule("anything-but", one) for one in _many(argument)]
    return lambda value: value is not _ABSENT and not any(matcher(value) for matcher in inner)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_OPERATORS: Mapping[str, Callable[[Any], Matcher]] = {
    "prefix": lambda argument: _folded(argument, str.startswith),
    "suffix": lambda argument: _folded(argument, str.endswith),
    "equals-ignore-case": lambda argument: _folded({"equals-ignore-case": argument}, str.__eq__),
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
    "anything-but": _anything_but,
}
