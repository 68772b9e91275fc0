"""Compile conditional functions, and others without a chapter of their own.

Sources: https://trino.io/docs/current/functions/conditional.html,
https://trino.io/docs/current/functions/conversion.html
"""

from __future__ import annotations

from local_cloud.athena import quoting
from local_cloud.athena.coercions import common_type
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.functions.call import Call, Function
from local_cloud.athena.sql.functions.signatures import simple
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.casts import coerce
from local_cloud.athena.sql.values.composite import row_of, unified
from local_cloud.athena.types import VARCHAR


def _coalesce(call: Call) -> Typed:
    values = call.arguments()
    if len(values) < 2:
        raise call.session.invalid(
            call.node, "The 'coalesce' function must have at least two arguments", "INVALID_FUNCTION_ARGUMENT"
        )
    kind = unified(call.session, call.node, values, "All COALESCE operands")
    return Typed(f"coalesce({', '.join(coerce(value, kind).sql for value in values)})", kind)


def _nullif(call: Call) -> Typed:
    values = call.arguments()
    if len(values) != 2:
        raise call.mistaken()
    kind = common_type(values[0].type, values[1].type)
    if kind is None:
        raise call.session.mismatch(
            call.node, f"Types are not comparable with NULLIF: {values[0].type} vs {values[1].type}"
        )
    return Typed(
        f"(CASE WHEN {coerce(values[0], kind).sql} = {coerce(values[1], kind).sql} THEN NULL ELSE {values[0].sql} END)",
        values[0].type,
    )


def _try(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    try:
        value = call.argument(0)
    except QueryFailedError as error:
        if error.name == "INVALID_FUNCTION_ARGUMENT":  # Trino meets it at a row, and TRY makes it NULL
            raise call.session.unsupported(
                call.node, "TRY of a function with an argument that is never valid"
            ) from error
        raise
    return Typed(f"TRY({value.sql})", value.type)


def _typeof(call: Call) -> Typed:
    if len(call.nodes) != 1:
        raise call.mistaken()
    return Typed(quoting.text(str(call.argument(0).type)), VARCHAR)


def _row(call: Call) -> Typed:
    return row_of(call.arguments())


GENERAL: dict[str, Function] = {
    "coalesce": _coalesce, "nullif": _nullif, "try": _try, "typeof": _typeof, "row": _row, "version": simple((" -> varchar", "'476'")), "uuid": simple((" -> uuid", "CAST(uuid() AS VARCHAR)")),
}  # fmt: skip
