import hashlib
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest
from file_server import Served

from fuel.commands.download import main

CONTENT = b"digits" * 1000


@pytest.fixture
def server(server):
    server.files = {"/digits.bin": Served(CONTENT)}
    return server


@pytest.fixture
def extra_module(tmp_path, monkeypatch, server):
    """A module of the user's own, named in the settings, with the data set `digits`."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "digits_downloaders.py").write_text(
        textwrap.dedent(
            f"""
            from functools import partial
            from pathlib import Path
            from fuel.downloaders import DataFile, HTTPMirror, fetch
            from fuel.downloaders.base import clear_files, default_downloader

            FILE = DataFile(name="digits.bin", sha256="{hashlib.sha256(CONTENT).hexdigest()}")

            def download_digits(directory, clear, loud):
                if clear:
                    clear_files(directory, [FILE.name])
                else:
                    fetch([(FILE,)], [HTTPMirror(url="{server.url}")], Path(directory))

            def fill_digits(subparser):
                subparser.add_argument("--loud", action="store_true")
                return download_digits

            def fill_private(subparser):
                subparser.set_defaults(urls=[None], filenames=["private.bin"])
                subparser.add_argument("-P", "--url-prefix")
                return default_downloader

            all_downloaders = (("digits", fill_digits), ("private", fill_private))
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    monkeypatch.setenv("FUEL_EXTRA_DOWNLOADERS", "digits_downloaders")
    yield
    sys.modules.pop("digits_downloaders", None)


def test_without_a_data_set_the_usage_is_shown(capsys):
    status = main([])

    assert status == 2
    assert "usage: fuel-download" in capsys.readouterr().err


def test_help_teaches_the_way_to_a_data_set(capsys):
    status = main(["--help"])

    said = capsys.readouterr().out
    assert status == 0
    assert "mnist" in said
    assert "fuel-convert mnist --directory data --output-directory data" in said


def test_an_unknown_data_set_is_refused_with_those_there_are(capsys):
    status = main(["mnits"])

    assert status == 2
    assert re.search(r"invalid choice: 'mnits' \(choose from .*mnist", capsys.readouterr().err)


def test_a_data_set_of_the_users_own_is_downloaded(tmp_path, extra_module, capsys):
    status = main(["digits", "-d", str(tmp_path / "data"), "--loud"])

    assert status == 0
    assert (tmp_path / "data" / "digits.bin").read_bytes() == CONTENT
    assert capsys.readouterr().out == ""


def test_the_files_go_where_one_is_unless_told_otherwise(tmp_path, extra_module, monkeypatch):
    monkeypatch.chdir(tmp_path)

    main(["digits"])

    assert (tmp_path / "digits.bin").read_bytes() == CONTENT


def test_a_second_run_downloads_nothing(tmp_path, extra_module, server):
    statuses = [main(["digits", "--directory", str(tmp_path)]) for _ in range(2)]

    assert statuses == [0, 0]
    assert len(server.requests) == 1


def test_clear_deletes_the_files(tmp_path, extra_module):
    main(["digits", "-d", str(tmp_path)])

    status = main(["digits", "-d", str(tmp_path), "--clear"])

    assert status == 0
    assert not (tmp_path / "digits.bin").exists()


def test_a_failed_download_says_why_and_what_to_do(tmp_path, extra_module, server, capsys):
    del server.files["/digits.bin"]

    status = main(["digits", "-d", str(tmp_path)])

    said = capsys.readouterr().err
    assert status == 1
    assert f"{server.url}: the server answers 404 Not Found" in said
    assert f"put into {tmp_path}" in said
    assert "Traceback" not in said


def test_a_missing_prefix_is_asked_for(tmp_path, extra_module, capsys):
    status = main(["private", "-d", str(tmp_path)])

    assert status == 2
    assert "give the URL prefix of a copy with --url-prefix" in capsys.readouterr().err


def test_a_name_that_is_taken_is_refused(tmp_path, monkeypatch, capsys):
    (tmp_path / "clashing.py").write_text("all_downloaders = (('mnist', None),)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FUEL_EXTRA_DOWNLOADERS", "clashing")

    status = main(["mnist"])

    assert status == 2
    assert "clashing, named in the settings, has a data set 'mnist'" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["no_such_module", "json"])
def test_a_module_that_is_no_use_is_named(monkeypatch, capsys, module):
    monkeypatch.setenv("FUEL_EXTRA_DOWNLOADERS", module)

    status = main(["mnist"])

    assert status == 2
    assert f"the module {module}, named in the settings, is of no use" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_is_said(tmp_path, extra_module, capsys):
    (tmp_path / "file").touch()

    status = main(["digits", "-d", str(tmp_path / "file")])

    assert status == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_interrupted_it_ends_cleanly_and_keeps_what_it_has(tmp_path, extra_module, server):
    server.files["/digits.bin"] = Served(CONTENT, silent=4000)
    code = "import sys; from fuel.commands.download import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "digits", "-d", str(tmp_path)]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("trying")
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()

    assert (process.returncode, said) == (130, "fuel-download: interrupted\n")
    assert "digits.bin" not in os.listdir(tmp_path)
