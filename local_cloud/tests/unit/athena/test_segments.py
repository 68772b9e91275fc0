"""Segments outlive a restart; what was left half-written, or by another version, does not."""

from __future__ import annotations

import json
from pathlib import Path

from local_cloud.athena.tables.plain_lines import PlainLines
from local_cloud.athena.tables.segment import Segment, saved_segments


def written(folder: Path, name: str) -> Segment:
    segment = Segment(folder / f"{name}.parquet", {1: None, 2**62: "malformed (line 3)"}, {"orderid", "price"})
    segment.path.write_bytes(b"rows")
    segment.save()
    return segment


def test_a_saved_segment_is_found_with_its_objects(tmp_path: Path) -> None:
    segment = written(tmp_path, "a")
    (found,) = saved_segments(tmp_path)
    assert (found.path, found.objects, found.keys) == (segment.path, segment.objects, segment.keys)


def test_a_folder_of_plain_lines_is_a_segment_too(tmp_path: Path) -> None:
    lines = PlainLines(["^orderid", "price"], frozenset({"price"}), {"^orderid"}, [(16, 1)])
    segment = Segment(tmp_path / "l.lines", {1: None, 2: None}, lines={1: lines, 2: lines})
    segment.path.mkdir()
    for identity in segment.objects:
        segment.lines_of(identity).write_text('{"orderID":"a"}\n')
        segment.index_of(identity).write_bytes(b"views")
    segment.save()
    (found,) = saved_segments(tmp_path)
    assert (found.path, found.objects, found.lines, found.size_bytes) == (
        segment.path,
        segment.objects,
        segment.lines,
        42,
    )
    found.delete()
    assert list(tmp_path.iterdir()) == []


def test_leftovers_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "b.parquet").write_bytes(b"half")
    (tmp_path / "c.raw").mkdir()
    (tmp_path / "c.raw" / "1.json").write_text("{}")
    (tmp_path / "d.lines").mkdir()
    assert saved_segments(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_segment_of_another_normal_form_is_deleted(tmp_path: Path) -> None:
    segment = written(tmp_path, "a")
    document = json.loads(segment.contents.read_text())
    segment.contents.write_text(json.dumps({**document, "form": -1}))
    assert saved_segments(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_deleted_segment_leaves_nothing(tmp_path: Path) -> None:
    written(tmp_path, "a").delete()
    assert list(tmp_path.iterdir()) == []
