"""Event patterns: the filters of a pipe.

A pattern names fields; each leaf is a list of alternatives. Fields that it does not name are ignored; a dot in a name leads into an
object, in patterns and in events. Sources:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html. What is refused, and what matches, is what
https://github.com/aws/event-ruler does, with which EventBridge reads patterns.
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

MIN_ALTERNATIVES = 2
_ABSENT = object()
_WILDCARD = re.compile(r"\\[*\\]|[^\\]", re.DOTALL)
_COMPARISONS = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class PatternError(Exception):
    """The pattern is not valid; the message says where."""


class _Object(dict[str, Any]):
    """A JSON object that remembers whether a name was repeated in it."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeats = len(self) < len(pairs)


def compile_pattern(text: str) -> Pattern:
    """Return a function that tells whether an event matches the pattern.

    Raises:
        PatternError: the text is no JSON object, an object is empty, a leaf is no list, or a comparison is none.
    """
    try:
        document = json.loads(text, object_pairs_hook=_Object, parse_constant=_no_number)
    except ValueError as error:
        raise PatternError(f"the pattern is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise PatternError("the pattern is not a JSON object.")
    return _object(document)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _object(pattern: Mapping[str, Any]) -> Matcher:
    if not pattern:
        raise PatternError("an object of the pattern is empty.")
    fields: list[tuple[str, Matcher]] = []
    alternatives: list[Matcher] = []
    for name, rule in pattern.items():
        if name == "$or":
            alternatives = _alternatives(rule)
        elif isinstance(rule, dict):
            fields.append((name, _object(rule)))
        elif isinstance(rule, list):
            fields.append((name, _leaf(name, rule)))
        else:
            raise PatternError(f"{name!r} must be an object or a list of values.")
    paths = [(tuple(name.split(".")), rule) for name, rule in fields]

    def matches(value: Any) -> bool:
        if isinstance(value, list):
            return any(matches(one) for one in value)
        found = value if isinstance(value, dict) else {}
        return all(rule(_member(found, path)) for path, rule in paths) and (
            not alternatives or any(one(found) for one in alternatives)
        )

    return matches


def _alternatives(rule: Any) -> list[Matcher]:
    """Return what ``$or`` lists: patterns, whose fields are not named like comparisons."""
    if not isinstance(rule, list) or len(rule) < MIN_ALTERNATIVES or not all(isinstance(one, dict) for one in rule):
        raise PatternError(f"'$or' must be a list of at least {MIN_ALTERNATIVES} objects.")
    if reserved := sorted({name for one in rule for name in one} & _OPERATORS.keys()):
        raise PatternError(f"a field inside '$or' cannot be named {reserved[0]!r}.")
    return [_object(one) for one in rule]


def _member(found: Any, path: tuple[str, ...]) -> Any:
    """Return what is at a path of names below an object; a name of the event may have dots of its own."""
    if not path:
        return found
    if isinstance(found, list):
        members = [one for one in (_member(member, path) for member in found) if one is not _ABSENT]
        return members or _ABSENT
    if not isinstance(found, dict):
        return _ABSENT
    candidates = []
    for length in range(1, len(path) + 1):
        name = ".".join(path[:length])
        if name in found:
            candidates.append(_member(found[name], path[length:]))
    starts = f"{'.'.join(path)}."
    if inner := {name[len(starts) :]: value for name, value in found.items() if name.startswith(starts)}:
        candidates.append(inner)
    present = [one for one in candidates if one is not _ABSENT]
    return _ABSENT if not present else present[0] if len(present) == 1 else present


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
    if len(rule) != 1 or getattr(rule, "repeats", False):
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
    """Compare with one number, or with the two ends of a range, of which the lower comes first."""
    if not isinstance(argument, list):
        raise TypeError(argument)
    pairs = list(zip(argument[::2], argument[1::2], strict=True))
    tests = [(_COMPARISONS[symbol], limit + 0) for symbol, limit in pairs]
    is_range = [symbol[:1] for symbol, _ in pairs] == [">", "<"] and pairs[0][1] < pairs[1][1]
    if (len(pairs) != 1 and not is_range) or any(isinstance(limit, bool) for _, limit in pairs):
        raise ValueError(argument)

    def matches(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and all(compare(value, limit) for compare, limit in tests)

    return matches


def _cidr(argument: str) -> Matcher:
    address, slash, bits = argument.partition("/")
    network = ipaddress.ip_network(argument, strict=False)
    if not slash or not bits.isdigit() or network.prefixlen == network.max_prefixlen:
        raise ValueError(address)

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
    """Match what is there and is none of some texts or numbers, or of some texts that begin, end or look alike."""
    if isinstance(argument, dict):
        ((kind, many),) = argument.items()
        if kind not in _NEGATED or not all(isinstance(one, str) for one in _many(many)):
            raise ValueError(argument)
        if kind in ("prefix", "suffix") and "" in _many(many):
            raise ValueError(argument)
        inner = [_rule("anything-but", {kind: one}) for one in _many(many)]
    else:
        kinds = {"text" if isinstance(one, str) else "number" for one in _many(argument)}
        if len(kinds) != 1 or any(isinstance(one, bool | None | list | dict) for one in _many(argument)):
            raise ValueError(argument)
        inner = [_rule("anything-but", one) for one in _many(argument)]
    return lambda value: value is not _ABSENT and not any(matcher(value) for matcher in inner)


def _many(value: Any) -> list[Any]:
    """Return the values of a list, which has one at least, or the only value."""
    if value == []:
        raise ValueError(value)
    return value if isinstance(value, list) else [value]


_NEGATED = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
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
