"""Give long chains of AND and of OR a tree of little depth, so that whatever walks through it may call itself.

The parser puts ``a OR b OR c`` into a tree as deep as the chain is long. Trino keeps the terms of a chain in one list, so a chain of
thousands is nothing to it. AND and OR are associative for NULL too: the result is the same.
Source: https://github.com/trinodb/trino/blob/master/core/trino-parser/src/main/java/io/trino/sql/tree/LogicalExpression.java
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

MAX_TERMS = 50
"""A chain of no more keeps the parser's tree."""


def with_balanced_chains(tree: exp.Expr) -> exp.Expr:
    """Change the tree in place, and return it.

    Example:
        >>> from sqlglot import parse_one
        >>> with_balanced_chains(parse_one(" OR ".join(f"a = {n}" for n in range(1_000)))).sql()[:17]
        'a = 0 OR a = 1 OR'
    """
    beginnings = [node for node in tree.find_all(exp.And, exp.Or) if type(node) is not type(node.parent)]
    for node in beginnings:
        terms = _terms(node)
        if len(terms) > MAX_TERMS:
            balanced = _balanced(type(node), terms)
            if node is tree:
                tree = balanced
            else:
                node.replace(balanced)
    return tree


def _terms(node: exp.Expr) -> list[exp.Expr]:
    """Return the terms of a chain in their order; what is in parentheses is one term."""
    terms, waiting = [], [node]
    while waiting:
        found = waiting.pop()
        if type(found) is type(node):
            waiting += [found.expression, found.this]
        else:
            terms.append(found)
    return terms


def _balanced(kind: type[exp.Expr], terms: Sequence[exp.Expr]) -> exp.Expr:
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return kind(this=_balanced(kind, terms[:middle]), expression=_balanced(kind, terms[middle:]))
