import io
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_commands_info_page import Page

from fuel.commands._image_header import ImageHeader, image_header
from fuel.commands.convert import main as convert
from fuel.commands.info import main
from fuel.converters import write_hdf5

FORMS = [
    ("jpeg", "RGB", {}, 3),
    ("jpeg", "L", {"progressive": True}, 1),
    ("jpeg", "CMYK", {}, 4),
    ("jpeg", "RGB", {"comment": b"\xff" * 60_000}, 3),
    ("png", "RGB", {}, 3),
    ("png", "L", {}, 1),
    ("png", "LA", {}, 2),
    ("png", "RGBA", {}, 4),
    ("png", "P", {}, 3),
    ("gif", "P", {}, 3),
    ("webp", "RGB", {}, 3),
    ("webp", "RGB", {"lossless": True}, 3),
    ("webp", "RGBA", {"lossless": True}, 4),
    ("webp", "RGBA", {}, 4),
    ("bmp", "RGB", {}, 3),
]


def encoded(size=(5, 7), mode="RGB", kind="png", **options):
    height, width = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(content, kind, **options)
    return content.getvalue()


def info(path, capsys):
    status = main([str(path), "--html", str(path.with_suffix(".html"))])

    said = capsys.readouterr()
    assert status == 0, said.err
    return said.out, Page(path.with_suffix(".html").read_text())


def line_of(said, source):
    """The last of the lines about a source, in columns."""
    (line,) = re.findall(rf"\nencoded images .*\n{source} .*", said)
    return re.split(r"\s{2,}", line.splitlines()[-1].strip())


@pytest.mark.parametrize(("kind", "mode", "options", "channels"), FORMS)
def test_kind_size_and_channels_are_those_of_the_image(kind, mode, options, channels):
    content = encoded((9, 13), mode, kind, **options)

    header = image_header(memoryview(content))

    assert header == ImageHeader(kind, 9, 13, channels)


@given(form=st.sampled_from(FORMS), data=st.data())
def test_the_beginning_of_a_damaged_image_is_read_or_refused(form, data):
    kind, mode, options, _ = form
    content = bytearray(encoded(mode=mode, kind=kind, **options))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(99, len(content) - 1)))
        content[place] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(0, len(content)))

    header = image_header(memoryview(content)[:length])

    assert header is None or isinstance(header, ImageHeader)


def test_what_is_encoded_in_a_source_is_told(tmp_path, capsys):
    contents = [encoded((4, 9)), encoded((30, 2), "L"), encoded((5, 5), "RGB", "jpeg"), b"none"]
    write_hdf5(tmp_path / "x.hdf5", {"train": {"photos": contents}})

    said, page = info(tmp_path / "x.hdf5", capsys)

    sizes = f"4 to {max(map(len, contents))}"
    line = ["photos", "4", "png: 2x, jpeg: 1x, others: 1x", "4 to 30", "2 to 9", "3: 2x, 1: 1x"]
    assert line_of(said, "photos") == [*line, sizes, "bytes"]
    assert set(line[1:]) <= set(page.words)
    assert [image["alt"] for image in page.images] == ["row 0", "row 1", "row 2"]
    assert any("1 of 4 are left out" in word for word in page.words)


def test_what_a_default_stream_decodes_to_is_told(tmp_path, capsys):
    (tmp_path / "p" / "x").mkdir(parents=True)
    (tmp_path / "p" / "x" / "0.png").write_bytes(encoded())
    convert(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--encoded", "--color", "L"])

    said, _ = info(tmp_path / "p.hdf5", capsys)

    assert line_of(said, "encoded_images")[1:5] == ["1", "png", "5", "7"]
    assert line_of(said, "encoded_images")[-1] == "L"


def test_bytes_that_are_no_images_are_shown_as_numbers(tmp_path, capsys):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"files": [b"\1\2", b"", b"\3" * 9]}})

    said, page = info(tmp_path / "x.hdf5", capsys)

    assert "encoded images" not in said
    assert page.images == []


def test_images_of_which_the_first_is_broken_are_shown_all_the_same(tmp_path, capsys):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"files": [b"", encoded()]}})

    _, page = info(tmp_path / "x.hdf5", capsys)

    assert page.content(0) == encoded()


def test_large_encoded_pictures_are_shown_small_and_upright(tmp_path, capsys):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 600, 3), np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    content = io.BytesIO()
    image.save(content, "jpeg", exif=exif, quality=95)
    write_hdf5(tmp_path / "x.hdf5", {"train": {"photos": [content.getvalue()]}})

    said, page = info(tmp_path / "x.hdf5", capsys)

    shown = Image.open(io.BytesIO(page.content(0)))
    assert shown.size == (64, 128)
    assert line_of(said, "photos")[3:5] == ["300", "600"]


def test_without_pillow_pictures_are_shown_as_they_are(tmp_path):
    light, heavy = encoded(), encoded((200, 200))
    heaviest = encoded((600, 600), "RGBA")
    write_hdf5(tmp_path / "x.hdf5", {"train": {"photos": [light, heavy, heaviest]}})
    program = (
        "import importlib.machinery, sys\n"
        "find = importlib.machinery.PathFinder.find_spec\n"
        "importlib.machinery.PathFinder.find_spec = classmethod(\n"
        "    lambda cls, name, *rest: None if name == 'PIL' else find(name, *rest))\n"
        "from fuel.commands.info import main\n"
        "sys.exit(main(['x.hdf5', '--html', 'x.html']))\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert run.returncode == 0, run.stderr
    page = Page((tmp_path / "x.html").read_text())
    assert [page.content(number) for number in range(len(page.images))] == [light, heavy]
    assert line_of(run.stdout, "photos")[1:3] == ["3", "png"]


def test_encoded_images_in_chunks_are_told_and_shown(tmp_path, capsys):
    contents = [encoded((4, 9)), encoded((30, 2), "L")]
    write_hdf5(tmp_path / "x.hdf5", {"train": {"photos": contents}})
    with h5py.File(tmp_path / "x.hdf5", "r+") as h5file:
        rows = h5file["photos"][...]
        del h5file["photos"]
        dataset = h5file.create_dataset("photos", (2,), h5py.vlen_dtype(np.uint8), chunks=(1,))
        for row, content in enumerate(rows):
            dataset[row] = content

    said, page = info(tmp_path / "x.hdf5", capsys)

    assert line_of(said, "photos")[1:6] == ["2", "png", "4 to 30", "2 to 9", "1: 1x, 3: 1x"]
    assert [page.content(number) for number in (0, 1)] == contents
