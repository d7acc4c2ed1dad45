from __future__ import annotations

import pytest

from stratify.files import replacing


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
