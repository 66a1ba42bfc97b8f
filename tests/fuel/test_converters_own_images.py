import io
import json
import os
import re
import struct
import tarfile
import zipfile
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fuel.commands.convert import main
from fuel.converters.image_folder import convert_image_folder
from fuel.datasets import H5PYDataset

RED, GREEN = (250, 0, 0), (0, 250, 0)


def picture(color=RED, size=(6, 4), mode="RGB"):
    return Image.new("RGB", size, color).convert(mode)


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def photos(tmp_path):
    """Two red cats and a green dog, 4 high and 6 wide."""
    for number in range(2):
        save(picture(RED), tmp_path / "photos" / "cat" / f"{number}.png")
    save(picture(GREEN), tmp_path / "photos" / "dog" / "0.png")
    return tmp_path / "photos"


def read(path, split="train"):
    with h5py.File(path) as h5file:
        rows = {row["split"].decode(): row for row in h5file.attrs["split"]}
        chosen = slice(rows[split]["start"], rows[split]["stop"])
        return h5file["features"][chosen], h5file["targets"][chosen]


def test_folders_of_classes_become_features_and_targets(photos, tmp_path):
    status = main(["image_folder", "photos", "-d", str(tmp_path), "-o", str(tmp_path)])

    features, targets = read(tmp_path / "photos.hdf5")
    assert status == 0
    assert features.shape == (3, 3, 4, 6)
    assert features.dtype == np.uint8
    np.testing.assert_array_equal(features[:2, 0], np.full((2, 4, 6), 250))
    np.testing.assert_array_equal(features[2, 1], np.full((4, 6), 250))
    np.testing.assert_array_equal(targets, [[0], [0], [1]])
    with h5py.File(tmp_path / "photos.hdf5") as h5file:
        assert json.loads(h5file["targets"].attrs["class_names"]) == ["cat", "dog"]
        assert [axis.label for axis in h5file["features"].dims] == [
            "batch",
            "channel",
            "height",
            "width",
        ]


def test_the_file_is_read_as_any_other(photos, tmp_path):
    main(["image_folder", str(photos), "-o", str(tmp_path)])

    dataset = H5PYDataset(tmp_path / "photos.hdf5", ("train",))

    features, targets = dataset.get_data(request=[2, 0])
    assert features[:, 1, 0, 0].tolist() == [250, 0]
    assert targets.tolist() == [[1], [0]]
    dataset.close(None)


def test_images_that_differ_in_size_become_a_ragged_source(photos, tmp_path):
    save(picture(GREEN, (3, 5)), photos / "dog" / "1.png")

    main(["image_folder", str(photos), "-o", str(tmp_path)])

    with h5py.File(tmp_path / "photos.hdf5") as h5file:
        features = h5file["features"]
        shapes = features.dims[0]["shapes"][...]
        labels = features.dims[0]["shape_labels"][...]
        last = features[3].reshape(shapes[3])
    assert shapes.tolist() == [[3, 4, 6], [3, 4, 6], [3, 4, 6], [3, 5, 3]]
    assert labels.tolist() == [b"channel", b"height", b"width"]
    np.testing.assert_array_equal(last[1], np.full((5, 3), 250))


@pytest.mark.parametrize(
    ("flags", "shape"),
    [
        (["--size", "2x3"], (3, 3, 2, 3)),
        (["--size", "8"], (3, 3, 8, 8)),
        (["--size", "2x3", "--fit", "stretch", "--color", "L"], (3, 1, 2, 3)),
    ],
)
def test_images_are_brought_to_one_size(photos, tmp_path, flags, shape):
    save(picture(RED, (3, 5)), photos / "cat" / "1.png")

    main(["image_folder", str(photos), "-o", str(tmp_path), *flags])

    assert read(tmp_path / "photos.hdf5")[0].shape == shape


def test_cropping_keeps_the_middle_and_the_proportions(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    save(Image.fromarray(wide), tmp_path / "p" / "x" / "0.png")

    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--size", "10x10"])
    cropped = read(tmp_path / "p.hdf5")[0]
    flags = ["--size", "10x10", "--fit", "stretch"]
    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), *flags])
    stretched = read(tmp_path / "p.hdf5")[0]

    np.testing.assert_array_equal(cropped, np.full((1, 3, 10, 10), 200))
    assert stretched[0, 0, 5, 0] == stretched[0, 0, 5, 9] == 0


def test_a_photograph_taken_sideways_stands_upright(tmp_path):
    sideways = picture(RED, (6, 4))
    exif = sideways.getexif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    (tmp_path / "p" / "x").mkdir(parents=True)
    sideways.save(tmp_path / "p" / "x" / "0.jpg", exif=exif)

    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path)])

    assert read(tmp_path / "p.hdf5")[0].shape == (1, 3, 6, 4)


def test_splits_may_be_folders(tmp_path):
    save(picture(RED), tmp_path / "p" / "train" / "cat" / "0.png")
    save(picture(GREEN), tmp_path / "p" / "test" / "dog" / "0.png")

    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--split-folders"])

    assert read(tmp_path / "p.hdf5", "train")[1].tolist() == [[0]]
    assert read(tmp_path / "p.hdf5", "test")[1].tolist() == [[1]]


def test_splits_may_be_drawn_and_the_seed_decides(tmp_path):
    for number in range(10):
        save(picture((number, 0, 0)), tmp_path / "p" / "x" / f"{number}.png")
    args = ["image_folder", str(tmp_path / "p"), "-o", str(tmp_path)]
    drawn = []

    for seed in ("1", "1", "2"):
        main([*args, "--fractions", "train=0.7,test=0.3", "--seed", seed])
        parts = [read(tmp_path / "p.hdf5", split)[0][:, 0, 0, 0] for split in ("train", "test")]
        drawn.append([part.tolist() for part in parts])

    assert [len(part) for part in drawn[0]] == [7, 3]
    assert sorted(drawn[0][0] + drawn[0][1]) == list(range(10))
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_does_as_well_as_a_folder(photos, tmp_path, kind):
    main(["image_folder", str(photos), "-o", str(tmp_path)])
    expected = read(tmp_path / "photos.hdf5")
    archive = tmp_path / f"packed.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in photos.rglob("*.png"):
                file.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(photos, "photos")

    main(["image_folder", str(archive), "-o", str(tmp_path)])

    for one, other in zip(expected, read(tmp_path / "packed.hdf5"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_origin_is_recorded_and_depends_on_the_images(photos, tmp_path):
    recorded = []
    for color in (RED, RED, GREEN):
        save(picture(color), photos / "cat" / "0.png")
        main(["image_folder", str(photos), "-o", str(tmp_path)])
        with h5py.File(tmp_path / "photos.hdf5") as h5file:
            recorded.append(json.loads(h5file.attrs["input_sha256"])["photos"])

    assert recorded[0] == recorded[1] != recorded[2]


def test_an_image_that_would_fill_the_memory_is_refused(photos, tmp_path, capsys):
    size = struct.pack(">2I5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    (photos / "dog" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))

    status = main(["image_folder", str(photos), "-o", str(tmp_path)])

    assert status == 2
    assert re.search("1.png is no image, .*decompression bomb", capsys.readouterr().err)


def test_what_systems_leave_in_folders_is_passed_over(photos, tmp_path):
    (photos / ".DS_Store").touch()
    (photos / "cat" / "Thumbs.db").touch()

    status = main(["image_folder", str(photos), "-o", str(tmp_path)])

    assert status == 0


def broken(photos, what):
    if what == "no image":
        (photos / "dog" / "notes.txt").write_text("not an image")
    elif what == "truncated":
        (photos / "dog" / "1.png").write_bytes(png(picture())[:40])
    elif what == "file among classes":
        save(picture(), photos / "0.png")
    elif what == "splits":
        save(picture(), photos / "cat" / "sub" / "0.png")
    elif what == "empty":
        for path in photos.rglob("*.png"):
            path.unlink()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no image", "dog/notes.txt is no image, or a damaged one"),
        ("truncated", "dog/1.png is no image, or a damaged one"),
        ("file among classes", "photos/0.png is a file where only folders are expected"),
        ("splits", "cat/sub is a folder where only images are expected; .* say --split-folders"),
        ("empty", "there is no image in the folders of"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(photos, tmp_path, capsys, what, message):
    broken(photos, what)
    (tmp_path / "out").mkdir()

    status = main(["image_folder", str(photos), "-o", str(tmp_path / "out")])

    said = capsys.readouterr().err
    assert status == 2
    assert re.search(message, said)
    assert "Traceback" not in said
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--size", "0"], "'0' is no size"),
        (["--fractions", "train=0.5"], "sum up to 0.5"),
        (["--fractions", "train=1,test"], "is not a split's own name and its part"),
        (["--fractions", "train=0.99,test=0.01"], "none is left for the split 'test'"),
        (
            ["--fractions", "train=1", "--split-folders"],
            "the splits are given by folders and by fractions: choose one",
        ),
    ],
)
def test_wrong_arguments_are_refused(photos, tmp_path, capsys, flags, message):
    status = main(["image_folder", str(photos), "-o", str(tmp_path), *flags])

    assert status == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"fit": "pad"}, "fit='pad' is none; choose crop or stretch"),
        ({"color": "CMYK"}, "color='CMYK' is none; choose RGB or L"),
    ],
)
def test_an_unknown_form_is_refused(photos, tmp_path, form, message):
    with pytest.raises(ValueError, match=message):
        convert_image_folder(tmp_path, tmp_path, folder="photos", **form)


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys):
    status = main(["image_folder", "none", "-d", str(tmp_path), "-o", str(tmp_path)])

    assert status == 2
    assert f"there is no folder or archive {tmp_path / 'none'}" in capsys.readouterr().err


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_image_is_read_or_refused_by_name(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("damaged")
    content = bytearray(png(Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (directory / "p" / "x").mkdir(parents=True)
    (directory / "p" / "x" / "0.png").write_bytes(content)

    try:
        convert_image_folder(directory, directory, folder="p")
    except ValueError as error:
        refused = str(error)
    else:
        refused = None

    if refused is None:
        assert sorted(os.listdir(directory)) == ["p", "p.hdf5"]
    else:
        assert "0.png is no image, or a damaged one" in refused
        assert os.listdir(directory) == ["p"]
