"""Assemble Trino's dialect: which function compiles which node of the tree. All parts of the compiler meet here alone."""

from __future__ import annotations

from sqlglot import exp

from local_cloud.athena.sql.compiler import Compiler, Dialect
from local_cloud.athena.sql.expressions.conditions import CONDITIONS
from local_cloud.athena.sql.expressions.conversions import CONVERSIONS
from local_cloud.athena.sql.expressions.json_sql import JSON_SQL
from local_cloud.athena.sql.expressions.literals import LITERALS
from local_cloud.athena.sql.expressions.names import NAMES
from local_cloud.athena.sql.expressions.nested import NESTED
from local_cloud.athena.sql.expressions.subqueries import SUBQUERIES
from local_cloud.athena.sql.functions.calls import CALLS
from local_cloud.athena.sql.functions.registry import FUNCTIONS
from local_cloud.athena.sql.model import Compiled, Session
from local_cloud.athena.sql.queries.select import SELECT
from local_cloud.athena.sql.queries.set_operations import SET_OPERATIONS
from local_cloud.athena.sql.queries.with_clause import with_named_queries

TRINO = Dialect(
    expressions={
        **LITERALS,
        **NAMES,
        **CONDITIONS,
        **CONVERSIONS,
        **NESTED,
        **JSON_SQL,
        **SUBQUERIES,
        **dict.fromkeys(CALLS, FUNCTIONS.compiled),
    },
    queries={node: with_named_queries(handler) for node, handler in {**SELECT, **SET_OPERATIONS}.items()},
    aggregates=frozenset(FUNCTIONS.aggregates),
)


def compile_query(session: Session, tree: exp.Expr) -> Compiled:
    """Compile a parsed query to DuckDB's SQL.

    Raises:
        QueryFailedError: in Athena's words.

    Example:
        >>> compile_query(session, parse_query("SELECT upper(name) FROM orders")).sql
        'SELECT (upper(r1.c0)) AS c0 FROM scan_0 r1'
    """
    return Compiler(session, TRINO).query(tree)
