"""Raw objects to rows in Arrow's form: what Spark runs in its Python workers.

Lines that look as the transformer writes them are taken apart many at once, ten times as fast and to the same texts.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import boto3
import pyarrow as pa
import pyarrow.compute as pc
from change_contract import EVENT_TYPES, SEQUENCE_NUMBER_DIGITS, Attribute, Contract
from raw_lines import BadRow, LineParser

LINES_AT_ONCE = 20_000
ORIGIN = ("reason", "raw_line", "source_object", "line_number")
"""Of a line that is no change: why, its text, and where it was found."""
FURTHER = "_further"
"""The column with the further attributes, a map; no column of a table opens with an underscore."""
PLAIN = r'[^"\\\x00-\x1f]'
PLAIN_TIME = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
PLAIN_VALUES = {
    "string": f'"{PLAIN}*',
    "bigint": "0|-?[1-9][0-9]{0,17}",
    "double": r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?",
    "boolean": "true|false",
    "timestamp": rf'"{PLAIN_TIME}\.[0-9]{{6}}',
    "json": r"[^\x00-\x{10FFFF}]",  # its quotes are escaped, so only null is plain
}
"""By type, what is taken of a field's value."""
ENDS = {"string": '"', "timestamp": 'Z"'}
PLAIN_METADATA = {
    "event_type": f'"(?P<event_type>{"|".join(EVENT_TYPES)})"',
    "creation_time": rf'"(?P<creation_time>{PLAIN_TIME}\.[0-9]{{3}})Z"',
    "event_id": f'"(?P<event_id>{PLAIN}+)"',
    "sequence_number": f'"(?P<sequence_number>[0-9]{{1,{SEQUENCE_NUMBER_DIGITS}}})"',
    "actor": '"(?P<actor>user|ttl)"',
}

TIMESTAMP = pa.timestamp("us")

Fetch = Callable[[str, str], bytes]


class RawObject(NamedTuple):
    """An object under the raw prefix; its ETag pins the content that was listed."""

    object: str
    etag: str
    size_bytes: int


def plain_line(contract: Contract) -> str:
    """Return the pattern of a line that needs no parser; its groups are named as the columns.

    A field that is null is captured as nothing, a text or a time with its opening quote.
    """
    members = {each.member: f'"(?P<{each.column}>{PLAIN}+)"' for each in contract.key}
    members |= {each.member: f"(?:null|{_plain_field(each)})" for each in contract.fields}
    written = ", ?".join(f'"{name}": ?{value}' for name, value in (members | PLAIN_METADATA).items())
    stream = f'(?:, ?"source_stream": ?"(?P<source_stream>{PLAIN}+)")?'
    return rf'^\{{{written}{stream}(?:, ?(?P<{FURTHER}>".+))?\}}$'


def _plain_field(field: Attribute) -> str:
    if field.type not in PLAIN_VALUES:
        return _plain_decimal(field)
    return f"(?P<{field.column}>{PLAIN_VALUES[field.type]}){ENDS.get(field.type, '')}"


def _plain_decimal(field: Attribute) -> str:
    precision, scale = map(int, re.findall("[0-9]+", field.type))
    whole = f"(?:0|[1-9][0-9]{{0,{precision - scale - 1}}})" if precision > scale else "0"
    fraction = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else ""
    return f"(?P<{field.column}>-?{whole}{fraction})"


class ObjectReader:
    """Reads raw objects into record batches of one schema. Made in the worker."""

    def __init__(self, contract: Contract) -> None:
        self._parser = LineParser(contract)
        self._columns = list(contract.columns)
        self._plain_line = plain_line(contract)
        self._probed, self._probe_pattern = contract.probed.column, contract.probe_pattern
        self._quoted = [each.column for each in contract.fields if each.type in ENDS]
        self._times = ["creation_time", *(each.column for each in contract.fields if each.type == "timestamp")]
        self._optional = [*(each.column for each in contract.fields), "source_stream"]
        self._plain_columns = [*(name for name in contract.columns if name != "rescued_data"), FURTHER]
        further = (FURTHER, pa.map_(pa.string(), pa.string()))
        self.schema = pa.schema([*((name, pa.string()) for name in (*ORIGIN, *self._columns)), further])

    def rows(self, key: str, content: bytes) -> Iterator[pa.RecordBatch]:
        """Yield the rows of an object: ``ORIGIN``, the texts of the declared columns, the further attributes."""
        try:
            content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        except (OSError, EOFError, zlib.error) as error:
            return (yield self._batch([refused(f"the object cannot be decompressed: {error}", key)]))
        if b"\0" in content[:4096]:
            return (yield self._batch([refused("the object is not text", key)]))
        lines = content.split(b"\n")
        for first in range(0, len(lines), LINES_AT_ONCE):
            at_once = lines[first : first + LINES_AT_ONCE]
            plain, taken = self.plain_rows(at_once)
            yield plain
            yield self.other_rows(key, ((first + n, line) for n, line in enumerate(at_once, 1) if not taken[n - 1]))

    def plain_rows(self, lines: Sequence[bytes]) -> tuple[pa.RecordBatch, list[bool]]:
        """Return the changes in plain lines, and of each line whether it was one."""
        try:
            fields = pc.extract_regex(pa.array(lines, pa.binary()).cast(pa.string()), self._plain_line)
            texts = dict(zip(self._plain_columns, fields.flatten(), strict=True))
            for name in self._times:
                pc.if_else(pc.equal(texts[name], ""), None, pc.replace_substring(texts[name], '"', "")).cast(TIMESTAMP)
        except pa.ArrowInvalid:  # some line is not UTF-8, or some day is in no calendar
            return self._batch([]), [False] * len(lines)
        further = [self._parser.end_of_plain_line(end) for end in texts.pop(FURTHER).to_pylist()]
        probes = pc.match_substring_regex(texts[self._probed], self._probe_pattern).to_pylist()
        taken = [attributes is not None and not probe for attributes, probe in zip(further, probes, strict=True)]
        columns = {name: text.filter(pa.array(taken)) for name, text in texts.items()}
        for name in self._optional:
            columns[name] = pc.if_else(pc.equal(columns[name], ""), None, columns[name])
        for name in self._quoted:
            columns[name] = pc.utf8_slice_codeunits(columns[name], 1)
        origin = [pa.nulls(sum(taken), pa.string())] * len(ORIGIN)  # of interest for a bad line only
        rows = [row for row, is_taken in zip(further, taken, strict=True) if is_taken]
        columns["rescued_data"] = pa.nulls(sum(taken), pa.string())
        declared = [columns[name] for name in self._columns]
        attributes = pa.array(rows, self.schema.field(FURTHER).type)
        return pa.RecordBatch.from_arrays([*origin, *declared, attributes], schema=self.schema), taken

    def other_rows(self, key: str, lines: Iterable[tuple[int, bytes]]) -> pa.RecordBatch:
        """Return a row for each line, given by its number, that is neither blank nor a probe."""
        rows: list[dict[str, Any]] = []
        for number, line in lines:
            try:
                change = self._parser.change(line) if line.strip() else None
            except BadRow as bad:
                rows.append(refused(str(bad), key, number, line))
            else:
                if change is not None:
                    texts, further = change
                    rows.append(dict(zip(self._columns, texts, strict=True)) | _found(key, number) | {FURTHER: further})
        return self._batch(rows)

    def _batch(self, rows: list[dict[str, Any]]) -> pa.RecordBatch:
        return pa.RecordBatch.from_pylist(rows, schema=self.schema)


def refused(reason: str, key: str, number: int = 0, line: bytes = b"") -> dict[str, Any]:
    """Return the row of a line that is no change."""
    origin = {"reason": reason, "raw_line": line.decode(errors="backslashreplace")}
    return origin | _found(key, number) | {FURTHER: []}


def _found(key: str, number: int) -> dict[str, Any]:
    return {"source_object": key, "line_number": str(number)}


def s3_fetch(bucket: str) -> Fetch:
    s3 = boto3.client("s3")
    return lambda key, etag: s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)["Body"].read()


def read_objects(
    contract: Contract, connect: Callable[[], Fetch], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Read the objects that Spark gives a task; ``connect`` is called once in each."""
    fetch, reader = connect(), ObjectReader(contract)
    for raw in (raw for batch in batches for raw in batch.to_pylist()):
        rows = reader.rows(raw["object"], fetch(raw["object"], raw["etag"]))
        yield from (batch for batch in rows if batch.num_rows)


def read_quarantined(contract: Contract, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read lines that a former version has put into quarantine, with their origin; those refused again give no row."""
    reader = ObjectReader(contract)
    for row in (row for batch in batches for row in batch.to_pylist()):
        line = (row["line_number"], row["raw_line"].encode())
        rows = reader.other_rows(row["source_object"], [line])
        yield rows.filter(pc.is_null(rows["reason"]))
