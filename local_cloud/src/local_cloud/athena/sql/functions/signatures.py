"""Make functions that are one DuckDB expression from their signature in Trino's words and a template."""

from __future__ import annotations

from collections.abc import Callable

from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import can_coerce, coerce
from local_cloud.athena.types import VARCHAR, Type, array, parse_type


def simple(*variants: tuple[str, str]) -> Function:
    """Make a function of variants such as ``("varchar. Bigint -> varchar", "left({0}, {1})")``; the first that fits is used.

    ``same`` as a result is the type of the first argument, a text.
    """
    parsed = [(*_signature(signature), template) for signature, template in variants]

    def compiled(call: Call) -> Typed:
        values = call.arguments()
        for exact in (True, False):
            for wanted, result, template in parsed:
                if _fits(values, wanted, exact=exact):
                    sql = template.format(
                        *(coerce(value, kind).sql for value, kind in zip(values, wanted, strict=True))
                    )
                    return Typed(f"({sql})", result(values))
        raise call.mistaken([value.type for value in values])

    return compiled


def _signature(text: str) -> tuple[list[Type], Callable[[list[Typed]], Type]]:
    before, _, after = text.partition("->")
    return [parse_type(part.strip()) for part in before.split(";") if part.strip()], _result(after.strip())


def _result(text: str) -> Callable[[list[Typed]], Type]:
    if text == "same":
        return lambda values: values[0].type if values[0].type.is_text else VARCHAR
    if text == "array(same)":
        element = _result("same")
        return lambda values: array(element(values))
    kind = parse_type(text)
    return lambda _: kind


def _fits(values: list[Typed], wanted: list[Type], *, exact: bool) -> bool:
    if len(values) != len(wanted):
        return False
    pairs = zip(values, wanted, strict=True)
    return all(value.type.name == kind.name if exact else can_coerce(value.type, kind) for value, kind in pairs)
