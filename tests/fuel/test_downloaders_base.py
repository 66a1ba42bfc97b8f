import hashlib
import io
import os
import pty
import subprocess
import sys
import threading

import pytest
from file_server import Served

from fuel.downloaders import DownloadError, Patience
from fuel.downloaders.base import (
    NeedURLPrefix,
    clear_files,
    default_downloader,
    download,
    ensure_directory_exists,
    filename_from_url,
)

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def server(server):
    server.files = {"/a/file.bin": Served(CONTENT)}
    return server


def test_a_download_is_written_to_the_file(server):
    handle = io.BytesIO()

    download(f"{server.url}/a/file.bin", handle, chunk_size=100)

    assert handle.getvalue() == CONTENT


def test_a_packed_body_is_kept_packed(server):
    server.files["/a/file.gz"] = Served(CONTENT, headers={"Content-Encoding": "gzip"})
    handle = io.BytesIO()

    download(f"{server.url}/a/file.gz", handle)

    assert handle.getvalue() == CONTENT


def test_a_download_can_go_on(server):
    handle = io.BytesIO(CONTENT[:1000])

    download(f"{server.url}/a/file.bin", handle, resume=True)

    assert handle.getvalue() == CONTENT
    assert server.requests == [("/a/file.bin", "bytes=1000-")]


def test_an_error_page_is_not_data(server):
    handle = io.BytesIO()

    with pytest.raises(DownloadError, match="/a/none: the server answers 404 Not Found"):
        download(f"{server.url}/a/none", handle)

    assert handle.getvalue() == b""


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        (None, "/a/file.bin", "file.bin"),
        (None, "/a/two%20words.bin?version=1", "two words.bin"),
        (None, "/a/", None),
        ("attachment; filename=given.bin", "/a/x", "given.bin"),
        ('attachment; filename="two words.bin"', "/a/x", "two words.bin"),
        ("attachment; filename*=UTF-8''na%C3%AFve.bin", "/a/x", "naïve.bin"),
        ('attachment; filename="../../etc/passwd"', "/a/x", "passwd"),
        ("inline", "/a/x", "x"),
    ],
)
def test_the_name_of_a_file_is_the_servers_or_the_end_of_the_address(
    server, disposition, path, name
):
    headers = {} if disposition is None else {"Content-Disposition": disposition}
    server.files[path] = Served(b"x", headers=headers)

    assert filename_from_url(server.url + path) == name


def test_a_file_that_is_not_there_has_no_name(server):
    with pytest.raises(DownloadError, match="the server answers 404"):
        filename_from_url(f"{server.url}/none")


def test_a_directory_is_made_unless_it_is_there(tmp_path):
    for _ in range(2):
        ensure_directory_exists(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").is_dir()


def test_the_default_downloader_takes_address_prefix_and_name(server, tmp_path):
    server.files["/private/second.bin"] = Served(b"second")
    urls = [f"{server.url}/a/file.bin", None]

    default_downloader(tmp_path, urls, [None, "second.bin"], url_prefix=f"{server.url}/private/")

    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert (tmp_path / "second.bin").read_bytes() == b"second"


def test_a_file_without_address_needs_a_prefix(tmp_path):
    with pytest.raises(NeedURLPrefix, match=r"x\.bin: there is no public address"):
        default_downloader(tmp_path, [None], ["x.bin"])


def test_a_file_without_name_and_address_is_an_error(server, tmp_path):
    with pytest.raises(ValueError, match="no file name was given"):
        default_downloader(tmp_path, [None], [None], url_prefix="http://x/")


def test_the_default_downloader_trusts_checksums(server, tmp_path):
    checksum = hashlib.sha256(CONTENT).hexdigest()
    url = f"{server.url}/a/file.bin"

    for _ in range(2):
        default_downloader(tmp_path, [url], ["x.bin"], checksums=[checksum])

    assert len(server.requests) == 1
    with pytest.raises(DownloadError, match=r"y\.bin arrived damaged"):
        default_downloader(tmp_path, [url], ["y.bin"], checksums=["0" * 64])
    assert os.listdir(tmp_path) == ["x.bin"]


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_file_of_another_size_is_refused_also_without_checksum(server, tmp_path, size):
    url = f"{server.url}/a/file.bin"

    with pytest.raises(DownloadError, match=rf"arrived damaged: .*it should be {size} bytes$"):
        default_downloader(tmp_path, [url], ["x.bin"], sizes=[size])

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (Served(b"<html><body>Sorry</body></html>"), "a web page, not the file"),
        (Served(b"Sorry", headers={"Content-Type": "text/html"}), "a web page, not the file"),
        (Served(status=302, headers={"Location": "/a/x.bin"}), "redirects in circles"),
        (Served(CONTENT, cut=30), "the connection broke after"),
        (Served(status=500), "the server answers 500"),
    ],
)
def test_without_checksum_too_a_failed_download_leaves_no_file(server, tmp_path, served, message):
    server.files["/a/x.bin"] = served

    with pytest.raises(DownloadError, match=message):
        default_downloader(
            tmp_path, [f"{server.url}/a/x.bin"], ["x.bin"], patience=Patience(pause=0)
        )

    assert not (tmp_path / "x.bin").exists()


def test_a_web_page_may_be_downloaded_as_such(server, tmp_path):
    server.files["/page.html"] = Served(b"<html></html>", headers={"Content-Type": "text/html"})

    default_downloader(tmp_path, [f"{server.url}/page.html"], ["page.html"])

    assert (tmp_path / "page.html").read_bytes() == b"<html></html>"


def test_two_at_once_without_checksum_both_end_well(server, tmp_path):
    url = f"{server.url}/a/file.bin"
    threads = [
        threading.Thread(target=default_downloader, args=(tmp_path, [url], ["x.bin"]))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["x.bin"]


def test_clearing_deletes_the_files_and_their_parts_alone(tmp_path):
    for name in ("x.bin", "y.bin.part", "mine.bin"):
        (tmp_path / name).touch()

    default_downloader(tmp_path, ["http://x/x.bin", None], ["x.bin", "y.bin"], clear=True)

    assert os.listdir(tmp_path) == ["mine.bin"]
    assert clear_files(tmp_path, ["x.bin"]) == []


DRAW = """
from fuel.downloaders.base import progress_bar
with progress_bar("digits.gz", 1000) as bar:
    bar.update(250)
"""


def test_a_progress_bar_is_drawn_on_a_terminal_alone():
    terminal, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    subprocess.run([sys.executable, "-c", DRAW], stderr=side, env=environment, check=True)
    os.close(side)
    drawn = os.read(terminal, 100_000).decode()
    os.close(terminal)
    piped = subprocess.run([sys.executable, "-c", DRAW], capture_output=True, check=True)

    assert "Downloading digits.gz" in drawn
    assert (piped.stdout, piped.stderr) == (b"", b"")
