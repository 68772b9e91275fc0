"""Measure a query of the local Athena in multiples of plain DuckDB over the same files.

1,000,000 change events in the raw format, 50 objects. Plain DuckDB reads them from this machine's disk with typed columns
(all nine declared: quantity BIGINT, price DECIMAL(12,2), the rest VARCHAR), two threads, and answers the same aggregate; the rows must be equal.
Cold: the first query over objects that Athena has not seen. Warm: the same query again, at once, and plain DuckDB after each.
Athena's time is a client's: from StartQueryExecution to the SUCCEEDED that it polls for.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import duckdb

FILES, EVENTS_PER_FILE = 50, 20_000
COLD_ROUNDS, WARM_ROUNDS = 5, 2
POLL_SECONDS = 0.02
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
PRODUCTS = ("laptop", "phone", "tablet", "monitor", "keyboard", "mouse")
TYPES = ("INSERT", "INSERT", "INSERT", "MODIFY", "MODIFY", "REMOVE")
COLUMNS = {
    "orderID": "string", "product_name": "string", "quantity": "bigint", "price": "decimal(12,2)", "event_type": "string",
    "creation_time": "string", "event_id": "string", "sequence_number": "string", "actor": "string",
}  # fmt: skip
SQL = "SELECT event_type, count(*) AS events, CAST(coalesce(sum(quantity * price), 0) AS decimal(18, 2)) AS amount FROM {} GROUP BY event_type ORDER BY 1"
Rows = list[list[str]]


def _event(number: int) -> str:
    scattered = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
    kind = TYPES[scattered % 6]
    fields = '"product_name":null,"quantity":null,"price":null'
    if kind != "REMOVE":
        cents = scattered % 200_000
        price = f"{cents // 100}.{cents % 100:02}".rstrip("0").rstrip(".")
        fields = f'"product_name":"{PRODUCTS[scattered % 7 % 6]}","quantity":{1 + scattered % 9},"price":{price}'
    second = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    return (
        f'{{"orderID":"{scattered:032x}",{fields},"event_type":"{kind}","creation_time":"2026-01-15T{second}Z",'
        f'"event_id":"{scattered ^ number:032x}","sequence_number":"{number:040}","actor":"user"}}\n'
    )


def _write_events(folder: Path) -> list[Path]:
    paths = [folder / f"part-{index:03}.json" for index in range(FILES)]
    for index, path in enumerate(paths):
        first = index * EVENTS_PER_FILE
        path.write_text("".join(_event(number) for number in range(first, first + EVENTS_PER_FILE)))
    return paths


class PlainDuckDB:
    """The same aggregate over the files, without Athena."""

    def __init__(self, folder: Path) -> None:
        self._files = f"'{folder}/*.json'"

    def typed(self) -> Rows:
        kinds = {name: "VARCHAR" if kind == "string" else kind for name, kind in COLUMNS.items()}
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in kinds.items())
        return self._rows(f"read_json({self._files}, format = 'newline_delimited', columns = {{{columns}}})")

    def guessed(self) -> Rows:
        return self._rows(f"read_json_auto({self._files})")

    @staticmethod
    def _rows(source: str) -> Rows:
        with duckdb.connect(config={"threads": 2}) as connection:
            return [[str(value) for value in row] for row in connection.execute(SQL.format(source)).fetchall()]


class LocalAthena:
    """A bucket, a database, and a table for each copy of the files."""

    def __init__(self, endpoint: str) -> None:
        self._clients = {name: boto3.client(name, endpoint_url=endpoint, **KEYS) for name in ("s3", "glue", "athena")}
        self._name = f"bench_{uuid.uuid4().hex[:8]}"
        self._bucket = self._name.replace("_", "-")

    def __enter__(self) -> LocalAthena:
        self._clients["s3"].create_bucket(Bucket=self._bucket)
        self._clients["glue"].create_database(DatabaseInput={"Name": self._name})
        return self

    def __exit__(self, *_: object) -> None:
        self._clear("")
        self._clients["s3"].delete_bucket(Bucket=self._bucket)
        self._clients["glue"].delete_database(Name=self._name)

    @contextmanager
    def table(self, name: str, paths: list[Path]) -> Iterator[Callable[[], Rows]]:
        """Make a table of objects that are new to Athena, and delete it afterwards."""
        for path in paths:
            self._clients["s3"].upload_file(str(path), self._bucket, f"{name}/{path.name}")
        descriptor = {
            "Columns": [{"Name": column.lower(), "Type": kind} for column, kind in COLUMNS.items()],
            "Location": f"s3://{self._bucket}/{name}/",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
        }
        table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": descriptor}
        self._clients["glue"].create_table(DatabaseName=self._name, TableInput=table)
        yield lambda: self._rows(SQL.format(name))
        self._clear(f"{name}/")

    def _rows(self, sql: str) -> Rows:
        athena = self._clients["athena"]
        execution_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self._name},
            ResultConfiguration={"OutputLocation": f"s3://{self._bucket}/results/"},
        )["QueryExecutionId"]
        status: dict[str, Any] = {"State": "QUEUED"}
        while status["State"] in {"QUEUED", "RUNNING"}:
            time.sleep(POLL_SECONDS)
            status = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"]
        if status["State"] != "SUCCEEDED":
            raise RuntimeError(f"{sql} ended {status['State']}: {status.get('StateChangeReason', 'no reason given')}")
        rows = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"][1:]
        return [[value["VarCharValue"] for value in row["Data"]] for row in rows]

    def _clear(self, prefix: str) -> None:
        s3 = self._clients["s3"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
                s3.delete_objects(Bucket=self._bucket, Delete={"Objects": keys})


def _seconds(run: Callable[[], Rows], expected: Rows) -> float:
    """Return the seconds of one run.

    Raises:
        RuntimeError: it returned other rows.
    """
    began = time.perf_counter()
    rows = run()
    seconds = time.perf_counter() - began
    if rows != expected:
        raise RuntimeError(f"The rows differ: {rows} where {expected} was expected.")
    return seconds


def measure(endpoint: str) -> dict[str, float]:
    """Return medians of interleaved rounds: ``athena_to_duckdb_cold``, ``…_warm``, and ``…_guessing_cold`` where DuckDB guesses the types."""
    with tempfile.TemporaryDirectory() as folder, LocalAthena(endpoint) as athena:
        paths, plain = _write_events(Path(folder)), PlainDuckDB(Path(folder))
        expected = plain.typed()
        cold, warm = [], []
        for number in range(COLD_ROUNDS):
            with athena.table(f"round_{number}", paths) as query:
                plainly = _seconds(plain.typed, expected), _seconds(plain.guessed, expected)
                cold.append((_seconds(query, expected), *plainly))
                warm += [(_seconds(query, expected), _seconds(plain.typed, expected)) for _ in range(WARM_ROUNDS)]
    ours, typed, guessing = (statistics.median(column) for column in zip(*cold, strict=True))
    ours_warm, typed_warm = (statistics.median(column) for column in zip(*warm, strict=True))
    return {
        "athena_to_duckdb_cold": ours / typed,
        "athena_to_duckdb_warm": ours_warm / typed_warm,
        "athena_to_duckdb_guessing_cold": ours / guessing,
        "athena_cold_seconds": ours,
        "athena_warm_seconds": ours_warm,
    }


def main() -> None:
    """Print the figures of the cloud at the given endpoint."""
    for name, value in measure(sys.argv[1]).items():
        print(f"{name}: {value:,.2f}")


if __name__ == "__main__":
    main()
