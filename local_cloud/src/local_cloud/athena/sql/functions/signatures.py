"""Make functions that are one DuckDB expression from their signature in Trino's words and a template."""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import can_coerce, coerce
from local_cloud.athena.sql.values.texts import padded
from local_cloud.athena.types import VARCHAR, Type, array, parse_type


def _given(value: Typed, kind: Type) -> str:
    return padded(value) if kind.name == "char" else coerce(value, kind).sql


def _as_held(sql: str, kind: Type) -> Typed:
    return Typed(f"rtrim({sql}, ' ')" if kind.name == "char" else sql, kind)


Length = Callable[..., int]
Variant = tuple[str, str] | tuple[str, str, Length]
MAX_LENGTH = 2_147_483_646  # of a varchar; a longer one has no length


def simple(*variants: Variant) -> Function:
    """Make a function of variants such as ``("varchar; bigint -> varchar", "left({0}, {1})")``; the first that fits is used.

    ``same`` as a result is the varchar that holds the first argument, ``char`` the char that it is. A function as the third part computes the length of a
    resulting varchar from the lengths of the varchar arguments.
    """
    parsed = [(*_signature(variant[0], *variant[2:]), variant[1]) for variant in variants]

    def compiled(call: Call) -> Typed:
        values = call.arguments()
        for exact in (True, False):
            for wanted, result, template in parsed:
                if _fits(values, wanted, exact=exact):
                    arguments = [_given(value, kind) for value, kind in zip(values, wanted, strict=True)]
                    return _as_held(f"({template.format(*arguments)})", result(values))
        raise call.mistaken()

    return compiled


def _signature(text: str, length: Length | None = None) -> tuple[list[Type], Callable[[list[Typed]], Type]]:
    before, _, after = text.partition("->")
    result = _result(after.strip()) if length is None else lambda values: _sized(length, values)
    return [parse_type(part.strip()) for part in before.split(";") if part.strip()], result


def _result(text: str) -> Callable[[list[Typed]], Type]:
    if text == "same":
        return lambda values: as_text_type(values[0].type)
    if text == "char":
        return lambda values: values[0].type
    if text == "array(same)":
        element = _result("same")
        return lambda values: array(element(values))
    kind = parse_type(text)
    return lambda _: kind


def as_text_type(kind: Type) -> Type:
    """Return the varchar that holds values of a type that is coerced to text; NULL is a text without letters."""
    if kind.name == "unknown":
        return Type("varchar", (0,))
    return Type("varchar", kind.numbers) if kind.is_text else VARCHAR


def _sized(length: Length, values: list[Typed]) -> Type:
    lengths = [kind.numbers for kind in (as_text_type(value.type) for value in values)]
    if not all(lengths):
        return VARCHAR
    found = length(*(numbers[0] for numbers in lengths))
    return Type("varchar", (found,)) if found <= MAX_LENGTH else VARCHAR


def _fits(values: list[Typed], wanted: list[Type], *, exact: bool) -> bool:
    if len(values) != len(wanted):
        return False
    pairs = zip(values, wanted, strict=True)
    return all(
        value.type.name == kind.name or (not exact and kind.name != "char" and can_coerce(value.type, kind))
        for value, kind in pairs
    )
