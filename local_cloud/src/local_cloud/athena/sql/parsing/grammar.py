"""Read Trino SQL into a tree. Every function keeps its own name, and what Trino's grammar lacks is refused.

sqlglot reads far more than Trino does; the tokens are checked first, and the compiler refuses every node that it does not know.
"""

from __future__ import annotations

import re
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from local_cloud.athena.errors import MalformedQueryError, not_supported
from local_cloud.athena.sql.parsing.chains import with_balanced_chains
from local_cloud.athena.sql.parsing.foreign_syntax import foreign_tokens, json_objects
from local_cloud.athena.sql.parsing.nodes import ALLOWED
from local_cloud.athena.sql.parsing.unsupported_syntax import unsupported_form, unsupported_tokens

_KEPT_FUNCTION_PARSERS = (
    "CAST",
    "TRY_CAST",
    "EXTRACT",
    "TRIM",
    "POSITION",
    "LISTAGG",
    "SUBSTRING",
    "NORMALIZE",
    "JSON_OBJECT",
    "JSON_VALUE",
    "JSON_QUERY",
)
_FOREIGN_TOKENS = frozenset({
    TokenType.DCOLON, TokenType.DARROW, TokenType.COLON_EQ, TokenType.AMP, TokenType.PIPE, TokenType.CARET, TokenType.TILDE,
    TokenType.L_BRACE, TokenType.R_BRACE, TokenType.DAMP, TokenType.HASH, TokenType.DOLLAR, TokenType.COLON, TokenType.DSTAR,
    TokenType.RLIKE, TokenType.ILIKE, TokenType.GLOB, TokenType.QUALIFY, TokenType.DIV, TokenType.FARROW,
    TokenType.HASH_ARROW, TokenType.DHASH_ARROW, TokenType.AT_GT, TokenType.LT_AT,
})  # fmt: skip
_AFTER_LISTS = frozenset({
    TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.COMMA, TokenType.SEMICOLON, TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY,
    TokenType.HAVING, TokenType.ORDER_BY, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT,
})  # fmt: skip
_STAR_MODIFIERS = frozenset({"EXCLUDE", "EXCEPT", "REPLACE", "RENAME"})


class TrinoStrict(Trino):
    """Trino as its own grammar has it: no function is renamed, rewritten or given another's arguments."""

    INDEX_OFFSET = 0  # subscripts stay as they are written

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {
            key: value for key, value in TrinoParser.FUNCTION_PARSERS.items() if key in _KEPT_FUNCTION_PARSERS
        }


def parse_query(sql: str) -> exp.Expr:
    """Parse one query.

    Raises:
        MalformedQueryError: not Trino's grammar; the message has the place.
        QueryFailedError: Trino's grammar, and the local cloud cannot do it.
    """
    try:
        return _parsed(sql)
    except MalformedQueryError as error:
        if what := unsupported_form(sql):
            raise not_supported(what) from error
        raise


def _parsed(sql: str) -> exp.Expr:
    try:
        sql, tokens = _tokens(sql)
    except TokenError as error:
        raise MalformedQueryError(
            "line 1:1: mismatched input; a quote is not closed or a character is not known"
        ) from error
    for token, what in unsupported_tokens(tokens):
        raise not_supported(what, line_and_column(sql, token.start))
    _check_tokens(sql, tokens)
    try:
        trees = TrinoStrict().parser().parse(tokens, sql)
    except ParseError as error:
        raise _parse_failure(sql, tokens, error) from error
    if len(trees) != 1:
        raise MalformedQueryError("Only one sql statement is allowed.")
    tree = trees[0]
    if not isinstance(tree, (exp.Query, exp.Values)):
        raise MalformedQueryError(
            f"line 1:1: mismatched input '{tokens[0].text if tokens else ''}'. Expecting: <query>"
        )
    tree = with_balanced_chains(tree.transform(_spell_out_not, copy=False))
    check_tree(sql, tree)
    return tree


def _spell_out_not(node: exp.Expr) -> exp.Expr:
    """Write ``a NOT LIKE b`` as ``NOT (a LIKE b)``. sqlglot keeps NOT as a mark of LIKE (also under its ESCAPE)."""
    like = node.this if isinstance(node, exp.Escape) else node
    if not isinstance(like, exp.Like) or not like.args.get("negate") or isinstance(node.parent, exp.Escape):
        return node
    like.set("negate", None)
    return exp.Not(this=node)


def _tokens(sql: str) -> tuple[str, list[Token]]:
    """Return the tokens. sqlglot reads the sign in ``1e0+2`` as the exponent's, so a space is put before it."""
    tokens = TrinoStrict().tokenize(sql)
    for token in reversed(tokens):
        match = re.match(r"[\d.]+[eE][-+]?\d+(?=[-+])", token.text) if token.token_type == TokenType.NUMBER else None
        if match:
            end = token.start + match.end()
            return _tokens(f"{sql[:end]} {sql[end:]}")
    return sql, tokens


def _check_tokens(sql: str, tokens: list[Token]) -> None:
    limited: set[int] = set()
    depth = 0
    in_objects = json_objects(tokens)
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if _is_dangling(token, after) or _runs_into(token, after):
            raise mismatched(sql, after or token)
        if _is_foreign(sql, before, token, after) and index not in in_objects:
            raise mismatched(sql, token)
        if (
            token.token_type == TokenType.OFFSET
            and depth in limited
            and after is not None
            and after.token_type == TokenType.NUMBER
        ):
            raise mismatched(sql, token)
        if token.token_type == TokenType.LIMIT:
            limited.add(depth)
        elif token.token_type == TokenType.L_PAREN:
            limited.discard(depth)
    for token, reason in foreign_tokens(tokens):
        raise MalformedQueryError(f"{place(sql, token.start)}: {reason}")


def _is_foreign(sql: str, before: Token | None, token: Token, after: Token | None) -> bool:
    """Say whether another dialect alone has the token at this place."""
    if token.token_type in _FOREIGN_TOKENS or sql[token.start : token.start + 2] in {"==", "0x", "0b"}:
        return True
    if token.token_type == TokenType.FROM:
        return starts_query(before)
    if token.token_type == TokenType.L_BRACKET:
        return not _may_be_subscripted(before)
    after_star = before is not None and before.token_type == TokenType.STAR
    return after_star and after is not None and _is_star_modifier(token, after)


def _is_dangling(token: Token, after: Token | None) -> bool:
    """Say whether nothing follows a comma, which sqlglot accepts."""
    return token.token_type == TokenType.COMMA and (after is None or after.token_type in _AFTER_LISTS)


def _runs_into(token: Token, after: Token | None) -> bool:
    """Say whether a name runs into a number, as in ``1a`` and ``1_000``, of which sqlglot makes an alias."""
    return token.token_type == TokenType.NUMBER and (
        not re.fullmatch(r"[\d.]+([eE][-+]?\d+)?", token.text)
        or (after is not None and after.start == token.end + 1 and bool(re.match(r"\w", after.text)))
    )


def starts_query(before: Token | None) -> bool:
    """Say whether a query begins after this token; Trino has none that begins with FROM."""
    return before is None or before.token_type in {TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}


def _may_be_subscripted(before: Token | None) -> bool:
    """Say whether ``[`` after this token is a subscript or follows ARRAY; a bare list is DuckDB's."""
    ending = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.IDENTIFIER, TokenType.ARRAY, TokenType.VAR}
    return before is not None and before.token_type in ending


def _is_star_modifier(token: Token, after: Token) -> bool:
    """Say whether it is ``* EXCLUDE (…)`` or ``* REPLACE (…)``: DuckDB's, not Trino's."""
    return token.text.upper() in _STAR_MODIFIERS and after.token_type in {
        TokenType.L_PAREN,
        TokenType.VAR,
        TokenType.IDENTIFIER,
    }


def mismatched(sql: str, token: Token) -> MalformedQueryError:
    return MalformedQueryError(f"{place(sql, token.start)}: mismatched input '{token.text}'")


def _parse_failure(sql: str, tokens: list[Token], error: ParseError) -> MalformedQueryError:
    details = error.errors[0] if error.errors else {}
    word = details.get("highlight") or (tokens[-1].text if tokens else "")
    line, end = details.get("line") or 1, details.get("col") or 1
    found = next((token for token in tokens if token.line == line and token.col == end), None)
    where = place(sql, found.start) if found else f"line {line}:{end}"
    return MalformedQueryError(f"{where}: mismatched input '{word}'")


def place(sql: str, start: int) -> str:
    """Return ``line 2:5`` of a position in the text; lines and columns count from 1."""
    line, column = line_and_column(sql, start)
    return f"line {line}:{column}"


def line_and_column(sql: str, start: int) -> tuple[int, int]:
    before = sql[:start]
    return before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1


def start_of(node: exp.Expr) -> int | None:
    """Return where the node's text starts; None when the parser did not keep it."""
    found = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(found) if found else None


def check_tree(sql: str, tree: exp.Expr) -> None:
    """Refuse every construct that is not on the list of what Trino has and the compiler knows.

    Raises:
        MalformedQueryError: with the place of the construct.
    """
    for node in tree.walk():
        allowed = ALLOWED.get(type(node).__name__)
        if isinstance(node, _COMPARISONS) and isinstance(node.this, _COMPARISONS):
            raise MalformedQueryError(f"{_place_of(sql, node.expression)}: mismatched input '='")
        if (
            isinstance(node, exp.Group)
            and node.args.get("all")
            and not any(map(node.args.get, ("expressions", "rollup", "cube", "grouping_sets")))
        ):
            raise MalformedQueryError(f"{_place_of(sql, node)}: mismatched input '<EOF>'. Expecting: <expression>")
        if isinstance(node, exp.Table) and not _is_name(sql, node.this):
            raise MalformedQueryError(
                f"{_place_of(sql, node)}: mismatched input '{node.this.sql('trino')}'. Expecting: <relation>"
            )
        extra = [key for key, value in node.args.items() if value and (allowed is None or key not in allowed)]
        if allowed is None or extra:
            what = (extra[0] if extra else type(node).__name__).strip("_").upper()
            raise MalformedQueryError(f"{_place_of(sql, node)}: mismatched input: {what} is not supported here")


_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def _is_name(sql: str, node: exp.Expr) -> bool:
    """Say whether a table is called by a name; a quoted text (a file to DuckDB) and a call are none."""
    return isinstance(node, exp.Identifier) and sql[node.meta.get("start", 0)] != "'"


def _place_of(sql: str, node: exp.Expr) -> str:
    start = start_of(node)
    return place(sql, start) if start is not None else "line 1:1"
