import base64
import re
import struct
import zlib
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from fuel.commands._png import png
from fuel.commands.info import main
from fuel.converters import write_hdf5
from fuel.datasets import H5PYDataset

AXES = {"features": ("batch", "channel", "height", "width")}


class Page(HTMLParser):
    """The tags of a page, the attributes of images, and whether it is well nested."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.words, self.tags = [], [], [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        elif tag not in ("meta", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def content(self, number):
        return base64.b64decode(self.images[number]["src"].partition("base64,")[2])


def page_of(tmp_path, capsys, name="x.hdf5"):
    status = main([str(tmp_path / name), "--html", str(tmp_path / "page.html")])

    assert status == 0, capsys.readouterr().err
    return Page((tmp_path / "page.html").read_text())


def decoded(content, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with Image.open(path) as image:
        return np.asarray(image)


@given(pixels=st.sampled_from([(3, 5), (4, 2, 3)]).flatmap(lambda s: arrays(np.uint8, s)))
def test_pictures_are_png_files_that_others_read(pixels, tmp_path_factory):
    path = tmp_path_factory.mktemp("png")

    np.testing.assert_array_equal(decoded(png(pixels), path), pixels)


def test_the_parts_of_a_png_file_have_the_checksums_of_its_specification():
    content = png(np.zeros((1, 1), np.uint8))

    kind, data = content[12:16], content[16:29]
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", content[29:33])[0] == zlib.crc32(kind + data)
    # the last part is the same in every file: 12 bytes with this checksum
    assert content[-12:] == bytes.fromhex("0000000049454e44ae426082")


def test_a_page_shows_the_pictures_of_a_file(tmp_path, capsys):
    images = np.random.default_rng(0).integers(2, 256, (3, 3, 6, 5), np.uint8)
    labels = np.array([[0], [1], [1]], np.uint8)
    write_hdf5(
        tmp_path / "x.hdf5", {"train": {"features": images, "targets": labels}}, axis_labels=AXES
    )

    page = page_of(tmp_path, capsys)

    assert len(page.images) == 3
    for number, image in enumerate(images):
        shown = decoded(page.content(number), tmp_path)
        np.testing.assert_array_equal(shown, image.transpose(1, 2, 0))
    assert {"0: 0", "1: 1", "2: 1"} <= set(page.words)
    assert "svg" in page.tags


def test_ragged_pictures_and_floats_are_shown_too(tmp_path, capsys):
    ragged = [np.full((1, 2, width), 0.5, np.float32) for width in (3, 4)]
    ragged[1][0, 0, 0] = np.nan
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": ragged}}, axis_labels=AXES)

    page = page_of(tmp_path, capsys)

    assert [decoded(page.content(n), tmp_path).shape for n in (0, 1)] == [(2, 3), (2, 4)]


def test_encoded_pictures_are_shown_as_they_are(tmp_path, capsys):
    content = np.frombuffer(png(np.full((2, 2), 7, np.uint8)), np.uint8)
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file.create_dataset("encoded_images", (1,), h5py.vlen_dtype(np.uint8))[0] = content
        h5file.attrs["split"] = H5PYDataset.create_split_array({"t": {"encoded_images": (0, 1)}})

    page = page_of(tmp_path, capsys)

    assert page.content(0) == content.tobytes()
    assert page.images[0]["src"].startswith("data:image/png;")


def test_large_pictures_are_made_smaller(tmp_path, capsys):
    images = np.zeros((1, 1, 500, 300), np.uint8)
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": images}}, axis_labels=AXES)

    page = page_of(tmp_path, capsys)

    assert max(decoded(page.content(0), tmp_path).shape) <= 128


def test_a_histogram_counts_the_numbers(tmp_path, capsys):
    numbers = np.array([0, 0, 0, 1, 3] * 100, np.int32).reshape(-1, 1, 1) * np.ones((1, 2, 1), "i4")
    write_hdf5(tmp_path / "x.hdf5", {"train": {"numbers": numbers}})

    page = page_of(tmp_path, capsys)

    assert {"0: 600", "1: 200", "2: 0", "3: 200"} <= set(page.words)


def test_what_a_file_says_cannot_become_a_part_of_the_page(tmp_path, capsys):
    evil = "<script>alert('1')</script>\"&"
    write_hdf5(
        tmp_path / "x.hdf5",
        {evil: {evil: np.zeros((2, 2), np.uint8), "targets": np.array([0, 1], np.uint8)}},
        axis_labels={evil: ("batch", evil)},
        licence=evil,
    )
    with h5py.File(tmp_path / "x.hdf5", "r+") as h5file:
        h5file.attrs["fuel_convert_command"] = evil
        h5file["targets"].attrs["class_names"] = '["<script>", "<img src=x>"]'

    page = page_of(tmp_path, capsys)

    assert "script" not in page.tags
    assert page.images == []
    assert evil in page.words


def test_the_page_needs_nothing_else_and_may_do_nothing(tmp_path, capsys):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": np.zeros((2, 2))}})

    page_of(tmp_path, capsys)
    text = (tmp_path / "page.html").read_text()

    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "x.hdf5"]


def test_a_file_without_examples_has_a_page_too(tmp_path, capsys):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": np.zeros((0, 1, 4, 4), "u1")}})

    assert page_of(tmp_path, capsys).images == []


def test_statistics_licence_and_checksum_are_printed(tmp_path, capsys):
    labels = np.array([0, 1, 1, 1], np.uint8)
    write_hdf5(tmp_path / "x.hdf5", {"train": {"targets": labels}}, licence="CC0-1.0")
    with h5py.File(tmp_path / "x.hdf5", "r+") as h5file:
        h5file["targets"].attrs["class_names"] = '["cat", "dog"]'

    main([str(tmp_path / "x.hdf5")])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["licence", "CC0-1.0"] in lines
    assert next(line[:6] for line in lines if line[:2] == ["targets", "train"]) == [
        "targets",
        "train",
        "0",
        "1",
        "0.75",
        "0.433013",
    ]
    assert any(line[-5:] == ["2:", "dog", "3x,", "cat", "1x"] for line in lines)
    assert any(line[:2] == ["content", "SHA-256"] for line in lines)


@pytest.mark.parametrize("flag", [[], ["--verify"]])
def test_statistics_that_make_no_sense_are_damage(tmp_path, capsys, flag):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"targets": np.zeros(3, np.uint8)}})
    with h5py.File(tmp_path / "x.hdf5", "r+") as h5file:
        h5file["targets"].attrs["statistics"] = '{"train": {"mean": 3}}'

    status = main([str(tmp_path / "x.hdf5"), *flag])

    assert status == 2
    assert "statistics recorded with targets make no sense" in capsys.readouterr().err


def test_a_file_without_a_checksum_cannot_be_verified(tmp_path, capsys):
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file["x"] = np.zeros(3)
        h5file.attrs["split"] = H5PYDataset.create_split_array({"train": {"x": (0, 3)}})

    status = main([str(tmp_path / "x.hdf5"), "--verify"])

    assert status == 2
    assert "has no checksum of its content; fuel-convert repack adds one" in capsys.readouterr().err
