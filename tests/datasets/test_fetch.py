import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stratify.datasets import DATASETS, fetch
from stratify.datasets.fetch import MIRROR_VARIABLE, PublicFile, fetch_file
from stratify.errors import DataError, SettingsError

TEXT = b"patient,score\na,1\n"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / "mirror" / "tiny"
    folder.mkdir(parents=True)
    (folder / "table.csv").write_bytes(TEXT)
    return folder.parent


def tiny(**changes):
    values = {
        "url": "http://127.0.0.1:9/table.csv",
        "sha256": sha256(TEXT),
        "mirror": "tiny/table.csv",
    }
    return PublicFile(**{**values, **changes})


@pytest.fixture
def server(mirror):
    class Handler(SimpleHTTPRequestHandler):
        asked: list[str] = []  # noqa: RUF012

        def log_message(self, *arguments):
            self.asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(mirror)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tiny/table.csv", Handler.asked
    server.shutdown()
    server.server_close()


def test_a_mirror_is_read_in_place(mirror):
    assert fetch_file(tiny(), mirror=mirror) == mirror / "tiny" / "table.csv"


def test_the_environment_names_a_mirror_and_the_argument_wins(mirror, monkeypatch, tmp_path):
    monkeypatch.setenv(MIRROR_VARIABLE, str(mirror))
    assert fetch_file(tiny()) == mirror / "tiny" / "table.csv"
    with pytest.raises(DataError, match="no such file"):
        fetch_file(tiny(), mirror=tmp_path / "elsewhere")


def test_a_damaged_copy_in_a_mirror_is_refused_by_name(mirror):
    (mirror / "tiny" / "table.csv").write_bytes(TEXT + b"b,2\n")
    with pytest.raises(DataError, match=r"table\.csv: SHA-256 .*get it again"):
        fetch_file(tiny(), mirror=mirror)


def test_a_converted_copy_in_a_mirror_has_its_own_checksum(mirror):
    other = tiny(sha256="0" * 64, mirror_sha256=sha256(TEXT))
    assert fetch_file(other, mirror=mirror).read_bytes() == TEXT


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_is_downloaded_once_and_checked(server, monkeypatch, tmp_path):
    url, asked = server
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for _ in range(2):
        path = fetch_file(tiny(url=url))
        assert path.read_bytes() == TEXT
        assert (tmp_path / "cache" / "stratify") in path.parents
    assert len(asked) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_download_with_another_checksum_is_refused_and_not_kept(server, monkeypatch, tmp_path):
    url, _ = server
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DataError, match=MIRROR_VARIABLE):
        fetch_file(tiny(url=url, sha256="0" * 64))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_without_a_connection_the_way_out_is_named(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DataError, match=r"Check the connection.*tiny/table\.csv.*STRATIFY_DATA"):
        fetch_file(tiny())


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match="Did you mean 'tulsa_mdd'"):
        fetch("tulsa")
    assert set(DATASETS) == {
        "help",
        "opn_multisite_thickness",
        "rpn_signature",
        "sudmex_tms",
        "sudmex_tms_targets",
        "tulsa_mdd",
    }
