"""Glob patterns (Include and exclude patterns, AWS Glue): its table and its examples.

Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html
"""

from __future__ import annotations

import pytest

from local_cloud.glue.crawler.exclusions import ExclusionError, excluder


@pytest.mark.parametrize(
    ("pattern", "excluded", "kept"),
    [
        ("*.csv", ["a.csv"], ["folder/a.csv", "a.csv.gz"]),
        ("*.*", ["a.b"], ["ab", "x/a.b"]),
        ("*.{csv,avro}", ["a.csv", "a.avro"], ["a.json"]),
        ("foo.?", ["foo.a"], ["foo.", "foo.ab", "foo./"]),
        ("myfolder/*", ["myfolder/mysource"], ["myfolder/mysource/data", "myfolder"]),
        ("myfolder/*/*", ["myfolder/mysource/data"], ["myfolder/mysource"]),
        ("myfolder/**", ["myfolder/mysource/mydata", "myfolder/mysource/data"], ["myfolder"]),
        ("myfolder**", ["myfolder", "myfolder/mydata.txt"], ["other/myfolder"]),
        ("**.csv", ["a.csv", "x/y/a.csv"], ["a.json"]),
        ("[a-ce]x", ["ax", "bx", "ex"], ["dx", "/x"]),
        ("[!a-c]x", ["dx"], ["ax", "/x"]),
        (r"\{a\}*", ["{a}b"], ["ab"]),
        ("*", [".hidden"], ["x/.hidden"]),
        ("2015/01/{[!0],0[8-9]}**", ["2015/01/10/a", "2015/01/08/a"], ["2015/01/07/a"]),
        ("2015/0[2-9]/**", ["2015/02/01/a"], ["2015/01/01/a"]),
        ("a.b+c", ["a.b+c"], ["aXb+c"]),
        ("[&&~|^]x", ["&x", "^x"], ["ax"]),
    ],
)
def test_a_pattern_excludes_what_the_page_says(pattern: str, excluded: list[str], kept: list[str]) -> None:
    leaves_out = excluder([pattern])
    assert [path for path in excluded if not leaves_out(path)] == []
    assert [path for path in kept if leaves_out(path)] == []


def test_a_range_that_runs_backwards_is_no_pattern() -> None:
    with pytest.raises(ExclusionError, match="cannot be read"):
        excluder(["[z-a]"])


def test_without_patterns_nothing_is_excluded() -> None:
    assert not excluder([])("a")
