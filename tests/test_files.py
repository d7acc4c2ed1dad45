from __future__ import annotations

import pytest

from stratify.files import publish, replacing


def test_a_block_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "out" / "result.csv"
    with replacing(path) as part:
        part.write_text("first")

    def fail_half_way():
        with replacing(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_text() == "first"
    assert [file.name for file in path.parent.iterdir()] == ["result.csv"]


def test_the_first_to_publish_a_file_is_the_one_that_stays(tmp_path):
    for writer in ("first", "second"):
        (tmp_path / writer).write_text(writer)
        publish(tmp_path / writer, tmp_path / "key")
    assert (tmp_path / "key").read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_file_is_published_where_the_disk_has_no_hard_links(tmp_path, monkeypatch):
    def refuse(made, target):
        raise OSError

    monkeypatch.setattr("os.link", refuse)
    for writer in ("first", "second"):
        (tmp_path / writer).write_text(writer)
        publish(tmp_path / writer, tmp_path / "key")
    assert (tmp_path / "key").read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
