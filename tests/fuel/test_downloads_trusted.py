"""What goes wrong with downloads, by the command line, and what is left then."""

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from file_server import Served

from fuel.commands.download import main
from fuel.downloaders import DataFile, DownloadError
from fuel.downloaders._part import deliver

CONTENT = random.Random(1).randbytes(300_000)
PROGRAM = "import sys; from fuel.commands.download import main; sys.exit(main(sys.argv[1:]))"
LITTLE_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "


@pytest.fixture
def server(server):
    server.files = {"/data.bin": Served(CONTENT)}
    return server


def provide(folder, monkeypatch, url):
    """Data sets `known`, with checksum and size; `unsized`, with checksum; `unknown`."""
    folder.mkdir()
    (folder / "trusted_downloaders.py").write_text(
        textwrap.dedent(
            f"""
            from fuel.downloaders import DataFile, HTTPMirror, Patience, Recipe

            def data_set(name, **known):
                files = [DataFile(name="data.bin", **known)]
                mirrors = [HTTPMirror(url="{url}", patience=Patience(pause=0))]
                recipe = Recipe(name=name, contents="", source="", files=files, mirrors=mirrors)
                return name, recipe.fill_subparser

            sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"
            all_downloaders = (
                data_set("known", sha256=sha256, size={len(CONTENT)}),
                data_set("unsized", sha256=sha256),
                data_set("unknown"),
            )
            """
        )
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("FUEL_EXTRA_DOWNLOADERS", "trusted_downloaders")
    sys.modules.pop("trusted_downloaders", None)


@pytest.fixture
def data(tmp_path, monkeypatch, server):
    """An empty folder to download to, with the data sets of the server in the settings."""
    provide(tmp_path / "modules", monkeypatch, server.url)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def fuel_download(data, name="known"):
    return main([name, "-d", str(data)])


def contents(data):
    return {path.name: path.read_bytes() for path in data.iterdir()}


def test_interrupted_it_keeps_what_came_says_so_and_goes_on(data, server):
    server.files["/data.bin"] = Served(CONTENT, silent=200_000)
    command = [sys.executable, "-c", PROGRAM, "known", "-d", str(data)]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("trying")
        part = data / "data.bin.part"
        while not part.exists() or part.stat().st_size < 200_000:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    server.files["/data.bin"] = Served(CONTENT)
    status = fuel_download(data)

    assert process.returncode == 130
    assert said.splitlines() == [
        f"{part} keeps 200000 bytes; the same command goes on from there",
        "fuel-download: interrupted",
    ]
    assert status == 0
    assert server.requests[-1] == ("/data.bin", "bytes=200000-")
    assert contents(data) == {"data.bin": CONTENT}


def test_what_comes_with_a_redirect_is_not_waited_for(data, server):
    server.files["/elsewhere"] = Served(CONTENT)
    headers = {"Location": "/elsewhere"}
    server.files["/data.bin"] = Served(CONTENT, status=302, headers=headers, silent=10)

    status = fuel_download(data)

    assert status == 0
    assert contents(data) == {"data.bin": CONTENT}


@pytest.mark.parametrize("target", ["http://[::1", "http://127.0.0.1:99999/", "file:///etc/passwd"])
def test_a_redirect_to_what_is_no_web_address_is_a_reason_like_others(data, server, capfd, target):
    server.files["/data.bin"] = Served(status=302, headers={"Location": target})

    status = fuel_download(data)

    said = capfd.readouterr().err
    assert status == 1
    assert "1 of 1 files could not be fetched" in said
    assert "no answer within" not in said
    assert "Traceback" not in said
    assert contents(data) == {}


def test_a_part_that_is_a_link_is_not_written_through(data, server, tmp_path, capsys):
    (tmp_path / "precious").write_bytes(b"precious")
    (data / "data.bin.part").symlink_to(tmp_path / "precious")

    status = fuel_download(data)

    assert status == 1
    assert "data.bin.part: is a link, and may lead anywhere; delete it" in capsys.readouterr().err
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_link_that_has_the_files_name_gives_way_to_it(data, server, tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (data / "data.bin").symlink_to(tmp_path / "precious")

    status = fuel_download(data)

    assert status == 0
    assert not (data / "data.bin").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("data.bin", os.mkdir, "data.bin: is a directory; a file is to be there"),
        ("data.bin.part", os.mkdir, "data.bin.part: is no file; delete it"),
        ("data.bin.part", os.mkfifo, "data.bin.part: is no file; delete it"),
    ],
)
def test_what_is_in_the_way_is_said_before_anything_is_fetched(
    data, server, capsys, name, make, message
):
    make(data / name)

    status = fuel_download(data)

    assert status == 2
    assert message in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.parametrize("status", [204, 206])
def test_an_answer_that_is_not_the_whole_file_is_none(data, server, capsys, status):
    server.files["/data.bin"] = Served(CONTENT[:100], status=status)

    assert fuel_download(data, "unknown") == 1

    assert f"the server answers {status} " in capsys.readouterr().err
    assert contents(data) == {}


@pytest.mark.parametrize("served", [Served(CONTENT, cut=1000), Served(CONTENT, status=500)])
def test_without_a_checksum_nothing_is_left_of_a_failure(data, server, served):
    server.files["/data.bin"] = served

    status = fuel_download(data, "unknown")

    assert status == 1
    assert contents(data) == {}


@pytest.mark.parametrize("old", [b"old" * 50_000, b"old" * 200_000], ids=["shorter", "longer"])
@pytest.mark.parametrize("name", ["known", "unsized"])
def test_a_part_of_a_file_that_changed_gives_way_to_the_new_file(data, server, name, old):
    (data / "data.bin.part").write_bytes(old)

    status = fuel_download(data, name)

    assert status == 0
    assert contents(data) == {"data.bin": CONTENT}


def test_a_server_that_is_down_does_not_cost_the_part(data, server):
    (data / "data.bin.part").write_bytes(CONTENT[:1000])
    server.files["/data.bin"] = Served(CONTENT, status=503)

    status = fuel_download(data)

    assert status == 1
    assert contents(data) == {"data.bin.part": CONTENT[:1000]}


def test_another_part_than_was_asked_for_is_not_taken_for_the_rest(data, server):
    (data / "data.bin.part").write_bytes(CONTENT[:1000])
    headers = {"Content-Range": "bytes 500-999/300000"}
    server.files["/data.bin"] = Served(CONTENT[500:1000], status=206, headers=headers)

    status = fuel_download(data)

    assert status == 1
    assert contents(data) == {"data.bin.part": CONTENT[:1000]}


@pytest.mark.parametrize(
    ("name", "kept", "cure"),
    [
        ("known", 100_000, "what has arrived is kept: make room there and run the same command"),
        ("unknown", 0, "File too large; make room there and run the same command again\n"),
    ],
)
def test_on_a_full_disk_the_cure_is_said(data, server, name, kept, cure):
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_ROOM + PROGRAM, name, "-d", str(data)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"{data / 'data.bin.part'}: File too large" in done.stderr
    assert cure in done.stderr
    assert sum(map(len, contents(data).values())) == kept


def test_two_commands_at_once_fetch_a_file_once(data, server):
    command = [sys.executable, "-c", PROGRAM, "known", "-d", str(data)]

    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(3)]
    statuses = [process.wait() for process in processes]

    assert statuses == [0, 0, 0]
    assert len(server.requests) == 1
    assert contents(data) == {"data.bin": CONTENT}


def test_nothing_that_a_server_says_reaches_the_terminal_unseen(tmp_path, monkeypatch, capsys):
    listening = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def answer():
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"\x1b[31mred\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    provide(tmp_path / "modules", monkeypatch, f"http://127.0.0.1:{listening.getsockname()[1]}")

    status = fuel_download(tmp_path)

    thread.join()
    listening.close()
    assert status == 1
    assert "?[31mred" in (said := capsys.readouterr().err)
    assert "\x1b" not in said


def test_a_part_that_is_deleted_meanwhile_is_a_failure(tmp_path):
    file = DataFile(name="data.bin", sha256=hashlib.sha256(CONTENT).hexdigest())

    def fill(part):
        part.write(CONTENT)
        Path(tmp_path / "data.bin.part").unlink()

    with pytest.raises(DownloadError, match="was deleted while it was written"):
        deliver(file, tmp_path, fill)

    assert contents(tmp_path) == {}
