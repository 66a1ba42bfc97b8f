"""Downloads from servers that break off: what is asked for again, how often, and what is not."""

import io
import logging
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from file_server import Served, data_file

from fuel.downloaders import DownloadError, HTTPMirror, Patience, fetch
from fuel.downloaders.base import download

CONTENT = random.Random(2).randbytes(200_000)
AT_ONCE = Patience(pause=0)


def fetch_file(server, directory, served, patience=AT_ONCE):
    server.files["/file"] = served
    file = data_file("file", CONTENT)
    fetch([(file,)], [HTTPMirror(url=server.url, patience=patience)], directory)
    return (directory / "file").read_bytes()


def ranges(server):
    return [wanted for _, wanted in server.requests]


def test_a_cut_connection_is_gone_on_with_in_the_same_run(server, tmp_path):
    served = Served(CONTENT, first=[Served(CONTENT, cut=70_000), Served(CONTENT, cut=50_000)])

    assert fetch_file(server, tmp_path, served) == CONTENT
    assert ranges(server) == [None, "bytes=70000-", "bytes=120000-"]


def test_so_is_one_that_fell_silent(server, tmp_path):
    served = Served(CONTENT, first=[Served(CONTENT, silent=70_000)])

    assert fetch_file(server, tmp_path, served, Patience(pause=0, silence=0.2)) == CONTENT
    assert ranges(server) == [None, "bytes=70000-"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_cannot_just_now_is_asked_again(server, tmp_path, status):
    assert fetch_file(server, tmp_path, Served(CONTENT, first=[Served(status=status)])) == CONTENT


@pytest.mark.parametrize("status", [401, 404, 501])
def test_one_that_will_not_is_asked_once(server, tmp_path, status):
    with pytest.raises(DownloadError, match=f"the server answers {status}"):
        fetch_file(server, tmp_path, Served(status=status))

    assert len(server.requests) == 1


def test_wrong_bytes_are_not_asked_for_again(server, tmp_path):
    with pytest.raises(DownloadError, match="arrived damaged"):
        fetch_file(server, tmp_path, Served(CONTENT[::-1]))

    assert len(server.requests) == 1


def test_after_a_few_tries_the_server_is_given_up(server, tmp_path):
    with pytest.raises(DownloadError, match="the connection broke after 40 of 200000 bytes"):
        fetch_file(server, tmp_path, Served(CONTENT, cut=10))

    assert ranges(server) == [None, "bytes=10-", "bytes=20-", "bytes=30-"]


def test_tries_that_get_on_do_not_count(server, tmp_path):
    content = random.Random(3).randbytes(6 << 20)
    server.files["/file"] = Served(content, cut=1 << 20)
    with (tmp_path / "file").open("w+b") as file:
        download(f"{server.url}/file", file, patience=Patience(pause=0, tries=2))

    assert (tmp_path / "file").read_bytes() == content
    assert len(server.requests) == 6


def test_pauses_grow_up_to_a_bound_and_are_said(server, tmp_path, caplog):
    caplog.set_level(logging.INFO, "fuel")
    patience = Patience(pause=0.001, longest_pause=0.002, tries=4)

    with pytest.raises(DownloadError):
        fetch_file(server, tmp_path, Served(status=503), patience)

    said = [line for line in caplog.messages if "trying again" in line]
    assert said == [
        "  file: the server answers 503 Service Unavailable; trying again in 0.001 s",
        "  file: the server answers 503 Service Unavailable; trying again in 0.002 s",
        "  file: the server answers 503 Service Unavailable; trying again in 0.002 s",
    ]


@pytest.mark.parametrize("date", [False, True])
def test_a_server_that_wants_to_be_left_alone_for_long_is_left(server, tmp_path, date):
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    headers = {"Retry-After": later if date else "3600"}

    with pytest.raises(DownloadError, match="the server answers 429"):
        fetch_file(server, tmp_path, Served(status=429, headers=headers), Patience())

    assert len(server.requests) == 1


@pytest.mark.parametrize("wanted", ["0", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_one_that_wants_no_pause_gets_none(server, tmp_path, wanted, caplog):
    caplog.set_level(logging.INFO, "fuel")
    busy = Served(status=503, headers={"Retry-After": wanted})

    assert fetch_file(server, tmp_path, Served(CONTENT, first=[busy]), Patience()) == CONTENT
    assert any(line.endswith("trying again in 0 s") for line in caplog.messages)


def test_one_that_drips_is_given_up(server, tmp_path):
    patience = Patience(span=0.1, least_rate=1e6, tries=1)

    with pytest.raises(DownloadError, match=r"the server sent \d+ bytes in \d+ s, too few"):
        fetch_file(server, tmp_path, Served(CONTENT, drips=True), patience)


def test_of_a_file_that_was_replaced_meanwhile_the_whole_is_asked_for(server):
    old = Served(b"old" * 1000, headers={"ETag": '"old"'}, cut=1000)
    server.files["/file"] = Served(CONTENT, headers={"ETag": '"new"'}, first=[old])
    got = io.BytesIO()

    download(f"{server.url}/file", got, patience=AT_ONCE)

    assert got.getvalue() == CONTENT


def test_what_was_in_the_file_before_is_not_taken_for_a_part(server):
    server.files["/file"] = Served(CONTENT, cut=1000)
    got = io.BytesIO(b"mine")
    got.seek(0, io.SEEK_END)

    with pytest.raises(DownloadError, match="the connection broke"):
        download(f"{server.url}/file", got, patience=AT_ONCE)

    assert got.getvalue() == b"mine" + CONTENT[:1000]


def test_it_must_be_tried_once():
    with pytest.raises(ValueError, match="tries=0 must be at least 1"):
        Patience(tries=0)
