from __future__ import annotations

import errno
from pathlib import Path

import pytest

from stratify.errors import DataError
from stratify.files import make_folder, naming, publish, replacing


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


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_folder_that_is_a_file_is_refused_by_its_path(name, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=f"{tmp_path / name}: it cannot be made, since .* a file"):
        make_folder(tmp_path / name)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a folder /proc")
def test_a_place_the_system_keeps_for_itself_is_refused_by_its_path():
    with pytest.raises(DataError, match=r"^/proc/x: it cannot be made"):
        make_folder("/proc/x")

    def write():
        with replacing("/proc/x.csv"):
            pass

    with pytest.raises(DataError, match=r"^/proc/x\.csv: it cannot be written"):
        write()


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("first")

    def write():
        with replacing(path) as part:
            part.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as told:
        write()
    assert told.value.filename == str(path)
    assert path.read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["result.csv"]


def test_an_error_that_names_another_file_keeps_its_name(tmp_path):
    def read():
        with naming(tmp_path / "result.csv"):
            (tmp_path / "absent.csv").read_text()

    with pytest.raises(FileNotFoundError) as told:
        read()
    assert told.value.filename == str(tmp_path / "absent.csv")
