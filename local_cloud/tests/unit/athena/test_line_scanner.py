"""The compiled scanner: its notes of values and its answer about lines. ``test_plain_lines`` compares it with the exact parser."""

from __future__ import annotations

import numpy as np
import pytest

from local_cloud.athena.tables.line_scanner import PADDING, Found, scan

KEYS = ["a", "b"]


def scanned(text: str, noted: list[bool], lines: int) -> tuple[Found | None, np.ndarray, np.ndarray]:
    content = text.encode()
    views, valid = np.full((sum(noted), lines, 4), -1, np.int32), np.zeros((sum(noted), 1), np.uint8)
    found = scan(memoryview(content + b"}" * PADDING), len(content), KEYS, noted, views, valid)
    return found, views, valid


def test_a_view_holds_a_short_value_and_the_place_of_a_long_one() -> None:
    text = '{"a":"twelve bytes"}\n{"a":"thirteen byte"}\n{"a":-1.5e3}\n{"a":null}\n{}\n'
    found, views, valid = scanned(text, [True, False], 5)
    assert found == Found([False, False], beyond_ascii=False)
    assert views[0, 0].tobytes() == b"\x0c\0\0\0twelve bytes"
    assert views[0, 1].tobytes() == b"\x0d\0\0\0thir\0\0\0\0" + np.int32(text.index("thirteen")).tobytes()
    assert views[0, 2].tobytes() == b"\x06\0\0\0-1.5e3\0\0\0\0\0\0"
    assert not views[0, 3:].any()
    assert valid[0, 0] == 0b00111


def test_only_noted_keys_have_views_but_every_byte_is_checked() -> None:
    found, views, valid = scanned('{"a":"1","b":"2"}\n', [False, True], 1)
    assert found is not None
    assert (views[0, 0].tobytes(), valid[0, 0]) == (b"\x01\0\0\0002" + bytes(11), 1)
    assert scanned('{"a":"1\t","b":"2"}\n', [False, True], 1)[0] is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"\\n"', Found([False, True], beyond_ascii=False)),
        ('"12345678901é"', Found([False, False], beyond_ascii=True)),
        ('"\\u0041"', None),
        ('"\\x"', None),
        ("tru", None),
        ("1.e5", None),
        ("[]", None),
        ('"no end', None),
    ],
)
def test_escapes_and_characters_beyond_ascii_are_reported(value: str, found: Found | None) -> None:
    assert scanned(f'{{"a":true,"b":{value}}}\n', [True, True], 1)[0] == found


def test_lines_that_were_not_counted_are_not_plain() -> None:
    assert scanned('{"a":1}\n', [False, False], 2)[0] is None
