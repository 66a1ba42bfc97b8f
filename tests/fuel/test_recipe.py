import argparse
import logging
import os

import pytest
from file_server import Served, data_file

from fuel.downloaders import DataFile, DownloadError, HTTPMirror, Recipe
from fuel.exceptions import NeedURLPrefix

CONTENTS = {"images.gz": b"packed images", "labels.gz": b"packed labels"}


FILES = [data_file(name, content) for name, content in CONTENTS.items()]


@pytest.fixture
def server(server):
    server.files = {f"/{name}": Served(content) for name, content in CONTENTS.items()}
    return server


def recipe(*mirrors, **changes):
    given = {"files": FILES, "mirrors": mirrors, **changes}
    return Recipe(name="digits", contents="two files", source="They are from nowhere.", **given)


def found(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_all_files_are_had_and_that_is_said(server, tmp_path, caplog):
    caplog.set_level(logging.INFO, "fuel")

    recipe(HTTPMirror(url=server.url)).download(tmp_path / "new")

    assert found(tmp_path / "new") == CONTENTS
    assert caplog.messages[-1] == f"all files of digits are in {tmp_path / 'new'}"


def test_files_can_be_had_one_by_one(server, tmp_path):
    recipe(HTTPMirror(url=server.url)).download(tmp_path, filenames=["labels.gz"])

    assert found(tmp_path) == {"labels.gz": b"packed labels"}


def test_a_file_that_is_none_of_them_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(ValueError, match="x: not of digits, whose files are images.gz, labels.gz"):
        recipe().download(tmp_path, filenames=["x"])


def test_each_file_asked_for_needs_an_address_or_none(tmp_path):
    with pytest.raises(ValueError, match="there are 1 urls for 2 files; give one for each"):
        recipe().download(tmp_path, urls=["http://127.0.0.1:9/images.gz"])


def test_given_addresses_are_tried_before_the_mirrors(server, tmp_path):
    server.files["/copy"] = Served(CONTENTS["images.gz"])

    recipe(HTTPMirror(url=server.url)).download(tmp_path, urls=[f"{server.url}/copy", None])

    assert found(tmp_path) == CONTENTS
    assert [path for path, _ in server.requests] == ["/copy", "/labels.gz"]


def test_its_own_addresses_are_not_tried_twice(server, tmp_path):
    server.files = {}
    own = recipe(HTTPMirror(url=server.url))

    with pytest.raises(DownloadError):
        own.download(tmp_path, urls=own.urls)

    assert len(server.requests) == 1


def test_another_form_of_a_file_will_do(tmp_path):
    unpacked = [data_file("images", b"images"), data_file("labels", b"labels")]
    (tmp_path / "images").write_bytes(b"images")
    (tmp_path / "labels.gz").write_bytes(CONTENTS["labels.gz"])

    recipe(unpacked=unpacked).download(tmp_path)

    assert sorted(os.listdir(tmp_path)) == ["images", "labels.gz"]


def test_a_file_without_a_checksum_is_fetched_once(server, tmp_path, caplog):
    caplog.set_level(logging.INFO, "fuel")
    unknown = recipe(HTTPMirror(url=server.url), files=[DataFile(name="images.gz")])

    for _ in range(2):
        unknown.download(tmp_path)

    assert len(server.requests) == 1
    assert "images.gz is there; nobody knows its checksum: taken as it is" in caplog.messages


def test_a_failure_says_the_source(tmp_path):
    with pytest.raises(DownloadError, match=r"\nThey are from nowhere\.$") as raised:
        recipe().download(tmp_path)

    assert "no mirror at all" in str(raised.value)


def test_withheld_files_need_a_prefix_unless_they_are_there(server, tmp_path):
    withheld = recipe(withheld=["labels.gz"], mirrors=[HTTPMirror(url=server.url)])

    with pytest.raises(NeedURLPrefix, match=r"^labels\.gz: there is no public address"):
        withheld.download(tmp_path)
    assert found(tmp_path) == {}
    (tmp_path / "labels.gz").write_bytes(CONTENTS["labels.gz"])
    withheld.download(tmp_path)

    assert found(tmp_path) == CONTENTS


def test_a_prefix_which_may_be_a_secret_is_not_told(server, tmp_path, caplog):
    caplog.set_level(logging.INFO, "fuel")
    withheld = recipe(withheld=["labels.gz"])

    with pytest.raises(DownloadError) as raised:
        withheld.download(tmp_path, url_prefix=f"{server.url}/key123/")

    assert server.requests == [("/key123/images.gz", None)]
    assert "the URL prefix: the server answers 404 Not Found" in str(raised.value)
    assert "key123" not in str(raised.value) + caplog.text


def test_the_parser_asks_for_a_prefix_only_where_files_are_withheld():
    parsers = []
    for withheld in ([], ["labels.gz"]):
        parser = argparse.ArgumentParser()
        recipe(withheld=withheld).fill_subparser(parser)
        parsers.append(parser)

    assert [hasattr(parser.parse_args([]), "url_prefix") for parser in parsers] == [False, True]
    assert parsers[1].parse_args(["-P", "http://x/"]).url_prefix == "http://x/"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unpacked": [DataFile(name="images")]}, "there are 2 files, but 1 unpacked"),
        ({"withheld": ["words"]}, "words: withheld, but not among the files"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(**changes)
