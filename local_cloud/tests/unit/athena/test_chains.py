"""Long chains of AND and OR get a tree of little depth that means the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from local_cloud.athena.sql.parsing.chains import MAX_TERMS, with_balanced_chains
from local_cloud.athena.sql.parsing.grammar import parse_query

words = st.lists(st.tuples(st.sampled_from(["AND", "OR"]), st.integers(1, 3 * MAX_TERMS)), min_size=1, max_size=4)


def depth_of(tree: exp.Expr) -> int:
    depths: dict[int, int] = {}
    for node in tree.bfs():
        depths[id(node)] = 1 + (depths[id(node.parent)] if node.parent is not None and node is not tree else 0)
    return max(depths.values())


@settings(deadline=None)
@given(words)
def test_a_chain_has_its_terms_in_their_order(drawn: list[tuple[str, int]]) -> None:
    text = "a"
    for joined, count in drawn:
        text = f"({text}) {joined} " + f" {joined} ".join(f"b{number}" for number in range(count))
    tree = with_balanced_chains(parse_one(text, dialect="trino"))
    assert tree.sql("trino") == parse_one(text, dialect="trino").sql("trino")
    assert depth_of(tree) <= len(drawn) * (MAX_TERMS + 3) + 3


def test_a_query_of_thousands_of_terms_is_not_deep() -> None:
    either = " OR ".join(f"(a = {number} AND b)" for number in range(5_000))
    assert depth_of(parse_query(f"SELECT 1 FROM t WHERE {either}")) < 40
    assert depth_of(parse_query(f"SELECT 1 FROM t WHERE c IN (SELECT d FROM u WHERE {either})")) < 40
