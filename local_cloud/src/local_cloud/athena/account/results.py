"""Write result objects and read their pages: ``{id}.csv`` with its metadata for queries, ``{id}.txt`` for DDL.

Sources: https://docs.aws.amazon.com/athena/latest/ug/querying.html,
https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
Every value is quoted; an empty field without quotes is NULL.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from botocore.exceptions import ClientError

from local_cloud.athena.account.workgroups import invalid
from local_cloud.athena.catalog.glue import is_missing
from local_cloud.athena.statement import denials
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.locations import split_location
from local_cloud.athena.statement.query import Query, Row
from local_cloud.athena.types import BIGINT, Type
from local_cloud.wire import Json, ServiceError

KEPT_FILES = 200
KEPT_HOURS = 24
"""Source, of results that Athena keeps itself: https://docs.aws.amazon.com/athena/latest/ug/managed-results.html"""
_PRECISIONS = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "varchar": 2147483647,
    "json": 0,
    "time": 3,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1073741824,
}
_FIELD = re.compile(r'"((?:[^"]|"")*)"(,|\n)|(,|\n)')


def column_info(name: str, kind: Type | str) -> Json:
    """Return one entry of ``ResultSetMetadata.ColumnInfo``; a plain string is the type of a DDL column."""
    label = kind if isinstance(kind, str) else kind.name
    precision, scale = _PRECISIONS.get(label, 0), 0
    if isinstance(kind, Type) and label in {"decimal", "varchar", "char"} and kind.numbers:
        precision, scale = (*kind.numbers, 0)[:2]
    return {
        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name,
        "Type": "float" if label == "real" else label, "Precision": precision, "Scale": scale,
        "Nullable": "UNKNOWN", "CaseSensitive": label in {"varchar", "char", "json"},
    }  # fmt: skip


class Results:
    """Writes result objects to S3 and reads their pages, with a copy of the latest on this machine's disk."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._managed = folder, folder.with_name("managed_results")
        for made in (self._folder, self._managed):
            made.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._held: Counter[Path] = Counter()

    def write_rows(self, query: Query, columns: list[tuple[str, Type]], rows: Iterable[Row]) -> int:
        """Write the CSV of a query with its header, and its metadata, and return the number of rows."""
        count = 0
        with self._holding(query.execution_id, query.output_location) as path:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(_line([name for name, _ in columns]))
                for row in rows:
                    count += 1
                    if count % 10_000 == 0:
                        query.cancellation.check()
                    file.write(_line(row))
            self._keep(query, path, [column_info(name, kind) for name, kind in columns], header=True)
        return count

    def write_text(self, query: Query, columns: list[str], lines: list[str], kind: Type | str = "string") -> None:
        """Write the text of a DDL or utility statement, a line for each row; ``kind`` is the type of its columns."""
        with self._holding(query.execution_id, query.output_location) as path:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
            self._keep(query, path, [column_info(name, kind) for name in columns], header=False)

    def write_count(self, query: Query, *, shown: bool) -> None:
        """Note the empty result of a statement that writes rows elsewhere. CREATE TABLE AS shows one column, and writes its metadata.

        So PyAthena's ``test_ctas`` and ``test_iceberg_table`` and awswrangler's ``test_athena_ctas`` have it.

        Sources: https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/test_cursor.py,
        https://github.com/aws/aws-sdk-pandas/blob/main/tests/unit/test_athena.py
        """
        columns = [column_info("rows", BIGINT)] if shown else []
        with self._holding(query.execution_id, query.output_location) as path:
            path.touch()
            metadata = json.dumps({"Columns": columns, "Header": False, "Object": False})
            self._metadata_path(path).write_text(metadata)
            if shown and query.output_location:
                self._put_metadata(query, metadata)

    def reuse(self, query: Query, earlier: Json) -> bool:
        """Give the result of an earlier query to this one too; False when it is gone or its caller may not read it."""
        location = earlier["ResultConfiguration"]["OutputLocation"]
        with (
            self._holding(earlier["QueryExecutionId"], location) as old,
            self._holding(query.execution_id, query.output_location) as new,
        ):
            try:
                self._bring(query.caller, old, location)
                _require_readable(query.caller, location)
            except (ServiceError, ClientError):
                return False
            shutil.copyfile(old, new)
            found = json.loads(self._metadata_path(old).read_text())
            self._keep(query, new, found["Columns"], header=found["Header"])
        return True

    def page(self, caller: Caller, execution_id: str, location: str, token: str | None, most: int) -> Json:
        """Return one page as GetQueryResults answers it.

        Raises:
            ServiceError: the token is not ours, the result object is gone, or the caller may not read it.
        """
        with self._holding(execution_id, location) as path:
            self._bring(caller, path, location)
            return self._page(caller, path, location, token, most)

    def _page(self, caller: Caller, path: Path, location: str, token: str | None, most: int) -> Json:
        metadata = json.loads(self._metadata_path(path).read_text())
        if metadata["Columns"] and metadata.get("Object", True) and location:
            _require_readable(caller, location)
        try:
            start = int(token or 0)
        except ValueError as error:
            raise invalid("NextToken is not one that this service gave.") from error
        with path.open(encoding="utf-8", newline="") as file:
            file.seek(start)
            reader = _csv_rows(file) if metadata["Header"] else _text_rows(file)
            rows, end = [], start
            for row, size in reader:
                rows.append(row)
                end += size
                if len(rows) == most:
                    break
        found: Json = {
            "ResultSet": {
                "Rows": [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows],
                "ResultSetMetadata": {"ColumnInfo": metadata["Columns"]},
            }
        }
        if end < path.stat().st_size:
            found["NextToken"] = str(end)
        return found

    def _keep(self, query: Query, path: Path, columns: list[Json], *, header: bool) -> None:
        metadata = json.dumps({"Columns": columns, "Header": header})
        self._metadata_path(path).write_text(metadata)
        if not query.output_location:
            return
        bucket, key = split_location(query.output_location)
        s3 = query.caller.clients.client("s3")
        with denials.writing_output(query.output_location), path.open("rb") as file:
            s3.put_object(Bucket=bucket, Key=key, Body=file)
        self._put_metadata(query, metadata)

    @staticmethod
    def _put_metadata(query: Query, metadata: str) -> None:
        bucket, key = split_location(query.output_location)
        with denials.writing_output(query.output_location):
            query.caller.clients.client("s3").put_object(Bucket=bucket, Key=f"{key}.metadata", Body=metadata.encode())

    def _bring(self, caller: Caller, path: Path, location: str) -> None:
        if not path.exists() or not self._metadata_path(path).exists():
            if not location:
                raise invalid(f"The results of query {path.name} were kept for {KEPT_HOURS} hours and are gone.")
            bucket, key = split_location(location)
            s3 = caller.clients.client("s3")
            try:
                s3.download_file(bucket, key, str(path))
                s3.download_file(bucket, f"{key}.metadata", str(self._metadata_path(path)))
            except s3.exceptions.ClientError as error:
                raise invalid(f"Could not find results of query {path.name} at {location}.") from error

    @contextmanager
    def _holding(self, execution_id: str, location: str) -> Iterator[Path]:
        """Give the path of a query's result: a copy, or, without a location, the result. It is kept while the context lasts."""
        path = (self._folder if location else self._managed) / execution_id
        with self._lock:
            self._held[path] += 1
        try:
            yield path
        finally:
            with self._lock:
                self._held[path] -= 1
                self._prune()

    @staticmethod
    def _metadata_path(path: Path) -> Path:
        return path.with_name(path.name + ".metadata")

    def _prune(self) -> None:
        """Keep the newest copies, and those in use. Older pages are read from S3 again. Drafts of downloads have a suffix.

        Results that only Athena has are kept for their hours.
        """
        self._held = +self._held
        free = [path for path in self._folder.iterdir() if not path.suffix and not self._held[path]]
        for path in sorted(free, key=lambda path: path.stat().st_mtime)[:-KEPT_FILES]:
            path.unlink()
            self._metadata_path(path).unlink(missing_ok=True)
        for path in self._managed.iterdir():
            if not self._held[path.with_suffix("")] and path.stat().st_mtime < time.time() - KEPT_HOURS * 3600:
                path.unlink()


def _require_readable(caller: Caller, location: str) -> None:
    """Refuse results to a caller to whom S3 would refuse them, although this machine's disk has a copy.

    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html: the principal needs s3:GetObject
    on the query results location.
    """
    if caller.is_administrator:
        return
    bucket, key = split_location(location)
    try:
        caller.clients.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if denials.is_denied(error):
            message = f"Access denied when reading the results at {location}: s3:GetObject is needed."
            raise ServiceError("AccessDeniedException", message) from error
        if not is_missing(error):
            raise


def _line(row: Iterable[str | None]) -> str:
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in row) + "\n"


def _csv_rows(file: IO[str]) -> Iterator[tuple[Row, int]]:
    """Yield the rows of our own CSV with their sizes in bytes; a quoted value may hold line breaks."""
    buffer = ""
    for line in file:
        buffer += line
        if buffer.count('"') % 2 == 0:
            row = [
                None if quoted_end == "" else value.replace('""', '"')
                for value, quoted_end, _ in _FIELD.findall(buffer)
            ]
            yield row, len(buffer.encode())
            buffer = ""


def _text_rows(file: IO[str]) -> Iterator[tuple[Row, int]]:
    for line in file:
        yield [line.removesuffix("\n")], len(line.encode())
