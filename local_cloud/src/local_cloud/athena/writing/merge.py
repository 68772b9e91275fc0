"""Read MERGE, and write the queries that compute its result: the table's content afterwards, and the number of changed rows.

Source: https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from local_cloud.athena import quoting
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.sql.parsing.grammar import TrinoStrict
from local_cloud.athena.types import Type, trino_name

Columns = list[tuple[str, Type]]


@dataclass(frozen=True, slots=True)
class Clause:
    """One WHEN: for rows that match or not, its condition, and DELETE, UPDATE or INSERT with expressions by column."""

    matched: bool
    condition: str
    action: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merge:
    """A MERGE statement; every part is Trino's SQL."""

    target: str
    alias: str
    source: str
    source_alias: str
    condition: str
    clauses: list[Clause]


class _Text:
    """A piece of SQL that can be divided at words outside parentheses and CASE."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        try:
            self.tokens = TrinoStrict().tokenize(sql)
        except TokenError as error:
            raise _mismatched("MERGE") from error

    def _outer(self) -> Iterator[Token]:
        depth = 0
        for token in self.tokens:
            opens = token.token_type in {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE}
            closes = token.token_type in {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END}
            depth -= closes
            if (
                depth == 0
                and not opens
                and not closes
                and token.token_type not in {TokenType.IDENTIFIER, TokenType.STRING}
            ):
                yield token
            depth += opens

    def at(self, word: str) -> tuple[str, str]:
        """Return what is before and after the first such word."""
        for token in self._outer():
            if token.text.upper() == word:
                return self.sql[: token.start].strip(), self.sql[token.end + 1 :].strip()
        raise _mismatched(word)

    def parts(self, word: str) -> list[str]:
        """Return the pieces between such words."""
        cuts = [token for token in self._outer() if token.text.upper() == word]
        starts = [0, *(token.end + 1 for token in cuts)]
        ends = [*(token.start for token in cuts), len(self.sql)]
        return [self.sql[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _mismatched(word: str) -> QueryFailedError:
    return QueryFailedError("SYNTAX_ERROR", f"line 1:1: mismatched input in MERGE. Expecting: {word}")


def parsed_merge(sql: str, columns: list[str]) -> Merge:
    """Parse the statement. ``columns`` are the table's, which INSERT without a list of columns means.

    Raises:
        QueryFailedError: SYNTAX_ERROR.
    """
    target, rest = _Text(re.sub(r"^\s*MERGE\s+INTO\s+", "", sql, flags=re.IGNORECASE)).at("USING")
    source, rest = _Text(rest).at("ON")
    condition, *whens = _Text(rest).parts("WHEN")
    if not whens:
        raise _mismatched("WHEN")
    table, alias = _aliased(target)
    name, source_alias = _aliased(source)
    clauses = [_clause(when, columns) for when in whens]
    return Merge(table, alias, name, source_alias, condition, clauses)


def merge_target(sql: str) -> str:
    """Return the name of the table that is changed."""
    target, _ = _Text(re.sub(r"^\s*MERGE\s+INTO\s+", "", sql, flags=re.IGNORECASE)).at("USING")
    return _aliased(target)[0]


def _aliased(text: str) -> tuple[str, str]:
    """Return a relation and its alias, or the last part of its name."""
    match = re.fullmatch(r"(.*?[\w\")])\s+(?:AS\s+)?(\w+|\"[^\"]+\")(\s*\([^()]*\))?", text, re.IGNORECASE | re.DOTALL)
    if match:
        return match[1], match[2] + (match[3] or "")
    return text, text.split(".")[-1]


def _clause(text: str, columns: list[str]) -> Clause:
    before, action = _Text(text).at("THEN")
    match = re.fullmatch(r"(NOT\s+)?MATCHED(?:\s+AND\s+(.*))?", before, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise _mismatched("MATCHED")
    condition, matched = match[2] or "true", not match[1]
    if matched and action.upper() == "DELETE":
        return Clause(matched, condition, "DELETE")
    update = re.fullmatch(r"UPDATE\s+SET\b\s*(.*)", action, re.IGNORECASE | re.DOTALL)
    if matched and update:
        pairs = [_Text(part).at("=") for part in _Text(update[1]).parts(",")]
        return Clause(
            matched,
            condition,
            "UPDATE",
            _by_column([_column(name) for name, _ in pairs], [value for _, value in pairs]),
        )
    insert = re.fullmatch(r"INSERT\s*(?:\(([^()]*)\))?\s*VALUES\s*\((.*)\)", action, re.IGNORECASE | re.DOTALL)
    if matched or insert is None:
        raise _mismatched("UPDATE, DELETE or INSERT")
    names = [_column(name) for name in insert[1].split(",")] if insert[1] else columns
    values = _Text(insert[2]).parts(",")
    if len(names) != len(values):
        raise QueryFailedError(
            "SYNTAX_ERROR", "line 1:1: Insert column list and values of MERGE have different lengths"
        )
    return Clause(matched, condition, "INSERT", _by_column(names, values))


def _by_column(names: list[str], values: list[str]) -> dict[str, str]:
    if repeated := next((name for name in names if names.count(name) > 1), None):
        message = f"line 1:1: Merge column name is specified more than once: {repeated}"
        raise QueryFailedError("DUPLICATE_COLUMN_NAME", message)
    return dict(zip(names, values, strict=True))


def _column(name: str) -> str:
    """Return the column that a name without a table before it means.

    Raises:
        QueryFailedError: it is no such name.
    """
    if match := re.fullmatch(r'\s*(?:(\w+)|"([^"]+)")\s*', name):
        return (match[1] or match[2]).lower()
    raise QueryFailedError("SYNTAX_ERROR", f"line 1:1: mismatched input in MERGE: {name.strip()} is no column's name")


class MergeQueries:
    """The queries of one MERGE on a table with these columns."""

    def __init__(self, merge: Merge, table: str, columns: Columns) -> None:
        self._merge, self._table, self._columns = merge, table, columns
        self._matched = [clause for clause in merge.clauses if clause.matched]
        self._unmatched = [clause for clause in merge.clauses if not clause.matched]

    @property
    def content(self) -> str:
        """Return the query of the table's rows afterwards."""
        return " UNION ALL ".join([self._kept(), *self._inserted()])

    @property
    def new_rows(self) -> str:
        """Return the query of the rows that are inserted."""
        return " UNION ALL ".join(self._inserted())

    @property
    def assigned(self) -> Iterator[tuple[list[str], str]]:
        """Yield for each clause with values the columns that it sets, and the query of their expressions.

        Raises:
            QueryFailedError: COLUMN_NOT_FOUND.
        """
        merge, known = self._merge, dict(self._columns)
        for clause in merge.clauses:
            if unknown := next((name for name in clause.values if name not in known), None):
                message = f"line 1:1: Merge column name does not exist in target table: {unknown}"
                raise QueryFailedError("COLUMN_NOT_FOUND", message)
            if not clause.values:
                continue
            target = f"(SELECT * FROM {self._table}) {merge.alias} CROSS JOIN " if clause.matched else ""
            chosen = ", ".join(f"({value})" for value in clause.values.values())
            yield [*clause.values], f"SELECT {chosen} FROM {target}{self._source()}"

    @property
    def changed(self) -> str:
        """Return the query of the numbers of updated, deleted and inserted rows, and of the most source rows that match one row alike.

        Trino counts those, too, for which no clause has anything to do.
        """
        deleted = ", ".join(map(str, self._deletes())) or "0"
        acted = (
            f'SELECT "merge$row", count(*) AS n, count_if("merge$action" IN ({deleted})) AS d '
            f'FROM ({self._joined()}) j WHERE "merge$action" > 0 GROUP BY 1'
        )
        new = " + ".join(f"(SELECT count(*) FROM ({query}) i)" for query in self._inserted()) or "0"
        alike = (
            f'SELECT count(*) AS m FROM ({self._joined()}) j WHERE "merge$matched" GROUP BY "merge$row", "merge$action"'
        )
        most = f"greatest(coalesce(max(n), 0), (SELECT coalesce(max(m), 0) FROM ({alike}) b))"
        return f"SELECT sum(n - d), sum(d), {new}, {most} FROM ({acted}) a"

    def _deletes(self) -> list[int]:
        """Return the numbers of the clauses that delete."""
        return [number for number, clause in enumerate(self._matched, 1) if clause.action == "DELETE"]

    def _joined(self) -> str:
        merge = self._merge
        own = ", ".join(f"{merge.alias}.{quoting.name(name)} AS {quoting.name(name)}" for name, _ in self._columns)
        found = f'{merge.source_alias.partition("(")[0]}."merge$found" IS NOT NULL'
        branches = " ".join(
            f"WHEN {found} AND ({clause.condition}) THEN {number}" for number, clause in enumerate(self._matched, 1)
        )
        action = f"CASE {branches} ELSE 0 END" if branches else "0"
        values = "".join(
            f', CASE WHEN {found} AND ({clause.condition}) THEN CAST(({value}) AS {trino_name(dict(self._columns)[name])}) END AS "merge${number}${name}"'
            for number, clause in enumerate(self._matched, 1)
            for name, value in clause.values.items()
        )
        rows = f'SELECT *, row_number() OVER () AS "merge$row" FROM {self._table}'
        return (
            f'SELECT {own}, {merge.alias}."merge$row" AS "merge$row", ({found}) AS "merge$matched", {action} AS "merge$action"{values} '
            f"FROM ({rows}) {merge.alias} LEFT JOIN {self._source()} ON ({merge.condition})"
        )

    def _source(self) -> str:
        alias, _, names = self._merge.source_alias.partition("(")
        renamed = f" merge_source({names}" if names else ""
        return f'(SELECT *, true AS "merge$found" FROM {self._merge.source}{renamed}) {alias}'

    def _kept(self) -> str:
        chosen = []
        for name, _ in self._columns:
            branches = " ".join(
                f'WHEN {number} THEN "merge${number}${name}"'
                for number, clause in enumerate(self._matched, 1)
                if name in clause.values
            )
            column = quoting.name(name)
            chosen.append(f'CASE "merge$action" {branches} ELSE {column} END AS {column}' if branches else column)
        ranked = f'SELECT *, row_number() OVER (PARTITION BY "merge$row" ORDER BY "merge$action" DESC) AS "merge$rank" FROM ({self._joined()}) j'
        left = "".join(f' AND "merge$action" <> {number}' for number in self._deletes())
        return f'SELECT {", ".join(chosen)} FROM ({ranked}) r WHERE "merge$rank" = 1{left}'

    def _inserted(self) -> list[str]:
        merge, queries, before = self._merge, [], ""
        missing = f"NOT EXISTS (SELECT 1 FROM (SELECT * FROM {self._table}) {merge.alias} WHERE ({merge.condition}))"
        for clause in self._unmatched:
            values = ", ".join(
                f"CAST(({clause.values.get(name, 'NULL')}) AS {trino_name(kind)}) AS {quoting.name(name)}"
                for name, kind in self._columns
            )
            queries.append(f"SELECT {values} FROM {self._source()} WHERE {missing} AND ({clause.condition}){before}")
            before += f" AND ({clause.condition}) IS DISTINCT FROM true"
        return queries
