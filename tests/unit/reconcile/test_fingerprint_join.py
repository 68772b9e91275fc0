"""The hash join pairs every key of both sides exactly once."""

from __future__ import annotations

import random

import pytest
from sales_cdc.reconcile import fingerprint_join
from sales_cdc.reconcile.fingerprint_join import FingerprintJoin


def test_every_key_is_paired_once_when_partitions_are_split_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint_join, "KEPT_IN_MEMORY", 70)
    monkeypatch.setattr(fingerprint_join, "MAX_BYTES", 150)
    dice = random.Random(7)
    keys = [f'{number} "\n\u2028 Ü' for number in range(600)]
    source = {key: dice.choice(["", "a", "b"]) for key in dice.sample(keys, 400)}
    curated = {key: dice.choice(["a", "b"]) for key in dice.sample(keys, 400)}
    with FingerprintJoin() as join:
        for key, value in source.items():
            join.add("source", key, value)
        for key, value in curated.items():
            join.add("curated", key, value)
        pairs = list(join.pairs())
    assert len(pairs) == len(source.keys() | curated.keys())
    assert all(pair == (pair[0], source.get(pair[0]), curated.get(pair[0])) for pair in pairs)


def test_a_key_that_the_curated_side_repeats_has_an_empty_fingerprint() -> None:
    with FingerprintJoin() as join:
        join.add("source", "repeated", "a")
        join.add("curated", "repeated", "a")
        join.add("curated", "repeated", "a")
        assert list(join.pairs()) == [("repeated", "a", "")]
