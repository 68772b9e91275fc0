"""Find the classifier that recognises an object's content, and return the schema that it yields.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html: custom classifiers in the crawler's order, then the built-in ones; the
first that is certain decides. Of the built-in ones the local cloud has Parquet, JSON and CSV; anything else is ``UNKNOWN``.
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_cloud.glue.schemas import csv_records, json_records, parquet_files, path_lists
from local_cloud.glue.schemas.column_types import Type, columns_of
from local_cloud.glue.schemas.path_lists import CommaPath

UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Schema:
    """What was recognised: the format's name, its columns in order, and the parameters for the SerDe.

    ``record_bytes`` and ``records`` describe the part that was read; ``fields`` are the names as written.
    """

    classification: str
    compression: str
    columns: Mapping[str, Type]
    fields: Sequence[str] = ()
    records: int = 0
    record_bytes: int = 0
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def average_record_bytes(self) -> int:
        return max(1, self.record_bytes // self.records) if self.records else 0


def classify(
    content: bytes,
    *,
    truncated: bool,
    custom: Sequence[Mapping[str, Any]],
    comma_path: CommaPath = CommaPath.IGNORED,
) -> Schema:
    """Return the schema of an object from its beginning, or, for Parquet, from its end.

    Args:
        content: the first bytes as they lie in S3.
        truncated: whether more follows.
        custom: the crawler's classifiers, as ``GetClassifier`` returns them.
        comma_path: what a JSON classifier does whose path is a list of paths.
    """
    if content.startswith(parquet_files.MAGIC):
        return Schema("parquet", "none", columns_of(parquet_files.columns(content)) if not truncated else {})
    try:
        compression, plain, cut = _decompress(content, truncated=truncated)
    except (zlib.error, OSError):
        return Schema(UNKNOWN, "none", {})
    text = plain.decode("utf-8-sig", errors="replace")
    for classifier in custom:
        if (schema := _by_custom(classifier, text, compression, comma_path, truncated=cut)) is not None:
            return schema
    return (
        _as_json(text, None, compression, truncated=cut)
        or _as_csv(text, {}, compression, truncated=cut)
        or Schema(UNKNOWN, compression, {})
    )


def _decompress(content: bytes, *, truncated: bool) -> tuple[str, bytes, bool]:
    """Return compression, plain bytes, and whether they are cut."""
    if content.startswith(b"\x1f\x8b"):
        plain = b""
        while content.startswith(b"\x1f\x8b"):  # Firehose writes a member per flush
            decoder = zlib.decompressobj(wbits=31)
            plain += decoder.decompress(content)
            content = decoder.unused_data
        return "gzip", plain, truncated
    if content.startswith(b"BZh"):
        return "bzip2", bz2.BZ2Decompressor().decompress(content), truncated
    return "none", content, truncated


def _by_custom(
    classifier: Mapping[str, Any], text: str, compression: str, comma_path: CommaPath, *, truncated: bool
) -> Schema | None:
    """Return the schema by a custom classifier. None when it does not recognise the text, as Grok and XML never do here."""
    if "JsonClassifier" in classifier:
        paths = path_lists.split(classifier["JsonClassifier"]["JsonPath"])
        try:
            if len(paths) == 1:
                return _as_json(text, json_records.parse_path(paths[0]), compression, truncated=truncated)
            types = path_lists.record_types(text, paths, comma_path, truncated=truncated)
        except json_records.PathError:
            return None
        return _json_schema(types, text, compression)
    if "CsvClassifier" in classifier:
        return _as_csv(text, classifier["CsvClassifier"], compression, truncated=truncated)
    return None


def _as_json(text: str, steps: list[str | int | None] | None, compression: str, *, truncated: bool) -> Schema | None:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    return _json_schema(json_records.record_types(text, steps, truncated=truncated), text, compression)


def _json_schema(types: json_records.RecordTypes | None, text: str, compression: str) -> Schema | None:
    if types is None:
        return None
    return Schema("json", compression, columns_of(types.fields), tuple(types.fields), types.count, len(text.encode()))


def _as_csv(text: str, classifier: Mapping[str, Any], compression: str, *, truncated: bool) -> Schema | None:
    table = csv_records.read(text, classifier, truncated=truncated)
    if table is None:
        return None
    return Schema(
        "csv",
        compression,
        columns_of(table.columns),
        tuple(table.columns),
        table.records,
        len(text.encode()),
        table.options,
    )
