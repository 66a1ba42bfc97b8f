import base64
import re
import struct
import subprocess
import sys
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
    captions = [word for word in page.words if word.startswith(" row ")]
    assert captions == [" row 0", " row 1", " row 2"]
    assert [page.words[page.words.index(caption) - 1] for caption in captions] == ["0", "1", "1"]
    assert "svg" in page.tags


def test_ragged_pictures_and_floats_are_shown_too(tmp_path, capsys):
    ragged = [np.full((1, 2, width), 0.5, np.float32) for width in (3, 4)]
    ragged[1][0, 0, 0] = np.nan
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": ragged}}, axis_labels=AXES)

    page = page_of(tmp_path, capsys)

    assert [decoded(page.content(n), tmp_path).shape for n in (0, 1)] == [(2, 3), (2, 4)]


def test_ragged_pictures_are_known_by_their_shape_if_axes_have_no_names(tmp_path, capsys):
    ragged = [np.full((1, 2, width), width, np.uint8) for width in (3, 4)]
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": ragged}})

    page = page_of(tmp_path, capsys)

    for number, image in enumerate(ragged):
        np.testing.assert_array_equal(decoded(page.content(number), tmp_path), image[0])


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


def test_texts_whose_place_in_the_file_was_damaged_are_not_asked_of_hdf5(tmp_path, capsys):
    path = tmp_path / "x.hdf5"
    with h5py.File(path, "w") as h5file:
        h5file.create_dataset("words", data=["alpha", "beta"], dtype=h5py.string_dtype())
        h5file.attrs["split"] = H5PYDataset.create_split_array({"train": {"words": (0, 2)}})
    content = bytearray(path.read_bytes())
    place = content.index(b"alpha") - 8  # before a value stands its length, in eight bytes
    assert content[place : place + 8] == struct.pack("<Q", 5)
    content[place : place + 8] = struct.pack("<Q", 1 << 62)
    path.write_bytes(content)

    status = main([str(path), "--html", str(tmp_path / "page.html")])

    assert status == 2
    assert "is damaged: the values do not fill the heap" in capsys.readouterr().err


def test_a_file_without_examples_has_a_page_too(tmp_path, capsys):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": np.zeros((0, 1, 4, 4), "u1")}})

    assert page_of(tmp_path, capsys).images == []


def test_shapes_are_told_by_axes_and_ragged_ones_from_least_to_greatest(tmp_path, capsys):
    ragged = [np.zeros((3, height, 7), np.uint8) for height in (4, 9, 5)]
    write_hdf5(tmp_path / "x.hdf5", {"train": {"features": ragged}}, axis_labels=AXES)

    page = page_of(tmp_path, capsys)

    shape = ["3 ", "batch", " × 3 ", "channel", " × 4 to 9 ", "height", " × 7 ", "width"]
    start = page.words.index(shape[0])
    assert page.words[start : start + 8] == shape


def test_a_file_of_texts_has_a_page_that_shows_some(tmp_path, capsys):
    codes = [np.frombuffer(line, np.uint8) for line in (b"to be", b"or not")]
    write_hdf5(tmp_path / "x.hdf5", {"train": {"codes": codes}})
    with h5py.File(tmp_path / "x.hdf5", "r+") as h5file:
        h5file.create_dataset("words", data=["alpha", "b" * 100], dtype=h5py.string_dtype())
        h5file["short"] = np.array([b"gamma", b"delta"])
        parts = dict.fromkeys(("codes", "words", "short"), (0, 2))
        h5file.attrs["split"] = H5PYDataset.create_split_array({"train": parts})

    page = page_of(tmp_path, capsys)

    for text in ('"to be"', '"or not"', "alpha", "b" * 60 + "…", "gamma", "delta"):
        assert text in page.words


def test_examples_of_numbers_are_shown_by_what_they_begin_with(tmp_path, capsys):
    numbers = np.arange(20, dtype=np.float32).reshape(2, 10) / 8
    write_hdf5(tmp_path / "x.hdf5", {"train": {"numbers": numbers}})

    page = page_of(tmp_path, capsys)

    assert "0 0.125 0.25 0.375 0.5 0.625 0.75 0.875 …" in page.words
    assert "1.25 1.375 1.5 1.625 1.75 1.875 2 2.125 …" in page.words


def test_heights_of_bars_that_could_not_be_seen_are_logarithmic(tmp_path, capsys):
    numbers = np.repeat(np.arange(4, dtype=np.int32), [1000, 4, 5, 6])
    write_hdf5(tmp_path / "x.hdf5", {"train": {"numbers": numbers.reshape(-1, 1, 1) * [[1, 1]]}})

    page = page_of(tmp_path, capsys)

    assert "up to 2,000, logarithmic" in page.words


def test_splits_of_no_use_and_numbers_that_are_none_are_warned_of(tmp_path, capsys):
    numbers = np.array([1, np.nan, np.inf])
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": numbers}, "test": {"x": np.zeros(0)}})

    page = page_of(tmp_path, capsys)

    warnings = {
        "the split test has no examples",
        "x has 2 numbers in the split train that are infinite or none",
    }
    assert warnings <= set(page.words)
    assert warnings <= {
        line.removeprefix("warning: ") for line in capsys.readouterr().out.splitlines()
    }


def test_sources_of_a_split_that_disagree_are_warned_of(tmp_path, capsys):
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file["x"], h5file["y"] = np.zeros(5), np.zeros(4)
        parts = {"train": {"x": (0, 5), "y": (0, 4)}}
        h5file.attrs["split"] = H5PYDataset.create_split_array(parts)

    main([str(tmp_path / "x.hdf5")])

    said = capsys.readouterr().out
    assert "the sources of the split train have different numbers of examples: 5 of x, 4 of" in said


def test_packed_rows_of_a_slow_layout_are_shown_too(tmp_path, capsys):
    numbers = np.random.default_rng(0).integers(0, 9, (500, 40))
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file.create_dataset("x", data=numbers, chunks=(500, 10), compression="gzip")
        h5file.attrs["split"] = H5PYDataset.create_split_array({"train": {"x": (0, 500)}})

    page = page_of(tmp_path, capsys)

    assert [word for word in page.words if word.startswith("x is slow to read shuffled")]
    assert " ".join(map(str, numbers[0, :8])) + " …" in page.words


def test_a_page_never_takes_the_place_of_data(tmp_path, capsys):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": np.zeros(3)}})
    (tmp_path / "link").symlink_to("x.hdf5")
    before = (tmp_path / "x.hdf5").read_bytes()

    statuses = [
        main([str(tmp_path / "x.hdf5"), "--html", str(tmp_path / name)])
        for name in ("x.hdf5", "link")
    ]

    assert statuses == [2, 2]
    assert (tmp_path / "x.hdf5").read_bytes() == before
    assert "is a file of data, which the page would replace" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("", "names no file"),
        (".", "names no file"),
        ("none/page.html", "there is no directory"),
        ("/dev/null", "is no plain file"),
    ],
)
def test_a_page_that_cannot_be_written_is_said_before_anything_else(
    tmp_path, monkeypatch, capsys, target, complaint
):
    monkeypatch.chdir(tmp_path)
    write_hdf5("x.hdf5", {"train": {"x": np.zeros(3)}})

    status = main(["x.hdf5", "--html", target])

    said = capsys.readouterr()
    assert status == 2
    assert said.out == ""
    assert complaint in said.err
    assert "damaged" not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["x.hdf5"]


def test_a_page_that_does_not_fit_the_disk_is_said_and_leaves_nothing(tmp_path):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": np.zeros(3)}})
    code = (
        "import resource, signal, sys; from fuel.commands.info import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "sys.exit(main(['x.hdf5', '--html', 'page.html']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr == f"fuel-info: {tmp_path / 'page.html'}: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["x.hdf5"]


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
