"""Search the tables of every database, as SearchTables does.

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html. The page leaves open by which characters a text is divided into
words ("certain punctuation characters, for example, -, :, #, etc."): here by all but letters, digits and ``_``; and in which form a time
is written: here as seconds since 1970 or as ISO 8601.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_cloud.glue.catalog.refusals import Ask
from local_cloud.glue.resources import page
from local_cloud.wire import Json, ServiceError

_TIMES = frozenset({"CreateTime", "UpdateTime", "LastAccessTime", "LastAnalyzedTime"})
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "EQUALS": operator.eq, "GREATER_THAN": operator.gt, "LESS_THAN": operator.lt, "GREATER_THAN_EQUALS": operator.ge, "LESS_THAN_EQUALS": operator.le,
}  # fmt: skip


async def search_tables(params: Json, ask: Ask) -> Json:
    """Return a page of the tables that meet every filter and the text, in the order that is asked for.

    Raises:
        ServiceError: ``InvalidInputException``, a filter or an order that cannot be read.
    """
    tables = []
    for database in (await ask("GetDatabases", {}))["DatabaseList"]:
        tables += (await ask("GetTables", {"DatabaseName": database["Name"]}))["TableList"]
    if params.get("ResourceShareType") == "FOREIGN":
        tables = []
    filters = params.get("Filters") or []
    found = [table for table in tables if all(_meets(table, wanted) for wanted in filters)]
    if text := params.get("SearchText"):
        found = [table for table in found if _has_text(table, text)]
    for criterion in reversed(params.get("SortCriteria") or []):
        found = _sorted(found, criterion)
    return page(found, params, "TableList")


def _meets(table: Json, wanted: Json) -> bool:
    key, value = wanted.get("Key"), wanted.get("Value")
    if not key or not value:
        raise ServiceError("InvalidInputException", f"A filter needs Key and Value; this one is {wanted}.")
    held = _property(table, key)
    if held is None:
        return False
    if key in _TIMES:
        return _COMPARED[wanted.get("Comparator") or "EQUALS"](float(held), _seconds(key, value))
    return value.casefold() in {str(held).casefold(), *_words(str(held))}


def _property(table: Json, key: str) -> Any:
    """Return a field of the table, or of its parameters; None when it has no such."""
    held = table.get(key, (table.get("Parameters") or {}).get(key))
    return None if isinstance(held, (dict, list)) else held


def _seconds(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        message = f"{key} is compared with a time, as seconds since 1970 or ISO 8601; {value!r} is neither."
        raise ServiceError("InvalidInputException", message) from error
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _has_text(table: Json, text: str) -> bool:
    """Say whether a text of the table has the words; in quotes, whether it is one."""
    held = list(_texts(table))
    quoted = re.fullmatch(r"\s*([\"'])(.*)\1\s*", text, re.DOTALL)
    if quoted:
        return quoted[2].casefold() in (one.casefold() for one in held)
    words = _words(text)
    return bool(words) and words <= set().union(*map(_words, held))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a document, names of parameters included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "Parameters" and isinstance(one, dict):
                yield from one
            yield from _texts(one)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _sorted(tables: list[Json], criterion: Json) -> list[Json]:
    """Return the tables by one field; those that lack it are the last."""
    name = criterion.get("FieldName")
    if not name:
        raise ServiceError("InvalidInputException", "A sort criterion needs FieldName.")
    have = [table for table in tables if _property(table, name) is not None]
    lack = [table for table in tables if _property(table, name) is None]

    def rank(table: Json) -> Any:
        held = _property(table, name)
        return float(held) if name in _TIMES else str(held)

    return [*sorted(have, key=rank, reverse=criterion.get("Sort") == "DESC"), *lack]
