"""Decode the text of a field as a SerDe does, by SQL over a segment's text columns.

A number is read from a string too; a fraction in an integer column is cut off; a value that is none of the type fails the query.

Sources: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html,
https://docs.aws.amazon.com/athena/latest/ug/hive-json-serde.html
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError, not_supported
from local_cloud.athena.json_text import Number, Pairs, compact, structure
from local_cloud.athena.types import Type, duckdb_name, parse_type

OPENX_JSON = "org.openx.data.jsonserde.JsonSerDe"
HIVE_JSON = frozenset({"org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe"})
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
AVRO = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
ORC = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
JSON_SERDES = HIVE_JSON | {OPENX_JSON}
BYTES = 128
_NESTED = "serde_nested"


def is_true(parameters: dict[str, str], key: str, *, default: bool) -> bool:
    return parameters.get(key, str(default)).strip().lower() == "true"


def separator(parameters: dict[str, str], *keys: str, default: str) -> str:
    """Return the separator that the first of the keys names: a character, or the number of a byte such as Glue's ``1``.

    Source: https://github.com/apache/hive/blob/master/serde/src/java/org/apache/hadoop/hive/serde2/lazy/LazyUtils.java (getByte)
    """
    given = next((parameters[key] for key in keys if parameters.get(key)), default)
    return chr(int(given)) if given.isascii() and given.isdigit() and int(given) < BYTES else given


def json_key(parameters: dict[str, str], column: str) -> str:
    """Return the JSON key that a column is read from: ``mapping.<column>`` or its own name."""
    for key, value in parameters.items():
        if key.lower() == f"mapping.{column}":
            return value
    return column


def decoded(source: str, kind: Type, field_number: int) -> str:
    """Return SQL that decodes the text ``source`` as ``kind``; NULL stays NULL.

    Raises:
        QueryFailedError: no such column type can be read.
    """
    if kind.name in {"array", "map", "row"}:
        return f"CAST(from_json({_NESTED}({source}, {quoting.text(str(kind))}), {quoting.text(structure(kind))}) AS {duckdb_name(kind)})"
    if kind.name == "varchar":
        return f"left({source}, {kind.numbers[0]})" if kind.numbers else source
    if kind.name == "char":
        return f"rtrim(left({source}, {kind.numbers[0]}), ' ')"
    if kind.name == "boolean":
        return f"(lower({source}) = 'true')"
    value = scalar(source, kind)
    bad = quoting.fail(
        "HIVE_BAD_DATA",
        f"""'Error parsing field value ''' || {source} || ''' for field {field_number}: For input string: "' || {source} || '"'""",
    )
    return f"coalesce({value}, CASE WHEN {source} IS NOT NULL THEN {bad} END)"


def scalar(source: str, kind: Type) -> str:
    """Return SQL that is NULL where the text has no value of the type."""
    if kind.is_integer:
        name = duckdb_name(kind)
        return (
            f"(CASE WHEN CAST(TRY_CAST({source} AS {name}) AS VARCHAR) = {source} THEN TRY_CAST({source} AS {name}) "
            f"WHEN regexp_full_match({source}, '[-+]?(0|[1-9][0-9]*)') THEN TRY_CAST({source} AS {name}) "
            f"WHEN NOT regexp_matches({source}, '^[-+]?0[0-9xX]') THEN TRY_CAST(trunc(TRY_CAST({source} AS DECIMAL(38,12))) AS {name}) END)"
        )
    if kind.name in {"decimal", "real", "double"}:
        return f"TRY_CAST({source} AS {duckdb_name(kind)})"
    if kind.name == "date":
        return f"TRY_CAST(regexp_extract({source}, '^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})([ T].*)?$', 1) AS DATE)"
    if kind.name == "timestamp":
        return _timestamp(source)
    if kind.name == "varbinary":
        return f"from_base64({source})"
    raise not_supported(f"A column of type {kind}")


def _timestamp(source: str) -> str:
    """Decode Hive's form, ISO 8601 (taken to UTC), or a number: seconds, milliseconds from 13 digits on. Kept to the millisecond."""
    number = f"TRY_CAST({source} AS DECIMAL(38,6))"
    return (
        f"date_trunc('milliseconds', CASE WHEN regexp_full_match({source}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([ T][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]{{1,9}})?)?') "
        f"THEN TRY_CAST({source} AS TIMESTAMP) "
        f"WHEN regexp_full_match({source}, '[0-9]{{4}}-.*[0-9](Z|z|[-+][0-9]{{2}}:?[0-9]{{2}})') THEN timezone('UTC', TRY_CAST({source} AS TIMESTAMPTZ)) "
        f"WHEN regexp_full_match({source}, '-?[0-9]{{1,12}}([.][0-9]+)?') THEN make_timestamp(CAST({number} * 1000000 AS BIGINT)) "
        f"WHEN regexp_full_match({source}, '-?[0-9]{{13,16}}') THEN make_timestamp(CAST({number} * 1000 AS BIGINT)) END)"
    )


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection the function that decodes nested values."""
    connection.create_function(_NESTED, _nested, ["VARCHAR", "VARCHAR"], "VARCHAR", null_handling="special")


def _nested(source: str | None, kind: str) -> str | None:
    if source is None:
        return None
    try:
        document = json.loads(source, parse_float=Number, parse_int=Number, object_pairs_hook=Pairs)
    except ValueError:
        document = source
    shaped = _shaped(document, parse_type(kind))
    return None if shaped is None else compact(shaped)


def _shaped(value: Any, kind: Type) -> Any:
    """Return the value in the structure's form: rows keyed by position, leaves as text.

    Raises:
        QueryFailedError: the value's shape is not the type's.
    """
    if value is None:
        return None
    if kind.name == "array":
        items = value if isinstance(value, list) and not isinstance(value, Pairs) else None if value == "" else [value]
        return None if items is None else [_shaped(item, kind.element) for item in items]
    if kind.name == "map":
        return _shaped_map(value, kind)
    if kind.name == "row":
        return _shaped_row(value, kind)
    if isinstance(value, list) and not kind.is_text:
        raise _mismatch("a JSON object or array", kind)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else compact(value)


def _shaped_map(value: Any, kind: Type) -> Any:
    if isinstance(value, str) and not value.strip():
        return None
    if not isinstance(value, Pairs):
        raise _mismatch("a value that is no JSON object", kind)
    return Pairs((str(key), _shaped(part, kind.parts[1])) for key, part in value)


def _shaped_row(value: Any, kind: Type) -> Any:
    if isinstance(value, Pairs):
        found = {key.lower(): part for key, part in value}
        parts = [found.get(field or "") for field in kind.names]
    elif isinstance(value, list):
        parts = [*value, *[None] * len(kind.parts)][: len(kind.parts)]
    elif isinstance(value, str) and not value.strip():
        parts = [None] * len(kind.parts)
    else:
        raise _mismatch("a value that is no JSON object", kind)
    return Pairs((f"f{i}", _shaped(part, kind.parts[i])) for i, part in enumerate(parts))


def _mismatch(seen: str, kind: Type) -> QueryFailedError:
    return QueryFailedError(
        "", f"{quoting.ERROR_MARK}HIVE_BAD_DATA: Error parsing field value: {seen} can not be coerced to {kind}"
    )
