"""Fetch a query's rows as Arrow in the schema of an Iceberg table, and commit them in place of data files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.io.pyarrow import _dataframe_to_data_files, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.typedef import EMPTY_DICT

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.selection.selector import Selection, translated_errors
from local_cloud.athena.sql.model import Typed
from local_cloud.athena.sql.values.arrow_rows import named
from local_cloud.athena.types import Type


def arrow_of(selection: Selection, columns: list[tuple[str, Type]], table: Table) -> pa.Table:
    """Return the rows, each column in the table's Arrow type.

    Raises:
        QueryFailedError: the query fails.
    """
    chosen = ", ".join(
        f"{named(Typed(f'c{index}', kind))} AS {quoting.name(name)}" for index, (name, kind) in enumerate(columns)
    )
    with translated_errors(selection):
        rows = selection.connection.execute(f"SELECT {chosen} FROM ({selection.compiled.sql}) q").to_arrow_table()
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    return rows.cast(pa.schema([_small(field) for field in schema]))


def _small(field: pa.Field) -> pa.Field:
    """Return the field with DuckDB's own offsets. Arrow ends the process when it has to widen the keys of a map."""
    return field.with_type(_small_type(field.type))


def _small_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_map(kind):
        return pa.map_(_small(kind.key_field), _small(kind.item_field))
    if pa.types.is_struct(kind):
        return pa.struct([_small(part) for part in kind])
    if pa.types.is_large_list(kind):
        return pa.list_(_small(kind.value_field))
    return {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}.get(kind, kind)


@contextmanager
def changing(table: Table) -> Iterator[None]:
    """Raise PyIceberg's refusals to write in our own words.

    Raises:
        QueryFailedError: another writer was faster.
    """
    try:
        yield
    except (CommitFailedException, ValidationException) as error:
        raise QueryFailedError(
            "ICEBERG_COMMIT_ERROR",
            f"Failed to commit to table {'.'.join(table.name())}: it was changed at the same time. Run the statement again.",
        ) from error


def replace_files(table: Table, removed: Iterable[DataFile], rows: pa.Table, operation: Operation) -> None:
    """Commit one snapshot in which the rows, in the table's current partitioning, stand in place of the removed data files.

    PyIceberg's own ``overwrite`` leaves two, one that deletes and one that appends; Trino leaves one.

    Raises:
        QueryFailedError: another writer was faster.
    """
    with changing(table), table.transaction() as transaction, _Replacement(transaction, table, operation) as snapshot:
        for file in removed:
            snapshot.delete_data_file(file)
        if rows.num_rows:
            written = _dataframe_to_data_files(transaction.table_metadata, rows, table.io, snapshot.commit_uuid)
            for file in written:
                snapshot.append_data_file(file)


class _Replacement(_OverwriteFiles):
    """A snapshot that says which operation it is; PyIceberg's own is an ``overwrite``."""

    def __init__(self, transaction: Transaction, table: Table, operation: Operation) -> None:
        super().__init__(operation=Operation.OVERWRITE, transaction=transaction, io=table.io)
        self._shown = operation

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        return Summary(operation=self._shown, **super()._summary(snapshot_properties).additional_properties)
